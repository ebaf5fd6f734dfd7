"""The images, built by ``make image``, on a real engine. Only in ``make image-test``; nothing is skipped."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from testbed.broker import Broker
from tests.conftest import MakeTopic
from tests.image import engine
from tests.image.containers import ContainedConnector, contained_connector
from tests.integration.conftest import Bed


@pytest.fixture(scope="session", autouse=True)
def answering_engine() -> None:
    """Fails every test where no engine answers, or the images are not on it."""
    for command in (["version"], ["image", "inspect", engine.CONNECTOR, engine.SANDBOX, engine.BASE]):
        done = subprocess.run([engine.DOCKER, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"needs a Docker engine (DOCKER_HOST) and `make image`: {done.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def shells(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths of the shells that the base has, none of which a container may need."""
    with engine.filesystem(engine.CONNECTOR, tmp_path_factory.mktemp("shells")) as archive:
        programs = [Path(member.name) for member in archive if member.isreg()]
    return [str(path) for path in programs if path.parent.name == "bin" and path.name in engine.SHELLS]


@pytest.fixture
def bed(tmp_path: Path, kafka: Broker, make_topic: MakeTopic) -> Iterator[Bed]:
    """As for the connector as a process, in a folder that the container's user may read."""
    tmp_path.chmod(0o755)
    with ExitStack() as stack:
        yield Bed(tmp_path, kafka, make_topic(name="leads"), make_topic(1, name="dead"), make_topic, stack)


@pytest.fixture
def contained(bed: Bed, shells: list[str]) -> Iterator[ContainedConnector]:
    """The bed's connector in a container, not started yet."""
    with contained_connector(
        bed.folder,
        engine.without_shells(shells),
        bootstrap=bed.bootstrap,
        topics=[bed.topic],
        dead_letters=bed.dead,
        sandbox=bed.sandbox.url,
        changes={"schemas": {"reader": "schemas/lead_event.avsc"}},
    ) as connector:
        yield connector
