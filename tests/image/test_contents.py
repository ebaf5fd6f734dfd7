"""What is in the images: nothing too much, nothing secret, nothing that their user can change, and always the same."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import certifi
import pytest

import connector
from tests.image import engine
from tests.integration.bed import ROOT

pytestmark = pytest.mark.image
both = pytest.mark.parametrize("image", [engine.CONNECTOR, engine.SANDBOX])

MOST = 160_000_000
"""Bytes of our own layers, unpacked."""
COMPILERS = re.compile(r"bin/([^/]*-)?(gcc|g\+\+|cc|c\+\+|clang|clang\+\+|ld|as|tcc|make|rustc|go)(-[\d.]+)?$")
INSTALLERS = re.compile(r"(^|/)(pip\d?[\d.]*|setuptools|ensurepip|uv)(-[^/]*\.(dist-info|whl))?$|(^|/)\.cache(/|$)")
SECRET_NAMES = re.compile(r"(^|/)(\.env|\.netrc|\.git|\.npmrc|pip\.conf|id_(rsa|ed25519)|[^/]*\.(key|p12|pfx|jks))$")
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{30}"
    rb"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{50}|\bxox[abprs]-[0-9A-Za-z-]{20}"
    rb"|\bAIza[0-9A-Za-z_-]{35}\b|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|\bpypi-[\w-]{50}"
)
"""Private keys, and the tokens of which the form is known: AWS, GitHub, Slack, Google, JSON web tokens, PyPI."""
PUBLISHED = re.compile(r"/confluent_kafka\.libs/librdkafka[^/]*$|/joserfc-[\d.]+\.dist-info/METADATA$")
"""Files of packages with keys that are examples: librdkafka's tests of itself, which it carries, and a description."""


@both
def test_our_layers_are_small(image: str, tmp_path: Path) -> None:
    """At most 160 MB on top of the base."""
    sizes = [sum(member.size for member in layer) for layer in engine.own_layers(image, tmp_path)]
    print(f"{image}: {' + '.join(f'{size / 1e6:.1f}' for size in sizes)} = {sum(sizes) / 1e6:.1f} MB")  # noqa: T201
    assert sum(sizes) <= MOST


@both
def test_no_file_can_be_changed_by_its_user(image: str, tmp_path: Path) -> None:
    """In the whole file system, apart from folders for temporary files, which a read-only root closes."""
    writable = []
    with engine.filesystem(image, tmp_path) as archive:
        for member in archive:
            theirs = member.uid == engine.USER or (member.gid == engine.USER and member.mode & 0o020)
            temporary = member.isdir() and member.mode & 0o1000
            if (member.isreg() or member.isdir()) and (theirs or member.mode & 0o002) and not temporary:
                writable.append(member.name)
    assert writable == (["data"] if image == engine.SANDBOX else [])


@both
def test_nothing_of_ours_has_rights_of_its_own(image: str, tmp_path: Path) -> None:
    """All is root's, nothing runs as its owner, and nothing carries a time of the build."""
    times = set()
    for layer in engine.own_layers(image, tmp_path):
        for member in layer:
            if PurePosixPath(member.name) != PurePosixPath("data"):
                assert (member.uid, member.gid, member.mode & 0o6000) == (0, 0, 0), member.name
            if member.name.startswith("opt/lead-connector/"):
                times.add(member.mtime)
    assert len(times) == 1


@both
def test_no_compiler_is_there(image: str, tmp_path: Path) -> None:
    """In the base neither."""
    with engine.filesystem(image, tmp_path) as archive:
        assert [name for name in archive.getnames() if COMPILERS.search(name)] == []


@both
def test_nothing_installs_and_no_cache_is_left(image: str, tmp_path: Path) -> None:
    """In our layers; what the base has is the base's choice."""
    for layer in engine.own_layers(image, tmp_path):
        assert [name for name in layer.getnames() if INSTALLERS.search(name)] == []


def test_the_default_image_is_the_connector_alone(tmp_path: Path) -> None:
    """Sandbox and test bed are not in it; the schemas are, where it starts."""
    names = {member.name for layer in engine.own_layers(engine.CONNECTOR, tmp_path) for member in layer}
    packages = {PurePosixPath(name).name for name in names if PurePosixPath(name).parent.name == "site-packages"}
    assert "connector" in packages and not packages & {"sandbox", "testbed", "tests"}
    for schema in (ROOT / "schemas").rglob("*.avsc"):
        assert f"opt/lead-connector/{schema.relative_to(ROOT)}" in names


@both
def test_no_secret_is_in_a_layer(image: str, tmp_path: Path) -> None:
    """Nor in what was deleted by a later layer, nor in the history."""
    found = []
    for layer in engine.own_layers(image, tmp_path):
        for member in layer:
            content = layer.extractfile(member) if member.isreg() and not PUBLISHED.search(member.name) else None
            if SECRET_NAMES.search(member.name) or (content is not None and SECRETS.search(content.read())):
                found.append(member.name)
    assert found == []
    assert not SECRETS.search(engine.docker("history", "--no-trunc", image).encode())


@both
def test_its_description(image: str) -> None:
    """What it runs as, and the labels of the Open Container Initiative."""
    configuration = engine.inspect(image)["Config"]
    assert configuration["User"] == "65532:65532"
    assert configuration["Entrypoint"] == ["lead-connector"]
    assert configuration["WorkingDir"] == "/opt/lead-connector"
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in configuration["Labels"].items()}
    assert labels.keys() >= {"title", "description", "licenses", "version", "revision", "created", "source"}
    assert labels["title"] == image.partition(":")[0]
    assert labels["version"] == connector.__version__
    assert "unknown" not in (labels["revision"], labels["created"])


def test_built_again_it_is_the_same(tmp_path: Path) -> None:
    """Layer by layer, without a cache and with another secret, which is so in none of them."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(Path(os.environ.get("CA") or certifi.where()).read_bytes() + b"\n# another file\n")
    _make("image", "IMAGE_TAG=again", f"CA={authorities}", "BUILD_OPTIONS=--no-cache")
    again = [image.replace(f":{engine.TAG}", ":again") for image in (engine.CONNECTOR, engine.SANDBOX)]
    try:
        assert [engine.layers(image) for image in again] == [
            engine.layers(engine.CONNECTOR),
            engine.layers(engine.SANDBOX),
        ]
    finally:
        engine.docker("image", "rm", *again)


def _make(*arguments: str, limit: float = 540) -> None:
    command: Sequence[str] = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit)
    assert done.returncode == 0, done.stdout + done.stderr
