"""Containers in the foreground, as processes that can be watched and stopped."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from testbed.process import Process
from tests.image import engine
from tests.integration.bed import Connector


@contextmanager
def container(image: str, *arguments: str, options: list[str], log: Path) -> Iterator[Process]:
    """``docker run``, not started yet: it hands SIGTERM on and ends with the container's exit code. Removed at the end,
    also when its command line was killed."""
    name = f"image-test-{uuid4().hex[:8]}"
    command = [engine.DOCKER, "run", "--rm", "--name", name, *engine.HARDENED, *options, image, *arguments]
    process = Process(f"{image} in a container", command, log)
    try:
        yield process
    finally:
        process.stop()
        subprocess.run([engine.DOCKER, "rm", "--force", name], capture_output=True, check=False)


class ContainedConnector(Connector):
    """The connector in a container, with the methods of the one that is a process."""

    options: list[str]
    """Those of ``docker run`` beside the strict ones."""


@contextmanager
def contained_connector(folder: Path, options: list[str], **how: Any) -> Iterator[ContainedConnector]:
    """``how`` as in Connector; the folder is in the container where it is here. Not started yet."""
    connector = ContainedConnector(folder, **how)
    connector.options = [*options, f"--volume={folder}:{folder}:ro"]
    arguments = ("run", "-c", str(connector.file))
    log = folder / "container.log"
    with container(engine.CONNECTOR, *arguments, options=connector.options, log=log) as connector.process:
        yield connector
