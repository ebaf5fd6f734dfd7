"""A bed for each test: topics, a sandbox and connectors of its own, all stopped in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from testbed.broker import Broker, Registry
from tests.conftest import MakeTopic
from tests.integration.bed import Connector, Sandbox


class Bed:
    """What a test of the whole connector needs."""

    def __init__(
        self, folder: Path, broker: Broker, topic: str, dead: str, make_topic: MakeTopic, stack: ExitStack
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.bootstrap = broker.bootstrap_servers
        self.topic = topic
        self.dead = dead
        self._make_topic = make_topic
        self._stack = stack
        self.sandbox = Sandbox(folder, hubs={"sales": "telephony", "support": "telephony"})
        stack.callback(self.sandbox.close)

    def new_topic(self, name: str, partitions: int = 6) -> str:
        """One more topic."""
        return self._make_topic(partitions, name=name)

    def require_token(self, token: str) -> None:
        """From here on the sandbox asks for this token (any token will do before)."""
        self.replace_sandbox(token=token)

    def replace_sandbox(self, **how: Any) -> None:
        """Another sandbox in the place of the bed's; ``how`` as in Sandbox."""
        self.sandbox.close()
        self.sandbox = Sandbox(self.folder, **how)
        self._stack.callback(self.sandbox.close)

    def connector(self, **how: Any) -> Connector:
        """A connector that reads the bed's topic, not started yet; ``how`` as in Connector."""
        made = Connector(
            self.folder,
            **{
                "bootstrap": self.bootstrap,
                "topics": [self.topic],
                "dead_letters": self.dead,
                "sandbox": self.sandbox.url,
                **how,
            },
        )
        self._stack.callback(made.kill)
        return made


@pytest.fixture
def bed(tmp_path: Path, kafka: Broker, make_topic: MakeTopic) -> Iterator[Bed]:
    """A bed with a topic of six partitions."""
    with ExitStack() as stack:
        yield Bed(tmp_path, kafka, make_topic(name="leads"), make_topic(1, name="dead"), make_topic, stack)


@pytest.fixture
def registry_url(registry: Registry) -> str:
    """The real schema registry's address."""
    return registry.url
