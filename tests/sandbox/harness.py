"""What the sandbox's tests share: a sandbox with a client on it, as a thread or as a process that can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from sandbox.ledger import Entry, read_ledger
from sandbox.server import SandboxServer, SandboxSettings

PATIENCE_SECONDS = 60
"""How long a condition may take; only a failing test waits so long."""


def until(condition: Callable[[], object]) -> None:
    """Waits until a condition holds; fails when it does not come true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


class Client:
    """Speaks to one sandbox over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(
            base_url=url, headers={"Authorization": "Bearer anything"}, timeout=PATIENCE_SECONDS, trust_env=False
        )

    def fresh(self, hub: str, *leads: Mapping[str, Any], **options: Any) -> httpx2.Response:
        """Posts fresh leads; ``hub`` as it is to stand in the URL."""
        return self.http.post(f"/api/dialer/id/{hub}/freshLeads", json={"leads": leads}, **options)

    def upload(self, hub: str, filename: str, *contacts: Mapping[str, Any]) -> httpx2.Response:
        """Uploads a list."""
        return self.http.post(f"/api/dialer/id/{hub}/lists", json={"filename": filename, "list": contacts})

    def get(self, name: str, **parameters: Any) -> Any:
        """Asks a control endpoint for its JSON."""
        answer = self.http.get(f"/_sandbox/{name}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, **parameters: Any) -> Any:
        """Adds a fault."""
        answer = self.http.post("/_sandbox/faults", json={"kind": kind, **parameters})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def clear(self) -> None:
        """Ends all faults."""
        assert self.http.delete("/_sandbox/faults").status_code == 200

    def hub(self, name: str) -> Any:
        """One hub as the page shows it."""
        return next(hub for hub in self.get("state")["hubs"] if hub["name"] == name)

    def contacts(self, hub: str) -> dict[str, int]:
        """A hub's contacts by state, as far as the background work has come."""
        found: dict[str, int] = self.hub(hub)["contacts"]
        return found

    def list_states(self) -> list[str]:
        """States of the last lists, the latest first, as far as the background work has come."""
        return [entry["state"] for entry in self.get("state")["lists"]]

    def close(self) -> None:
        """Lets its connections go."""
        self.http.close()


@contextmanager
def serving(directory: Path, **settings: Any) -> Iterator[Client]:
    """A sandbox in this process, on any free port."""
    with SandboxServer(SandboxSettings(directory=directory, port=0, **settings)) as server:
        client = Client(server.url)
        try:
            yield client
        finally:
            client.close()


def lead(identity: str, **properties: Any) -> dict[str, Any]:
    """A telephony contact with an identity."""
    return {"clientIds": ["1567890"], "data": {"id": identity}, **properties}


def ledger(directory: Path) -> list[Entry]:
    """All entries of a directory's ledger."""
    return list(read_ledger(directory / "ledger.jsonl"))


class SandboxProcess:
    """``python -m sandbox`` as a process of its own."""

    def __init__(self, directory: Path, *arguments: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--directory", str(directory), *arguments]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()
        self.client = Client(self.line.rpartition(" ")[2])

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def __enter__(self) -> SandboxProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()


def whole_requests(entries: Sequence[Entry]) -> bool:
    """Whether every request in a ledger is there from its first lead to its last."""
    requests: dict[str, list[Entry]] = {}
    for entry in entries:
        requests.setdefault(entry.request, []).append(entry)
    return all([e.index for e in group] == list(range(group[0].of)) for group in requests.values())
