"""What hadolint says of what images are built from; needs no Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from helm import tools
from helm.checks.render import run

DOCKERFILES = [tools.ROOT / "Dockerfile", *sorted((tools.ROOT / "testbed" / "images").rglob("Dockerfile"))]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(tools.ROOT)))
def test_hadolint_has_nothing_to_say(path: Path) -> None:
    """Not even of style."""
    run(tools.hadolint(), "--failure-threshold", "style", path)
