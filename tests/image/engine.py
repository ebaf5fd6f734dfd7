"""The images under test, through Docker's own command line. All functions block."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DOCKER = os.environ.get("DOCKER", "docker")
TAG = os.environ.get("IMAGE_TAG", "dev")
CONNECTOR = f"lead-connector:{TAG}"
SANDBOX = f"lead-connector-sandbox:{TAG}"
BASE = os.environ.get("IMAGE_BASE") or "python:3.13-slim-trixie"
"""What they are built on; the default is the Dockerfile's."""
USER = 65532
SHELLS = ("sh", "ash", "bash", "dash", "busybox", "ksh", "zsh")
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host")
"""As strict as Kubernetes is asked to be, and no /tmp either. The host's network, to reach a Kafka on loopback."""


def docker(*arguments: str) -> str:
    """What a command prints; fails the test with all that it said when it fails."""
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


def inspect(image: str) -> dict[str, Any]:
    """What the engine knows of an image."""
    [found] = json.loads(docker("image", "inspect", image))
    return dict(found)


def layers(image: str) -> list[str]:
    """The digests of its layers' contents, the lowest first."""
    return list(inspect(image)["RootFS"]["Layers"])


def own_layers(image: str, folder: Path) -> Iterator[tarfile.TarFile]:
    """The layers above the base, opened one after another; ``folder`` is for the saved image."""
    ours, base = layers(image), layers(BASE)
    assert ours[: len(base)] == base, f"{image} is not built on {BASE}"
    saved = folder / "image.tar"
    docker("save", "--output", str(saved), image)
    with tarfile.open(saved) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        [description] = json.load(manifest)
        for name in description["Layers"][len(base) :]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                yield layer
    saved.unlink()


@contextmanager
def filesystem(image: str, folder: Path) -> Iterator[tarfile.TarFile]:
    """Everything that a container of it sees."""
    exported = folder / "filesystem.tar"
    container = docker("create", image).strip()
    try:
        docker("export", "--output", str(exported), container)
    finally:
        docker("rm", container)
    with tarfile.open(exported) as archive:
        yield archive
    exported.unlink()


def without_shells(paths: list[str]) -> list[str]:
    """Options that put what cannot be executed in the place of these shells."""
    return [f"--volume=/dev/null:/{path}" for path in paths]


def run(image: str, *arguments: str, options: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the image to its end."""
    command = [DOCKER, "run", "--rm", *HARDENED, *options, image, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
