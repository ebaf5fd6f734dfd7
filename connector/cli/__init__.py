"""The command line: each command thin over the rooms. Exit codes: 0 clean, 1 failed while running, 2 bad usage or
configuration (DESIGN.md part 3)."""

from connector.cli.termination import end_on_sigterm


def main() -> None:
    """Run the command line; exits the process."""
    end_on_sigterm(128 + 15)  # what a shell shows for a process that the signal ended
    from connector.cli.app import app  # the slow imports come after it

    app()


__all__ = ["main"]
