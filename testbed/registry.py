"""A real schema registry as a child process: Apicurio Registry with its Confluent-compatible API."""

import shutil
import tempfile
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from testbed.jars import java, registry_folder
from testbed.java import SMALL
from testbed.opened import Opened
from testbed.ports import LOOPBACK, free_ports, is_free
from testbed.process import Process, ProcessDiedError
from testbed.waiting import until

API_PATH = "/apis/ccompat/v7"

# For Confluent's serializers against this registry. Their default first asks for "associations", which Apicurio does
# not know: it answers 404, but once in a thousand times not at all, and the client waits without limit.
SERIALIZER_SETTINGS = {"subject.name.strategy.type": "TOPIC"}

_START_LIMIT = 300.0  # seconds; ten when the machine is idle
_STOP_LIMIT = 60.0
_PORT_ATTEMPTS = 3
_PORT_TAKEN = "already in use"  # as Java, and in other words Quarkus, put it


class SchemaRegistry(Opened):
    """Apicurio Registry on 127.0.0.1. A context manager; dies with this process.

    Schemas lie in a temporary folder, so `stop`, `kill` and `start` keep them and their ids; `close` forgets them.
    Methods block until what they ask for is so, and are not for several threads at once.
    """

    def __init__(self, *, port: int | None = None, heap: str = "256m") -> None:
        """Nothing is started yet. `port` None means a free one; `heap` as for -Xmx."""
        self._given_port = port
        self._heap = heap
        self._port = 0
        self._folder: Path | None = None
        self._process: Process | None = None

    def open(self) -> None:
        """Fetch the registry if need be, start it and wait until it answers.

        Raises FetchError, ProcessDiedError or TimeoutError (with the end of its log). Nothing is left then once
        entering, or `close`, is done.
        """
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._port = self._given_port if self._given_port is not None else free_ports(1)[0]
            self._folder = Path(tempfile.mkdtemp(prefix="testbed-registry-"))
            self._process = self._configured(self._folder)
            self._process.start()
            try:
                self._wait_answers(self._process)
            except ProcessDiedError as error:
                if self._given_port is not None or attempt == _PORT_ATTEMPTS or _PORT_TAKEN not in str(error):
                    raise
                self.close()  # another process was faster: once more with another port
            else:
                return

    @property
    def url(self) -> str:
        """What a Confluent registry client wants as its `url`."""
        return f"http://{LOOPBACK}:{self._port}{API_PATH}"

    @property
    def log(self) -> Path:
        """The log file of this run."""
        return self._running().log

    def stop(self) -> None:
        """Shut it down in order: connections are refused from now on. Does nothing when it does not run."""
        self._running().stop(limit=_STOP_LIMIT)

    def kill(self) -> None:
        """Kill it (SIGKILL). Does nothing when it does not run."""
        self._running().kill()

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP): connections open and nothing answers. RuntimeError when it does not run."""
        self._running().freeze()

    def thaw(self) -> None:
        """Let it go on after `freeze`. Raises RuntimeError when it does not run."""
        self._running().thaw()

    def start(self) -> None:
        """Start it again on the same port with the same schemas, and wait until it answers.

        Raises RuntimeError when it runs already, ProcessDiedError or TimeoutError when it does not come up.
        """
        process = self._running()
        until(lambda: is_free(self._port), limit=_STOP_LIMIT, what=f"port {self._port} free")
        process.start()
        self._wait_answers(process)

    def close(self) -> None:
        """End it and forget its schemas."""
        if self._process is not None:
            self._process.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._process = self._folder = None

    def _configured(self, folder: Path) -> Process:
        home = registry_folder()
        environ = {
            "QUARKUS_HTTP_HOST": LOOPBACK,
            "QUARKUS_HTTP_PORT": str(self._port),
            # Health and metrics have a listener of their own; any port will do, the usual one is soon taken.
            "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
            "QUARKUS_MANAGEMENT_PORT": "0",
            # A file instead of the built-in database's memory, written at once: an outage does not lose the schemas.
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{folder / 'schemas'};WRITE_DELAY=0",
        }
        command = [str(java()), f"-Xmx{self._heap}", *SMALL, "-jar", str(home / "quarkus-run.jar")]
        return Process("Apicurio Registry", command, folder / "registry.log", environ=environ)

    def _wait_answers(self, process: Process) -> None:
        process.wait_ready(lambda: answers(LOOPBACK, self._port), limit=_START_LIMIT)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the registry has not been entered")
        return self._process


def answers(host: str, port: int) -> bool:
    """Whether the registry's API gives its list of subjects; blocks up to five seconds."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", f"{API_PATH}/subjects")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
