"""The command line: each command thin over the rooms. Exit codes: 0 clean, 1 failed while running, 2 bad usage or
configuration (DESIGN.md part 3)."""

import errno
import os
import sys

from connector.cli.termination import end_on_sigterm

_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT})


def main() -> None:
    """Run the command line; exits the process."""
    end_on_sigterm(128 + 15)  # what a shell shows for a process that the signal ended
    from connector.cli.app import app  # the slow imports come after it

    try:
        app()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        sys.stderr.write(f"lead-connector: cannot write: {error.strerror}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try once more at its end
        sys.exit(1)


__all__ = ["main"]
