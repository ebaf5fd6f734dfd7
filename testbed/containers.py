"""Kafka and the registry in containers, by testcontainers. Imported only once Docker may be there."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import docker.errors  # type: ignore[import-untyped]
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from testbed import topics
from testbed.broker import Broker, Registry, RunningKafka, RunningRegistry
from testbed.engine import ImageUnavailableError
from testbed.registry import API_PATH, answers
from testbed.settings import quick_properties
from testbed.waiting import until

_PROBE = 10  # seconds
_START_LIMIT = 300.0  # seconds
_CLIENTS, _BROKERS, _CONTROLLER, _REGISTRY = 9092, 9093, 9094, 8080
_SCRIPT = "/tmp/testbed-start.sh"  # noqa: S108 (inside the container)


def engine_answers() -> bool:
    """Whether a Docker engine answers; blocks up to ten seconds."""
    with warnings.catch_warnings():
        # The client leaves its socket open when nobody answers, and Python complains when it collects it.
        warnings.simplefilter("ignore", ResourceWarning)
        answer = _pinged()
        gc.collect()
    return answer


def _pinged() -> bool:
    try:
        client = DockerClient(timeout=_PROBE).client
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    except docker.errors.DockerException:
        return False
    finally:
        client.close()


def kafka_in_docker(image: str) -> AbstractContextManager[Broker]:
    """One node of `image` (Apache's, or Confluent's in KRaft mode), started when entered.

    Pulls at once if need be. Raises ImageUnavailableError.
    """
    _ensure(image)
    return _kafka(kafka_container(image))


def registry_in_docker(image: str) -> AbstractContextManager[Registry]:
    """A registry of `image` (Apicurio 3), started when entered. Pulls at once. Raises ImageUnavailableError."""
    _ensure(image)
    return _registry(DockerContainer(image).with_exposed_ports(_REGISTRY))


def kafka_container(image: str) -> DockerContainer:
    """The container, not started. It waits for a script that tells it the address it is reached at from outside."""
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@localhost:{_CONTROLLER}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"PLAINTEXT://:{_CLIENTS},BROKER://:{_BROKERS},CONTROLLER://:{_CONTROLLER}",
        **quick_properties(1),
    }
    environ = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
    waiting = f"while [ ! -f {_SCRIPT} ]; do sleep 0.1; done; exec sh {_SCRIPT}"
    return (
        DockerContainer(image)
        .with_envs(CLUSTER_ID="dGVzdGJlZC10ZXN0YmVkLQ", **environ)
        .with_exposed_ports(_CLIENTS)
        .with_kwargs(entrypoint=["sh", "-c", waiting])
    )


def start_script(advertised: str) -> str:
    """What the Kafka container runs once its clients' address is known: the image's own start, whichever it has."""
    return (
        f"export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://{advertised},BROKER://localhost:{_BROKERS}\n"
        "if [ -e /etc/kafka/docker/run ]; then exec /etc/kafka/docker/run; fi\n"
        "exec /etc/confluent/docker/run\n"
    )


@contextmanager
def _kafka(container: DockerContainer) -> Iterator[Broker]:
    with container:
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(_CLIENTS)}"
        container.copy_into_container(start_script(address).encode(), _SCRIPT, 0o755)
        admin = topics.admin_client(address)
        until(
            lambda: topics.serving(admin),
            limit=_START_LIMIT,
            what=f"Kafka in a container at {address}",
            details=lambda: _logs(container),
        )
        yield RunningKafka(address)


@contextmanager
def _registry(container: DockerContainer) -> Iterator[Registry]:
    with container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(_REGISTRY)
        until(
            lambda: answers(host, port),
            limit=_START_LIMIT,
            what=f"the registry in a container at {host}:{port}",
            details=lambda: _logs(container),
        )
        yield RunningRegistry(f"http://{host}:{port}{API_PATH}")


def _ensure(image: str) -> None:
    """Have `image`, and the helper that removes containers of a crashed process, on the engine."""
    wanted = [testcontainers_config.hub_image_name_prefix + image]
    if not testcontainers_config.ryuk_disabled:
        wanted.append(testcontainers_config.ryuk_image)
    client = DockerClient().client
    try:
        for name in wanted:
            try:
                client.images.get(name)
            except docker.errors.ImageNotFound:
                client.images.pull(name)
    except docker.errors.DockerException as error:
        helper = name == testcontainers_config.ryuk_image
        way_out = "; TESTCONTAINERS_RYUK_DISABLED=true does without it, and leaves the containers of a crashed process"
        raise ImageUnavailableError(f"cannot pull {name}: {error}{way_out if helper else ''}") from error
    finally:
        client.close()


def _logs(container: DockerContainer) -> str:
    return b"\n".join(container.get_logs()).decode(errors="replace")[-4000:]
