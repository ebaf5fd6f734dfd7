"""What is made of a Docker engine, or of none. That ours comes up, CI sees: it has no other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from images import engine

ROOT = Path(__file__).parents[2]


def _program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_client_is_one_that_can_build(tmp_path: Path) -> None:
    """The first that is there and does it with BuildKit, at the address that is asked for."""
    cannot = _program(tmp_path / "cannot", "exit 1")
    does = 'case "$*" in "build --quiet -") echo 7;; "image rm 7") ;; *) exit 2;; esac'
    can = _program(tmp_path / "can", f'test "$DOCKER_BUILDKIT $DOCKER_HOST" = "1 unix:///a" || exit 1; {does}')
    programs = [str(tmp_path / "absent"), cannot, can]
    assert engine.client("unix:///a", programs) == can
    assert engine.client("unix:///b", programs) is None


def _make(folder: Path, environment: dict[str, str]) -> str:
    """What `make image` has its client do, in a folder of its own."""
    environment = {**os.environ, **environment, "TOLD": str(folder / "told")}
    command = ["make", "-f", str(ROOT / "Makefile"), "image"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return (folder / "told").read_text("utf-8")


def test_make_builds_with_what_was_left_for_it(tmp_path: Path) -> None:
    """Engine, client, base and authority; an engine of the user's own wins over all of them."""
    ours = _program(tmp_path / "ours", 'echo "ours $DOCKER_HOST $@" > "$TOLD"')
    _program(tmp_path / "docker", 'echo "theirs $DOCKER_HOST $@" > "$TOLD"')
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    left = tmp_path / ".cache" / "engine" / "engine.mk"
    left.parent.mkdir(parents=True)
    left.write_text(engine.settings(ours, "base:1", {"PIP_CERT": "/ca.pem"}), "utf-8")
    for told in (_make(tmp_path, path), _make(tmp_path, path | {"DOCKER_HOST": engine.HOST})):
        assert told.startswith(f"ours {engine.HOST} build ")
        assert "--build-arg BASE=base:1 " in told
        assert "--secret id=ca,src=/ca.pem " in told
    told = _make(tmp_path, path | {"DOCKER_HOST": "tcp://elsewhere"})
    assert told.startswith("theirs tcp://elsewhere build ")
    assert "BASE=" not in told
