"""Build contexts of the images in `testbed/images/`, as tar archives: `python -m testbed context kafka`.

They hold the same jars and the same Java that the test bed runs, so nothing is fetched while an image is built. Equal
files give equal archives, byte for byte.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from testbed.jars import java, kafka_classpath, registry_folder

FILES = Path(__file__).parent / "images"
NAMES = ("kafka", "registry")
_DATA = "data"


def write_context(name: str, target: BinaryIO) -> None:
    """Write the context of one of `NAMES` as a tar archive. Blocks; fetches what is missing. Raises FetchError."""
    own = FILES / name
    contents = {path.name: path for path in own.iterdir()}
    contents["java"] = java().parents[1]
    if name == "kafka":
        contents |= {f"lib/{jar.name}": jar for jar in kafka_classpath()}
        contents["log4j2.xml"] = Path(__file__).parent / "log4j2.xml"
    else:
        contents["registry"] = registry_folder()
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for inside, path in _files(contents):
            member = archive.gettarinfo(path, inside)
            member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            if member.isreg():
                with path.open("rb") as content:
                    archive.addfile(member, content)
            else:
                archive.addfile(member)
        if name == "kafka":  # empty, to be copied with the owner that may write to it
            folder = tarfile.TarInfo(_DATA)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)


def _files(contents: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Name in the archive and file, of the files given and of those in the folders given, sorted."""
    for name, path in sorted(contents.items()):
        yield name, path
        if path.is_dir():
            for inner in sorted(path.rglob("*")):
                yield f"{name}/{inner.relative_to(path)}", inner
