"""The demo from its first line to its summary."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path

import orjson
from rich.console import Console

from connector.demo import kafka
from connector.demo.arrivals import Arrivals
from connector.demo.configuration import HUBS, TOKEN, Places, reader_schema, write_configuration
from connector.demo.kafka import Cluster, LeadProducer
from connector.demo.leads import LeadFactory
from connector.demo.options import Broker, Options
from connector.demo.program import ConnectorProgram
from connector.demo.progress import Links, Progress
from connector.demo.registry import RegistryServer
from connector.demo.signals import Signals
from connector.demo.stream import LeadStream
from connector.demo.summary import Summary, Times, render
from connector.demo.view import View, make_console, make_view
from connector.demo.web import no_proxy_for_loopback
from sandbox.ledger import LedgerError
from sandbox.server import SandboxServer, SandboxSettings
from testbed.ports import free_ports
from testbed.process import ProcessDiedError

_USUAL_PORT = 8090
_SETTLE = 15.0
"""Seconds that leads on their way get to arrive when the demo is asked to end."""
_WARNINGS_KEPT = 20


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def run(options: Options) -> int:
    """Run the demo in this process, in its main thread. Gives the exit code: 0 when everything adds up, else 1."""
    console = make_console()
    no_proxy_for_loopback()
    folder = Path(tempfile.mkdtemp(prefix="lead-connector-demo-"))
    keep = True
    try:
        with Signals() as signals, ExitStack() as running:
            demo = _Demo(options, console, folder, running)
            demo.run(signals)
            summary = demo.summary()
        console.print(render(summary))
        if options.summary is not None:
            options.summary.write_bytes(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2))
        keep = bool(summary.differences())
        return 1 if keep else 0
    except KeyboardInterrupt:
        console.out("stopped before the end; there is no summary", highlight=False)
        keep = False
        return 1
    except (DemoError, ProcessDiedError, TimeoutError, LedgerError, ImportError, OSError) as error:
        console.out(f"the demo cannot go on: {error}", highlight=False)
        return 1
    finally:
        if keep or options.keep:
            console.out(f"left behind: {folder} (configuration, connector.log, the sandbox's ledger)", highlight=False)
        else:
            shutil.rmtree(folder, ignore_errors=True)
