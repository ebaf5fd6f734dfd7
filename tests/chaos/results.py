"""Results of cases, a JSON line each, in ``out/chaos``.

``make chaos`` names its run in the environment (CHAOS_RUN); what else is run of the suite goes to ``partial.jsonl``,
which no report takes for a full run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import confluent_kafka
import orjson

import connector
from testbed.jars import KAFKA_VERSION
from tests.chaos.invariants import Report
from tests.integration.bed import ROOT

FOLDER = ROOT / "out" / "chaos"
PARTIAL = "partial"


def append(report: Report, *, mutation: str | None = None) -> None:
    """Write one result down. Several processes may do so at once."""
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "versions": versions(),
        "mutation": mutation,
        **asdict(report),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = os.open(FOLDER / f"{os.environ.get('CHAOS_RUN', PARTIAL)}.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    finally:
        os.close(file)


def read(file: Path) -> list[dict[str, Any]]:
    """The results of one run."""
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def versions() -> dict[str, str]:
    """Of what took part."""
    kafka = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", f"Apache Kafka {KAFKA_VERSION}")
    return {
        "connector": f"{connector.__version__} ({_commit()})",
        "kafka": kafka,
        "confluent-kafka": f"{confluent_kafka.version()} (librdkafka {confluent_kafka.libversion()[0]})",
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def _commit() -> str:
    """The commit that is checked out; ``+`` when files differ from it."""
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no git"
    return done.stdout.strip()
