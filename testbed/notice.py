"""What the test bed tells the person who waits: one line on stderr."""

import sys


def say(text: str) -> None:
    """Write one line to stderr, at once."""
    sys.stderr.write(f"testbed: {text}\n")
    sys.stderr.flush()
