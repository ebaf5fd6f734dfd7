"""Files that the configuration names: they must be there; secrets are read from them."""

from __future__ import annotations

from collections.abc import Iterator
from errno import EFBIG, EINVAL
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from connector.config.environment import variable
from connector.config.names import ReferencedFile
from connector.config.problems import Finding, KeyPath, quote
from connector.config.section import NotGiven, Section, is_map, keys_of, metadata_of

MAX_SECRET_BYTES = 1024 * 1024
MAX_FILE_BYTES = 16 * 1024 * 1024
"""Largest schema."""


class SecretFileError(Exception):
    """A secret cannot be read from its file. The message names the file and never what is in it."""


def read_secret(path: Path) -> str:
    """Return the content of a file that holds a secret, without the line break at its end. Blocks (disk).

    Raises SecretFileError when the file is missing, unreadable, empty, larger than 1 MiB, or not UTF-8.
    """
    try:
        content = _read(path, MAX_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SecretFileError(f"{path}: {_reason(error)}") from None
    if len(content) > MAX_SECRET_BYTES:
        raise SecretFileError(f"{path}: the file is larger than {MAX_SECRET_BYTES:,} bytes")
    try:
        secret = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        # Not chained: the decoder's exception carries the bytes.
        secret = None
    if secret is None:
        raise SecretFileError(f"{path}: the file is not UTF-8 text")
    if not secret.strip():
        raise SecretFileError(f"{path}: the file is empty")
    return secret


def read_text(path: Path) -> str:
    """Return the text of a file. Blocks (disk), but neither on a pipe nor on a device without end.

    Raises OSError for what is missing, unreadable, no regular file or larger than 16 MiB, and UnicodeDecodeError.
    """
    content = _read(path, MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise OSError(EFBIG, f"the file is larger than {MAX_FILE_BYTES:,} bytes")
    return content.decode("utf-8")


def missing_files(section: Section, base: Path, path: KeyPath = ()) -> Iterator[Finding]:
    """Yield a finding for every file named in the settings (which may be partial) that cannot be used. Blocks (disk).

    ``base`` is the directory that relative paths start from.
    """
    for key, field in keys_of(type(section)).items():
        try:
            value = getattr(section, _name(type(section), key))
        except NotGiven:
            continue
        marks = metadata_of(field, ReferencedFile) or ReferencedFile(secret=is_map(field.annotation))
        yield from _inside(value, marks, base, (*path, key))


def _inside(value: Any, mark: ReferencedFile, base: Path, path: KeyPath) -> Iterator[Finding]:
    if isinstance(value, Section):
        yield from missing_files(value, base, path)
    elif isinstance(value, Path):
        message = unusable(base / value, mark.secret)
        if message:
            hint = f"Relative paths start from the current directory, {base}" if not value.is_absolute() else ""
            if mark.secret and not _is_surely_a_path(value):
                # Someone may have put the secret itself here: not shown.
                yield Finding(path, message, "Give the path of a file with the secret, not the secret itself")
            else:
                hint = hint or (f"To check it elsewhere, name another file in {variable(path)}" if mark.secret else "")
                yield Finding(path, f"{quote(str(value))}: {message}", hint)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _inside(item, mark, base, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, mark, base, (*path, key))


def _is_surely_a_path(value: Path) -> bool:
    return value.is_absolute() and len(value.parts) > 2 and Path(*value.parts[:2]).is_dir()


def unusable(path: Path, secret: bool) -> str:
    """Say what keeps a file from being used, or nothing. ``secret``: it holds a secret. Blocks (disk)."""
    if secret:
        try:
            read_secret(path)
        except SecretFileError as error:
            return str(error).removeprefix(f"{path}: ")
        return ""
    try:
        return "" if _read(path, 1) else "the file is empty"
    except (OSError, ValueError) as error:
        return _reason(error)


def blocks(path: Path) -> bool:
    """Whether reading the path might never end: it is a pipe, a device or a socket. Blocks (disk), but not on these."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False  # whoever opens it will say so
    return not S_ISREG(mode) and not S_ISDIR(mode)


def _read(path: Path, limit: int) -> bytes:
    """Return at most ``limit`` bytes. Raises OSError or ValueError; does not wait for a pipe's other end."""
    mode = path.stat().st_mode
    if S_ISDIR(mode):
        raise IsADirectoryError
    if not S_ISREG(mode):
        raise OSError(EINVAL, "this is not a regular file")
    with path.open("rb") as file:
        return file.read(limit)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a directory, not a file"
    if isinstance(error, PermissionError):
        return "no permission to read this file"
    return (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else "this is not a path"


def _name(kind: type[Section], key: str) -> str:
    return next(name for name, field in kind.model_fields.items() if (field.alias or name) == key)
