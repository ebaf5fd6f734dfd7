"""Values made from files, made anew when the files change: mounted secrets, lists, tables.

For all rooms; imports nothing of ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from errno import EFBIG, EINVAL
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Generic, TypeAlias, TypeVar

LARGEST = 1024 * 1024
"""Bytes of a file that may hold a token, a key or certificates."""

T = TypeVar("T")

Make: TypeAlias = "Callable[[list[bytes]], T]"
Mark: TypeAlias = "tuple[int, ...]"


class Unusable(ValueError):
    """A file does not hold what it should. The message names the file and never what is in it."""


class Watched(Generic[T]):
    """What ``make`` makes of the content of ``paths``, and makes again when that has changed.

    A change is seen by the files' ``stat``, links followed: Kubernetes mounts a secret as a link into a directory, and
    changes the secret by pointing the link to another directory, in one step. While the files are unusable (gone, half
    written, a key that does not fit its certificate yet) the last good value stays in use.
    """

    def __init__(self, paths: Sequence[Path], make: Make[T], *, largest: int = LARGEST, patient: bool = False) -> None:
        """``make`` gets the contents in the order of ``paths``, of at most ``largest`` bytes each, and raises Unusable.

        ``patient`` is for what takes long to make: a change counts when two looks have found the same, for a file that
        is being written is not whole, and what could not be used is not tried again before it changes. Blocks for
        reading and making; raises Unusable when there is no value to begin with.
        """
        self._paths = paths
        self._make = make
        self._largest = largest
        self._patient = patient
        self._refused = ""
        self._marks = self._seen = self._marked()
        contents = self._contents()
        self._digest = _digest(contents)
        self._value = make(contents)

    @property
    def value(self) -> T:
        """The last good value."""
        return self._value

    def look(self, *, even_if_unchanged: bool = False) -> bool:
        """Say whether another value is in use from now on. Blocks: a ``stat`` of each file, and reading and making
        after a change (reading always, with ``even_if_unchanged``). Raises Unusable, as often as it is called, while
        the files are.
        """
        marks = self._marked()
        if marks == self._marks and not even_if_unchanged:
            if self._refused:
                raise Unusable(self._refused)
            return False
        if self._patient and marks != self._seen:
            self._seen = marks
            return False
        contents = self._contents()
        if self._patient and self._marked() != marks:
            return False
        changed = (digest := _digest(contents)) != self._digest
        if changed:
            try:
                self._value = self._make(contents)
            except Unusable as error:
                if self._patient:
                    self._marks, self._refused = marks, str(error)
                raise
        self._digest, self._marks, self._refused = digest, marks, ""
        return changed

    def _contents(self) -> list[bytes]:
        return [read_bounded(path, self._largest) for path in self._paths]

    def _marked(self) -> list[Mark]:
        return [mark_of(path) for path in self._paths]


def read_bounded(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a regular file of at most ``largest`` bytes. Raises Unusable.

    Blocks, but neither on a pipe nor on a device without end.
    """
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            raise IsADirectoryError(EINVAL, "this is a directory, not a file")
        if not S_ISREG(mode):
            raise OSError(EINVAL, "this is not a regular file")
        with path.open("rb") as file:
            content = file.read(largest + 1)
        if len(content) > largest:
            raise OSError(EFBIG, f"the file is larger than {largest:,} bytes")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise Unusable(f"{path}: {_reason(error)}") from None
    return content


def mark_of(path: Path) -> Mark:
    """What is another when a file has changed, links followed. Raises Unusable."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for each file once a second: half of what Path.stat takes
    except (OSError, ValueError) as error:
        raise Unusable(f"{path}: {_reason(error)}") from None
    # ctime too: there are tools that copy a file together with its mtime.
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _digest(contents: list[bytes]) -> bytes:
    return b"".join(sha256(content).digest() for content in contents)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "no permission to read this file"
    return (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else "this is not a path"
