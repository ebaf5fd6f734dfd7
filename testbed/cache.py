"""Where downloads are kept, and the lock that keeps parallel processes from fetching the same thing twice."""

import fcntl
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed.notice import say

PROJECT = "lead-connector"


def cache_folder() -> Path:
    """The folder for everything that is downloaded; it may not exist yet.

    `TESTBED_CACHE` if set; else `.cache/testbed` of the project that the working directory lies in; else the user's
    cache folder. Nothing is written anywhere else (Maven's own `~/.m2` is neither read nor filled).
    """
    if chosen := os.environ.get("TESTBED_CACHE"):
        return Path(chosen).expanduser().absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _is_project(folder):
            return folder / ".cache" / "testbed"
    users = os.environ.get("XDG_CACHE_HOME")
    return (Path(users) if users else Path.home() / ".cache") / PROJECT / "testbed"


def _is_project(folder: Path) -> bool:
    try:
        settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # no such file, or somebody else's that cannot be read: not ours
    project = settings.get("project")
    return isinstance(project, dict) and project.get("name") == PROJECT


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (created if need be) against other processes and threads.

    Blocks without limit, as a download may be slow; says so once on stderr. The lock goes with the process, so a
    crashed holder leaves nothing behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that holds {path.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # closing the file lets go of the lock
