"""The demo and the sandbox as people start them: processes without a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.demo.leads import LeadFactory
from connector.demo.web import get
from connector.leads.outcome import Outcome
from testbed.ports import LOOPBACK
from testbed.waiting import until

LIMIT = 180.0
"""Seconds to wait for a condition: generous, for machines are shared."""
NAMES = {
    "delivered": Outcome.DELIVERED,
    "dead_letters": Outcome.DEAD_LETTER,
    "expired": Outcome.EXPIRED,
    "filtered": Outcome.FILTERED,
    "duplicates": Outcome.DUPLICATE,
    "parked": Outcome.PARKED,
}


class Command:
    """A ``lead-connector`` command that runs, its output in a file."""

    def __init__(self, folder: Path, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        self.output = folder / "output"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "connector", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **environ, "TMPDIR": str(self.temporary)},
            )

    @property
    def text(self) -> str:
        """All that it has said."""
        return self.output.read_text(encoding="utf-8")

    def said(self, pattern: str) -> re.Match[str]:
        """Wait until it says something; it must not end before."""

        def look() -> re.Match[str] | None:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.text)
            assert found or not ended, self.text
            return found

        return until(look, limit=LIMIT, what=pattern, details=lambda: self.text)

    def end(self) -> int:
        """Wait for its exit code."""
        return self.process.wait(LIMIT)


@contextmanager
def command(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Command]:
    """A command, killed in the end if it still runs."""
    running = Command(folder, arguments, environ or {})
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


def expected(leads: int, seed: int = 1) -> Counter[tuple[Outcome, str]]:
    """Outcomes and reasons of the first leads, as their maker says."""
    factory = LeadFactory(seed)
    made = (factory.make(0) for _ in range(leads))
    return Counter((lead.outcome, lead.mistake.reason.value if lead.mistake else "") for lead in made)


def assert_adds_up(summary: dict[str, Any], leads: int, seed: int = 1) -> None:
    """The summary is that of exactly these leads, and everybody agrees."""
    by_reason = expected(leads, seed)
    for name, outcome in NAMES.items():
        reasons = {reason: number for (kind, reason), number in by_reason.items() if kind is outcome}
        assert summary[name] == sum(reasons.values()), name
        assert name == "delivered" or summary["reasons"][name] == reasons
    assert summary["produced"] == summary["read"] == summary["committed"] == leads
    assert summary["read"] == sum(summary[name] for name in NAMES)
    assert summary["sandbox"]["distinct"] == summary["sandbox"]["accepted"] == summary["delivered"]
    assert summary["sandbox"]["duplicates"] == 0
    assert summary["dead_letter_records"] == summary["dead_letters"] + summary["expired"]
    assert 0 <= summary["time_to_lead_ms"]["p50"] <= summary["time_to_lead_ms"]["p99"]
    assert summary["adds_up"] is True and summary["differences"] == []


def read(file: Path) -> dict[str, Any]:
    """A summary."""
    value: dict[str, Any] = json.loads(file.read_bytes())
    return value


def gone(pid: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_every_lead_ends_as_its_maker_says(tmp_path: Path) -> None:
    """Each outcome and reason of 300 leads, by connector, sandbox, broker and generator alike; nothing is left."""
    file = tmp_path / "summary.json"
    arguments = ("--leads", "300", "--rate", "0", "--exit-when-done", "--summary", str(file))
    with command(tmp_path, "demo", *arguments) as demo:
        assert demo.end() == 0, demo.text
        connector = int(demo.said(r"connector .* process (\d+)")[1])
        assert "\x1b" not in demo.text
    assert_adds_up(read(file), 300)
    assert gone(connector)
    assert list(demo.temporary.iterdir()) == []


def test_what_the_shell_is_set_up_for_does_not_reach_in(tmp_path: Path) -> None:
    """Variables for a real connector, and a proxy: the demo keeps to itself."""
    environ = {
        "CONNECTOR__KAFKA__BOOTSTRAP_SERVERS": f"{LOOPBACK}:1",
        "CONNECTOR__UCONTACT__BASE_URL": f"http://{LOOPBACK}:1",
        "HTTP_PROXY": f"http://{LOOPBACK}:1",
        "http_proxy": f"http://{LOOPBACK}:1",
    }
    with command(tmp_path, "demo", "--leads", "5", "--rate", "0", "--exit-when-done", environ=environ) as demo:
        assert demo.end() == 0, demo.text


def test_a_signal_ends_it_in_order_and_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM amid the stream: what was read is delivered, the summary adds up, no process and no file stays."""
    file = tmp_path / "summary.json"
    with command(tmp_path, "demo", "--leads", "100000", "--summary", str(file), "--seed", "5") as demo:
        demo.said(r"delivered [1-9]")
        connector = int(demo.said(r"connector .* process (\d+)")[1])
        demo.process.send_signal(signal.SIGTERM)
        assert demo.end() == 0, demo.text
        assert gone(connector)
    summary = read(file)
    assert_adds_up(summary, summary["produced"], seed=5)
    assert list(demo.temporary.iterdir()) == []


def test_killed_it_takes_the_connector_along(tmp_path: Path) -> None:
    """kill -9 leaves no connector that goes on by itself."""
    with command(tmp_path, "demo") as demo:
        url = demo.said(r"connector +(http\S+),")[1]
        demo.said("leads come in")
        assert get(f"{url}/livez") is not None
        demo.process.kill()
        until(lambda: get(f"{url}/livez") is None, limit=LIMIT, what="the connector's end")


def test_the_same_on_apache_kafka(tmp_path: Path) -> None:
    """--broker apache: another broker, the same leads and the same numbers."""
    file = tmp_path / "summary.json"
    arguments = ("--broker", "apache", "--leads", "200", "--rate", "0", "--exit-when-done", "--summary", str(file))
    with command(tmp_path, "demo", *arguments) as demo:
        assert demo.end() == 0, demo.text
        assert "Apache Kafka" in demo.text
    assert list(demo.temporary.iterdir()) == []
    assert_adds_up(read(file), 200)


def test_a_dead_connector_is_told_and_its_log_kept(tmp_path: Path) -> None:
    """The demo does not go on without it: exit code 1, and where to look."""
    with command(tmp_path, "demo", "--leads", "100000") as demo:
        connector = int(demo.said(r"connector .* process (\d+)")[1])
        demo.said(r"delivered [1-9]")
        os.kill(connector, signal.SIGKILL)
        assert demo.end() == 1
        folder = Path(demo.said(r"kept: (\S+)")[1])
    assert "the connector has ended by itself" in demo.text
    assert (folder / "connector.log").exists() and (folder / "connector.yaml").exists()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """A clear message, the way out, and nothing left."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with command(tmp_path, "demo", "--port", str(port)) as demo:
            assert demo.end() == 1
    assert f"port {port}" in demo.text and "--port" in demo.text and "Traceback" not in demo.text
    assert list(demo.temporary.iterdir()) == []


def test_the_sandbox_alone(tmp_path: Path) -> None:
    """Says where it listens, takes leads for its hubs and its token, ends well by SIGTERM."""
    (tmp_path / "token").write_text("secret\n")
    arguments = ("--port", "0", "--hub", "ventas=telephony@America/Montevideo", "--token-file", "token")
    with command(tmp_path, "sandbox", *arguments) as sandbox:
        url = sandbox.said(r"sandbox listening on (http\S+)\n")[1]
        state = get(f"{url}/_sandbox/state")
        assert state is not None
        assert [(hub["name"], hub["timezone"]) for hub in json.loads(state)["hubs"]] == [
            ("ventas", "America/Montevideo")
        ]
        sandbox.process.send_signal(signal.SIGTERM)
        assert sandbox.end() == 0, sandbox.text
    assert (tmp_path / "sandbox-data" / "ledger.jsonl").exists()


@pytest.mark.parametrize(
    "arguments", [("--hub", "ventas"), ("--hub", "a=sms", "--hub", "a=sms"), ("--hub", "a=fax"), ("--token-file", "no")]
)
def test_a_sandbox_that_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Exit code 2 and one line."""
    with command(tmp_path, "sandbox", *arguments) as sandbox:
        assert sandbox.end() == 2
    assert sandbox.text.startswith("sandbox: ") and sandbox.text.count("\n") == 1
