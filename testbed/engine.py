"""A Docker engine, as far as the test bed needs one."""

from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Protocol

from testbed.broker import Broker, Registry


class ImageUnavailableError(RuntimeError):
    """Docker answers, and an image is neither there nor can it be pulled; the message says why."""


class Docker(Protocol):
    """What the choice between Docker and jars asks; replaced in tests."""

    def answers(self) -> bool:
        """Whether an engine is there; blocks some seconds at most, raises nothing."""

    def kafka(self, image: str) -> AbstractContextManager[Broker]:
        """Pull `image` if need be; the result starts it when entered. Raises ImageUnavailableError."""

    def registry(self, image: str) -> AbstractContextManager[Registry]:
        """Pull `image` if need be; the result starts it when entered. Raises ImageUnavailableError."""


class LocalDocker:
    """The engine that the Docker command line would use, by testcontainers; absent when that is not installed."""

    def answers(self) -> bool:
        """See Docker."""
        if find_spec("testcontainers") is None:
            return False
        from testbed import containers

        return containers.engine_answers()

    def kafka(self, image: str) -> AbstractContextManager[Broker]:
        """See Docker."""
        from testbed import containers

        return containers.kafka_in_docker(image)

    def registry(self, image: str) -> AbstractContextManager[Registry]:
        """See Docker."""
        from testbed import containers

        return containers.registry_in_docker(image)
