"""Downloads are whole and checked, or are not there at all."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from testbed.progress import reporting
from testbed.repository import FetchError, NotPublishedError, Repository, central_mirror

_PATH = "/org/example/thing/1.0/thing-1.0.jar"
_BODY = b"classes" * 1000


@dataclass
class Remote:
    """A repository on loopback: path to body; what it promises beyond its body's length; the paths asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing_bytes: int = 0
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET."""
        self.asked.append(request.path)
        body = self.files.get(request.path)
        request.send_response(404 if body is None else 200)
        request.send_header("Content-Length", str(len(body or b"") + self.missing_bytes))
        request.end_headers()
        request.wfile.write(body or b"")


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A repository that serves one jar with its checksum."""
    remote = Remote({_PATH: _BODY, f"{_PATH}.sha1": hashlib.sha1(_BODY, usedforsecurity=False).hexdigest().encode()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class's name
            remote.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        remote.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield remote
        server.shutdown()
        thread.join()


def _settings(folder: Path, port: int) -> Path:
    file = folder / "settings.xml"
    file.write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>'
        "<mirror><mirrorOf>other</mirrorOf><url>http://127.0.0.1:1</url></mirror>"
        f"<mirror><mirrorOf>central</mirrorOf><url>http://127.0.0.1:{port}/</url></mirror>"
        "</mirrors></settings>",
        encoding="utf-8",
    )
    return file


def _fetch(remote: Remote, folder: Path) -> Path:
    with reporting("a thing") as reporter:
        repository = Repository(folder / "cache", reporter, settings=_settings(folder, remote.port))
        return repository.file("org.example", "thing", "1.0", classifier="", packaging="jar")


def test_a_file_comes_from_the_mirror_once(remote: Remote, tmp_path: Path) -> None:
    """The user's mirror of Maven Central is used, and the second time nothing is asked."""
    file = _fetch(remote, tmp_path)
    assert file.read_bytes() == _BODY
    assert file.is_relative_to(tmp_path / "cache")
    before = list(remote.asked)
    assert _fetch(remote, tmp_path) == file
    assert remote.asked == before


def test_a_wrong_checksum_is_an_error(remote: Remote, tmp_path: Path) -> None:
    """A file that is not what was published is not kept."""
    remote.files[_PATH] += b"!"
    with pytest.raises(FetchError, match="SHA-1"):
        _fetch(remote, tmp_path)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_half_a_file_is_an_error(remote: Remote, tmp_path: Path) -> None:
    """A connection that breaks leaves nothing that could be taken for the file."""
    remote.missing_bytes = 1
    with pytest.raises(FetchError, match="cannot fetch"):
        _fetch(remote, tmp_path)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_an_unknown_file_is_told_at_once(remote: Remote, tmp_path: Path) -> None:
    """What nobody publishes is asked for once, and the error names it."""
    remote.files.clear()
    with pytest.raises(NotPublishedError, match="thing"):
        _fetch(remote, tmp_path)
    assert remote.asked == [_PATH]


@pytest.mark.parametrize(
    ("of", "mirrored"),
    [("central", True), ("*", True), ("external:*", True), ("a, central", True), ("*,!central", False), ("x", False)],
)
def test_which_mirrors_count(tmp_path: Path, of: str, mirrored: bool) -> None:
    """`mirrorOf` is read as Maven reads it, as far as Central is concerned."""
    file = tmp_path / "settings.xml"
    mirror = f"<mirror><mirrorOf>{of}</mirrorOf><url>http://127.0.0.1:1/m</url></mirror>"
    file.write_text(f"<settings><mirrors>{mirror}</mirrors></settings>", encoding="utf-8")
    assert central_mirror(file) == ("http://127.0.0.1:1/m" if mirrored else None)


def test_settings_may_be_absent_but_not_broken(tmp_path: Path) -> None:
    """No file is no mirror; a file that cannot be read is told."""
    file = tmp_path / "settings.xml"
    assert central_mirror(file) is None
    file.write_text("<settings>", encoding="utf-8")
    with pytest.raises(FetchError, match="not XML"):
        central_mirror(file)
