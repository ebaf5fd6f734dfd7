"""Which Kafka and which registry: running ones first, then Docker, then jars."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from testbed import containers, provision
from testbed.broker import Broker, Registry, RunningKafka, RunningRegistry
from testbed.engine import ImageUnavailableError, LocalDocker

_JARS_KAFKA = RunningKafka("jars:9092")
_JARS_REGISTRY = RunningRegistry("http://jars/apis/ccompat/v7")


@dataclass
class FakeDocker:
    """An engine that is there or not, and can pull or not."""

    there: bool = True
    pulls: bool = True
    asked: list[str] = field(default_factory=list)

    def answers(self) -> bool:
        return self.there

    def kafka(self, image: str) -> AbstractContextManager[Broker]:
        self._pull(image)
        return nullcontext(RunningKafka(image))

    def registry(self, image: str) -> AbstractContextManager[Registry]:
        self._pull(image)
        return nullcontext(RunningRegistry(image))

    def _pull(self, image: str) -> None:
        self.asked.append(image)
        if not self.pulls:
            raise ImageUnavailableError(f"cannot pull {image}: offline")


def _kafka(docker: FakeDocker, **environ: str) -> str:
    with provision.kafka(environ=environ, docker=docker, jars=lambda: nullcontext(_JARS_KAFKA)) as broker:
        return broker.bootstrap_servers


def _registry(docker: FakeDocker, **environ: str) -> str:
    with provision.registry(environ=environ, docker=docker, jars=lambda: nullcontext(_JARS_REGISTRY)) as found:
        return found.url


def test_a_running_broker_is_taken(kafka: Broker) -> None:
    """KAFKA_BOOTSTRAP_SERVERS comes before Docker."""
    docker = FakeDocker()
    assert _kafka(docker, KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers) == kafka.bootstrap_servers
    assert docker.asked == []


def test_a_running_registry_is_taken() -> None:
    """SCHEMA_REGISTRY_URL comes before Docker; a slash at its end does not matter."""
    docker = FakeDocker()
    assert _registry(docker, SCHEMA_REGISTRY_URL="http://some:8081/") == "http://some:8081"
    assert docker.asked == []


def test_docker_is_taken_when_it_answers() -> None:
    """The default images are those of the versions that the jars have."""
    assert _kafka(FakeDocker()) == "apache/kafka:4.3.0"
    assert _registry(FakeDocker()) == "apicurio/apicurio-registry:3.3.3"


def test_images_can_be_chosen() -> None:
    """KAFKA_IMAGE and REGISTRY_IMAGE override."""
    assert _kafka(FakeDocker(), KAFKA_IMAGE="mine/kafka:1") == "mine/kafka:1"
    assert _registry(FakeDocker(), REGISTRY_IMAGE="mine/registry:1") == "mine/registry:1"


def test_jars_when_there_is_no_docker() -> None:
    """Without an engine it is the jars."""
    docker = FakeDocker(there=False)
    assert _kafka(docker) == _JARS_KAFKA.bootstrap_servers
    assert _registry(docker) == _JARS_REGISTRY.url
    assert docker.asked == []


def test_jars_when_the_image_cannot_be_pulled(capsys: pytest.CaptureFixture[str]) -> None:
    """An engine without a way to the images falls back, and says why."""
    docker = FakeDocker(pulls=False)
    assert _kafka(docker) == _JARS_KAFKA.bootstrap_servers
    assert _registry(docker) == _JARS_REGISTRY.url
    assert "cannot pull apache/kafka:4.3.0: offline; from jars instead" in capsys.readouterr().err


@pytest.mark.parametrize("docker", [FakeDocker(pulls=False), FakeDocker(there=False)])
def test_a_chosen_image_must_be_had(docker: FakeDocker) -> None:
    """Who names an image does not want something else silently."""
    with pytest.raises(ImageUnavailableError, match="mine/kafka:1"):
        _kafka(docker, KAFKA_IMAGE="mine/kafka:1")
    with pytest.raises(ImageUnavailableError, match="mine/registry:1"):
        _registry(docker, REGISTRY_IMAGE="mine/registry:1")


@dataclass
class Engine:
    """A Docker engine's API on loopback that has one image and cannot pull others."""

    images: set[str] = field(default_factory=set)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The environment points Docker's client at the engine."""
    engine = Engine()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/version"):
                self._answer(200, {"ApiVersion": "1.45", "Version": "26"})
            elif self.path.endswith("/_ping"):
                self._answer(200, "OK")
            elif any(self.path.endswith(f"/images/{image}/json") for image in engine.images):
                self._answer(200, {"Id": "sha256:1"})
            else:
                self._answer(404, {"message": "No such image"})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(404, {"message": "the network is unreachable"})

        def _answer(self, status: int, content: object) -> None:
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield engine
        server.shutdown()
        thread.join()


def test_an_engine_that_answers_is_found(engine: Engine) -> None:
    """The probe asks the engine that the environment names."""
    assert LocalDocker().answers()


def test_no_engine_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens the answer is no, without a warning or an exception."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert not LocalDocker().answers()


def test_an_image_that_cannot_be_pulled_is_told(engine: Engine) -> None:
    """The error names the image and the engine's reason, before anything is started."""
    with pytest.raises(ImageUnavailableError, match=r"mine/kafka:1.*unreachable"):
        LocalDocker().kafka("mine/kafka:1")


def test_an_image_that_is_there_is_not_pulled(engine: Engine) -> None:
    """Without a network a local image is enough."""
    engine.images = {"mine/kafka:1", "mine/registry:1"}
    LocalDocker().kafka("mine/kafka:1")
    LocalDocker().registry("mine/registry:1")


def test_the_container_is_a_broker_for_tests(engine: Engine) -> None:
    """It gets the same test properties as the jars, one published port, and waits for its address."""
    container = containers.kafka_container("mine/kafka:1")
    try:
        assert container.env["KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS"] == "1000"
        assert container.env["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
        assert list(container.ports) == ["9092"]
    finally:
        container.stop()
    assert "PLAINTEXT://some.host:32768,BROKER://localhost:9093" in containers.start_script("some.host:32768")
