"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.harness import Client, serving


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A sandbox with its default hubs and nothing in it."""
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One sandbox with its default hubs for a module's tests that only look at answers."""
    with serving(tmp_path_factory.mktemp("shared")) as found:
        yield found
