"""Starting and stopping: as a thread, as a process, with settings that make no sense."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.__main__ import settings_from
from sandbox.server import DEFAULT_HUBS, HubKind, SandboxServer, SandboxSettings
from tests.sandbox.harness import PATIENCE_SECONDS, SandboxProcess, lead, ledger, until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    arguments = ["--hub", "north sales=telephony", "--hub", "mails=email@America/Lima", "--token-file", str(token)]
    with SandboxProcess(tmp_path / "data", *arguments) as sandbox:
        assert sandbox.line.startswith("sandbox listening on http://127.0.0.1:")
        client = sandbox.client
        assert client.fresh("north%20sales", lead("a")).status_code == 401
        client.http.headers["Authorization"] = "Bearer secret"
        assert client.fresh("north%20sales", lead("a")).status_code == 200
        assert client.hub("mails")["timezone"] == "America/Lima"
        sandbox.process.send_signal(number)
        assert sandbox.process.wait(PATIENCE_SECONDS) == 0
    assert len(ledger(tmp_path / "data")) == 1


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as running:
        port = running.client.url.rpartition(":")[2]
        for arguments, word in ((["--port", "0"], "in use"), (["--port", port], "sandbox: ")):
            command = [sys.executable, "-m", "sandbox", "--directory", str(tmp_path), *arguments]
            ended = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                cwd=Path(__file__).parents[2],
                check=False,
            )
            assert (ended.returncode, ended.stdout, word in ended.stderr) == (1, "", True), ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--directory", "d", "--hub", "sales"],
        ["--directory", "d", "--hub", "sales=fax"],
        ["--directory", "d", "--hub", "=sms"],
        ["--directory", "d", "--hub", "sales=sms", "--hub", "sales=email"],
        ["--directory", "d", "--hub", "sales=sms@Mars/Olympus"],
        ["--directory", "d", "--port", "70000"],
        ["--directory", "d", "--call-rate", "-1"],
        ["--directory", "d", "--token-file", "does/not/exist"],
    ],
)
def test_bad_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings_from(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_the_command_line_gives_settings() -> None:
    settings = settings_from(["--directory", "d", "--hub", "a=b=sms@America/Lima", "--seed", "7"])
    assert (dict(settings.hubs), settings.zone("a=b"), settings.seed) == ({"a=b": HubKind.SMS}, "America/Lima", 7)
    assert settings_from(["--directory", "d"]).hubs == DEFAULT_HUBS


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("hubs", {}),
        ("hubs", {"": "sms"}),
        ("hubs", {"sales": "fax"}),
        ("timezones", {"sales": "Mars/Olympus"}),
        ("timezones", {"nowhere": "UTC"}),
        ("port", -1),
        ("token", " "),
        ("call_rate", float("nan")),
        ("list_load_seconds", -1.0),
        ("max_body_bytes", 0),
        ("remembered_requests", 0),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{setting}: "):
        SandboxSettings(directory=tmp_path, **{setting: value})


def test_a_server_stops_when_asked_and_can_be_asked_twice(tmp_path: Path) -> None:
    server = SandboxServer(SandboxSettings(directory=tmp_path, port=0))
    with httpx2.Client(base_url=server.url, trust_env=False) as http:
        assert http.get("/_sandbox/stats").status_code == 200
        server.close()
        server.close()
        with pytest.raises(httpx2.TransportError):
            http.get("/_sandbox/stats")
    SandboxServer(SandboxSettings(directory=tmp_path, port=0)).close()


def test_an_address_in_use_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        SandboxServer(SandboxSettings(directory=tmp_path, port=taken.getsockname()[1]))


def test_background_work_that_fails_ends_the_sandbox_with_its_error(tmp_path: Path) -> None:
    """A sandbox that no longer keeps its counts must not look like one that does."""
    server = SandboxServer(SandboxSettings(directory=tmp_path, port=0))
    with httpx2.Client(base_url=server.url, headers={"Authorization": "Bearer x"}, trust_env=False) as http:
        database = sqlite3.connect(tmp_path / "sandbox.sqlite")
        database.execute("DROP TABLE lists")
        database.close()
        until(lambda: not server.running)
        with pytest.raises(httpx2.TransportError):
            http.get("/_sandbox/stats")
    with pytest.raises(sqlite3.OperationalError):
        server.close()
