"""``python -m sandbox``: a sandbox in a process of its own. Exit codes: 0 clean, 1 failed, 2 bad usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.ledger import LedgerError
from sandbox.server import DEFAULT_HUBS, HubKind, SandboxSettings, run


def settings_from(arguments: Sequence[str]) -> SandboxSettings:
    """Reads the command line. Exits with 2 and a message when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A stand-in for the uContact Automation API."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="0 takes any free port (default %(default)s)")
    parser.add_argument("--directory", type=Path, required=True, help="for the ledger and the database")
    parser.add_argument(
        "--hub",
        action="append",
        default=[],
        metavar="NAME=KIND[@ZONE]",
        help=f"may be repeated; kinds: {', '.join(HubKind)}; without any: {', '.join(DEFAULT_HUBS)}",
    )
    parser.add_argument("--token-file", type=Path, help="file with the token asked for; without it any token will do")
    parser.add_argument("--call-rate", type=float, default=5.0, help="contacts 'called' a second and hub")
    parser.add_argument("--list-load-seconds", type=float, default=1.0, help="how long a list stays loading")
    parser.add_argument("--max-body-bytes", type=int, help="larger requests get 413 (default no limit)")
    parser.add_argument("--seed", type=int, help="makes the faults' random choices repeatable")
    options = parser.parse_args(arguments)
    hubs: dict[str, str] = {}
    timezones: dict[str, str] = {}
    for text in options.hub:
        name, equals, kind = text.rpartition("=")
        if not equals:
            parser.error(f"--hub {text}: must be NAME=KIND")
        if name in hubs:
            parser.error(f"--hub {text}: hub {name!r} is given twice")
        hubs[name], at, zone = kind.partition("@")
        if at:
            timezones[name] = zone
    try:
        token = None if options.token_file is None else options.token_file.read_text(encoding="utf-8").strip()
        return SandboxSettings(
            directory=options.directory,
            host=options.host,
            port=options.port,
            token=token,
            hubs=hubs or dict(DEFAULT_HUBS),
            timezones=timezones,
            call_rate=options.call_rate,
            list_load_seconds=options.list_load_seconds,
            max_body_bytes=options.max_body_bytes,
            seed=options.seed,
        )
    except OSError as error:
        parser.error(f"--token-file: {error}")
    except ValueError as error:
        parser.error(str(error))


def main() -> int:
    """Runs until a signal; the one line on standard output says where it listens."""

    def ready(url: str) -> None:
        sys.stdout.write(f"sandbox listening on {url}\n")
        sys.stdout.flush()

    settings = settings_from(sys.argv[1:])
    try:
        run(settings, ready)
    except (OSError, LedgerError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
