"""The command line: each command thin over the rooms. Exit codes: 0 clean, 1 failed while running, 2 bad usage or
configuration (DESIGN.md part 3)."""

from connector.cli.app import main

__all__ = ["main"]
