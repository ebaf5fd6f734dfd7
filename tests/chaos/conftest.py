"""Cases of the fault matrix, each with topics, an API and connectors of its own on a real broker.

Those marked ``chaos`` run only in ``make chaos``: they take long, or need chance for the moment of their fault.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest

from testbed.broker import Broker
from tests.chaos.bed import Case


class MakeCase(Protocol):
    """Makes a case on the shared broker, or on ``broker``."""

    def __call__(self, name: str, protocol: str = "classic", *, broker: Broker | None = None, **how: Any) -> Case:
        """``how`` as in Case; enter it."""


@pytest.fixture
def make_case(tmp_path: Path, request: pytest.FixtureRequest) -> MakeCase:
    """Cases in the test's own folder."""

    def make(name: str, protocol: str = "classic", *, broker: Broker | None = None, **how: Any) -> Case:
        return Case(tmp_path, broker or request.getfixturevalue("kafka"), name, protocol, **how)

    return make
