"""Everything that the demo runs on: broker, registry, sandbox, and the connector as a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.demo import kafka
from connector.demo.configuration import HUBS, TOKEN, Places, write_configuration
from connector.demo.kafka import BrokerError, Cluster
from connector.demo.options import Broker, Options
from connector.demo.program import ConnectorProgram
from connector.demo.registry import RegistryServer
from sandbox.ledger import LedgerError
from sandbox.server import SandboxServer, SandboxSettings
from testbed.ports import free_ports
from testbed.process import ProcessDiedError

LOG = "connector.log"
"""The file of the connector's log."""
_USUAL_PORT = 8090


class StageError(Exception):
    """Something cannot be started; the message says what, why, and where there is one the way out."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, ready for leads."""

    cluster: Cluster
    registry_url: str
    sandbox_url: str
    connector: ConnectorProgram
    configuration: Path
    log: Path


@contextmanager
def stage(options: Options, folder: Path, say: Callable[[str], None]) -> Iterator[Stage]:
    """Everything started, for as long as the block runs; ``folder`` takes the files. Blocks. Raises StageError."""
    with ExitStack() as running:
        try:
            cluster = running.enter_context(_broker(options.broker, say))
        except BrokerError as error:
            raise StageError(str(error)) from error
        say(f"broker         {cluster.name}, {cluster.bootstrap_servers}")
        registry = running.enter_context(RegistryServer())
        say(f"registry       {registry.url}")
        sandbox = running.enter_context(_sandbox(options, folder / "sandbox"))
        say(f"sandbox        {sandbox.url}")
        listen = f"127.0.0.1:{free_ports(1)[0]}"
        configuration = write_configuration(
            folder,
            Places(
                bootstrap_servers=cluster.bootstrap_servers,
                topic=cluster.topic,
                dead_letters=cluster.dead_letters,
                group=cluster.group,
                embedded=options.broker is Broker.EMBEDDED,
                registry=registry.url,
                sandbox=sandbox.url,
                listen=listen,
            ),
        )
        say(f"configuration  {configuration}")
        log = folder / LOG
        connector = ConnectorProgram(configuration, log, f"http://{listen}")
        running.callback(connector.kill)
        try:
            connector.start()
            say(f"connector      {connector.url}, process {connector.pid}")
            connector.wait_ready()
        except (ProcessDiedError, TimeoutError) as error:
            raise StageError(str(error)) from error
        yield Stage(cluster, registry.url, sandbox.url, connector, configuration, log)


def _broker(broker: Broker, say: Callable[[str], None]) -> AbstractContextManager[Cluster]:
    if broker is Broker.EMBEDDED:
        return kafka.embedded()
    say("starting Apache Kafka (the first time it is downloaded)")
    return kafka.apache()


def _sandbox(options: Options, folder: Path) -> SandboxServer:
    """On the port asked for; without one on the usual port, or any where that is taken."""
    for port in (options.port,) if options.port is not None else (_USUAL_PORT, 0):
        try:
            return SandboxServer(SandboxSettings(directory=folder, port=port, token=TOKEN, hubs=HUBS))
        except OSError as error:
            refused = error.strerror or str(error)
        except LedgerError as error:
            raise StageError(f"the sandbox: {error}") from error
    raise StageError(f"the sandbox cannot listen on port {options.port}: {refused}; choose another with --port")
