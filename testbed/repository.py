"""Files from Maven repositories by jgo, made safe: whole, checked and never half-done."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import requests
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.util import http

from testbed.progress import Reporter

_TIMEOUT = 60  # seconds without a byte
_ATTEMPTS = 4
_PARALLEL_DOWNLOADS = 4
_CHUNK = 256 * 1024


class FetchError(RuntimeError):
    """A file could not be brought from the repository; the message says which and why."""


class NotPublishedError(FetchError):
    """No repository has this file: trying again is of no use."""


class Repository:
    """Maven repositories, seen through a cache folder."""

    def __init__(self, cache: Path, reporter: Reporter, *, settings: Path | None = None) -> None:
        """Files are kept in the folder `cache` and nowhere else; `reporter` is told of every download.

        `settings` are Maven's, the user's own by default. Raises FetchError when they cannot be read.
        """
        self._files = _WholeFiles(reporter)
        mirror = central_mirror(settings or Path.home() / ".m2" / "settings.xml")
        self._maven = MavenContext(
            resolver=self._files,
            repo_cache=cache,
            local_repos=[],
            remote_repos={"central": mirror} if mirror else None,
            timeout=_TIMEOUT,
        )

    def file(self, group: str, artifact: str, version: str, *, classifier: str, packaging: str) -> Path:
        """One file of a published component; blocks. Raises FetchError."""
        component = self._maven.project(group, artifact).at_version(version)
        return Path(component.artifact(classifier, packaging).resolve())

    def jars(self, coordinates: Sequence[str], *, without: Sequence[tuple[str, str]]) -> list[Path]:
        """The jars of `coordinates` and of all they depend on at run time, in class-path order.

        `without` are (group, artifact) pairs that are left out with their own dependencies. Blocks. Raises FetchError.
        """
        excluded = [self._maven.project(group, artifact) for group, artifact in without]
        wanted = [self._maven.create_dependency(coordinate, excluded) for coordinate in coordinates]
        inputs, transitive = self._files.resolve(wanted)
        if self._files.failures:
            # jgo leaves out what a POM that cannot be fetched depends on, and says nothing.
            raise self._files.failures[0]
        artifacts = [dependency.artifact for dependency in (*inputs, *transitive)]
        with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            return list(pool.map(lambda artifact: Path(artifact.resolve()), artifacts))


def central_mirror(settings: Path) -> str | None:
    """The mirror of Maven Central that the user's Maven `settings` name, or None.

    jgo itself reads no Maven settings. Proxies come from the usual environment variables. Raises FetchError when the
    file is there and is not XML.
    """
    if not settings.exists():
        return None
    try:
        root = ElementTree.parse(settings).getroot()  # noqa: S314 (the user's own file)
    except ElementTree.ParseError as error:
        raise FetchError(f"{settings} is not XML: {error}") from error
    for mirror in root.findall("{*}mirrors/{*}mirror"):
        of = {name.strip() for name in mirror.findtext("{*}mirrorOf", "").split(",")}
        url = mirror.findtext("{*}url", "").strip()
        if url and "!central" not in of and of & {"central", "*", "external:*"}:
            return url.rstrip("/")
    return None


class _WholeFiles(PythonResolver):
    """jgo writes a download in place and only warns when the checksum differs; this one does neither."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.failures: list[FetchError] = []
        self._reporter = reporter

    def download(self, artifact: Artifact) -> Path:
        """Fetch one file from the first repository that has it; blocks. Raises FetchError, and keeps it."""
        try:
            return self._download(artifact)
        except FetchError as error:
            self.failures.append(error)
            raise

    def _download(self, artifact: Artifact) -> Path:
        goal = artifact.cached_path
        if goal is None:
            raise FetchError(f"{artifact}: the context has no cache folder")
        goal.parent.mkdir(parents=True, exist_ok=True)
        tried = []
        for repository in artifact.context.remote_repos.values():
            url = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
            try:
                _retried(partial(self._fetch, url, goal))
            except NotPublishedError as error:
                tried.append(str(error))
            else:
                return goal
        raise NotPublishedError(f"cannot fetch {artifact}: " + "; ".join(tried))

    def _fetch(self, url: str, goal: Path) -> None:
        part = goal.with_name(f"{goal.name}.{os.getpid()}.part")
        try:
            actual = self._stream(url, part)
            expected = _published_sha1(url)
            if expected and actual != expected:
                raise FetchError(f"{url}: SHA-1 is {actual}, published is {expected}")
            part.replace(goal)
        except requests.RequestException as error:
            raise FetchError(f"cannot fetch {url}: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def _stream(self, url: str, part: Path) -> str:
        """Write the body of `url` to `part`; return its SHA-1 in hexadecimal."""
        sha1 = hashlib.sha1(usedforsecurity=False)
        with http.get(url, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == requests.codes.not_found:
                raise NotPublishedError(f"{url}: not there")
            if response.status_code != requests.codes.ok:
                raise FetchError(f"{url}: HTTP {response.status_code}")
            self._reporter.expect(int(response.headers.get("content-length", 0)))
            with part.open("wb") as file:
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    sha1.update(chunk)
                    self._reporter.advance(len(chunk))
        return sha1.hexdigest()


def _published_sha1(url: str) -> str | None:
    """The checksum that lies beside `url`; None where the repository has none."""
    with http.get(f"{url}.sha1", timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.not_found:
            return None
        if response.status_code != requests.codes.ok:
            raise FetchError(f"{url}.sha1: HTTP {response.status_code}")
        words = response.text.split()  # bare, or followed by the file's name
        return words[0].lower() if words else None


def _retried(action: Callable[[], None]) -> None:
    """Networks hiccup and a first fetch is some 150 files: try again, with growing pauses."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return action()
        except NotPublishedError:
            raise
        except FetchError:
            time.sleep(attempt)
    return action()
