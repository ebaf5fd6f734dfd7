"""Where Kafka and the registry come from: what already runs, else Docker, else jars. The same choice for both."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from testbed import topics
from testbed.broker import Broker, Registry, RunningKafka, RunningRegistry
from testbed.engine import Docker, ImageUnavailableError, LocalDocker
from testbed.jars import KAFKA_VERSION, REGISTRY_VERSION
from testbed.kafka import KafkaCluster
from testbed.notice import say
from testbed.registry import SchemaRegistry
from testbed.waiting import until

T = TypeVar("T")

_EXTERNAL_LIMIT = 60.0  # seconds for a broker that is said to run to answer


@contextmanager
def kafka(
    *,
    environ: Mapping[str, str] = os.environ,
    docker: Docker | None = None,
    jars: Callable[[], AbstractContextManager[Broker]] = KafkaCluster,
) -> Iterator[Broker]:
    """A Kafka broker for as long as the block runs; says on stderr which.

    `KAFKA_BOOTSTRAP_SERVERS` in `environ` names one that runs already; `KAFKA_IMAGE` an image, which must then be
    had. Blocks until it serves. Raises TimeoutError, ImageUnavailableError, FetchError, ProcessDiedError.
    """
    engine = docker or LocalDocker()
    if address := environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        say(f"Kafka: {address} (KAFKA_BOOTSTRAP_SERVERS)")
        admin = topics.admin_client(address)
        until(lambda: topics.serving(admin), limit=_EXTERNAL_LIMIT, what=f"Kafka at {address}")
        yield RunningKafka(address)
        return
    image = environ.get("KAFKA_IMAGE")
    default = f"apache/kafka:{KAFKA_VERSION}"
    with _own("Kafka", engine, engine.kafka, image, default, jars) as broker:
        say(f"Kafka: ready at {broker.bootstrap_servers}")
        yield broker


@contextmanager
def registry(
    *,
    environ: Mapping[str, str] = os.environ,
    docker: Docker | None = None,
    jars: Callable[[], AbstractContextManager[Registry]] = SchemaRegistry,
) -> Iterator[Registry]:
    """A schema registry for as long as the block runs; says on stderr which.

    `SCHEMA_REGISTRY_URL` in `environ` names one that runs already (it is not asked whether it does); `REGISTRY_IMAGE`
    an image, which must then be had. Blocks until it answers. Raises TimeoutError, ImageUnavailableError, FetchError,
    ProcessDiedError.
    """
    engine = docker or LocalDocker()
    if url := environ.get("SCHEMA_REGISTRY_URL"):
        say(f"schema registry: {url} (SCHEMA_REGISTRY_URL)")
        yield RunningRegistry(url.rstrip("/"))
        return
    image = environ.get("REGISTRY_IMAGE")
    default = f"apicurio/apicurio-registry:{REGISTRY_VERSION}"
    with _own("schema registry", engine, engine.registry, image, default, jars) as found:
        say(f"schema registry: ready at {found.url}")
        yield found


def _own(
    what: str,
    engine: Docker,
    container: Callable[[str], AbstractContextManager[T]],
    image: str | None,
    default_image: str,
    jars: Callable[[], AbstractContextManager[T]],
) -> AbstractContextManager[T]:
    """One that we start ourselves, in a container or from jars; not started yet.

    `image` is the user's own choice or None. Raises ImageUnavailableError only for the user's own.
    """
    if not engine.answers():
        if image:
            raise ImageUnavailableError(f"{what}: {image} is asked for, and no Docker engine answers")
        say(f"{what}: from jars")
        return jars()
    try:
        chosen = container(image or default_image)
    except ImageUnavailableError as error:
        if image:
            raise
        say(f"{what}: {error}; from jars instead")
        return jars()
    say(f"{what}: {image or default_image} in Docker")
    return chosen
