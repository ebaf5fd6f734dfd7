"""The ledger: what is in it after crashes, and that a start brings everything else up to it."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from sandbox.ledger import Entry, Ledger, LedgerError, read_ledger
from sandbox.server import SandboxServer, SandboxSettings
from tests.sandbox.harness import PATIENCE_SECONDS, SandboxProcess, lead, ledger, serving, until, whole_requests


def test_what_was_answered_before_kill_9_is_in_the_ledger_once_and_no_request_is_half_there(tmp_path: Path) -> None:
    answered: list[str] = []

    def send(url: str, sender: int) -> None:
        with httpx2.Client(base_url=url, headers={"Authorization": "Bearer t"}, trust_env=False) as http:
            for batch in range(1_000_000):
                ids = [f"{sender}-{batch}-{n}" for n in range(20)]
                try:
                    http.post(
                        "/api/dialer/id/sales/freshLeads", json={"leads": [lead(i) for i in ids]}
                    ).raise_for_status()
                except httpx2.TransportError:
                    return
                answered.extend(ids)

    with SandboxProcess(tmp_path) as first:
        senders = [threading.Thread(target=send, args=(first.client.url, n)) for n in range(4)]
        for sender in senders:
            sender.start()
        until(lambda: len(answered) >= 4_000)
        first.kill()
        for sender in senders:
            sender.join()
    with SandboxProcess(tmp_path) as second:
        times = second.client.get("counts")
        assert [i for i in answered if times.get(i) != 1] == []
        assert set(times.values()) == {1}
        stats = second.client.get("stats")
        until(lambda: sum(second.client.contacts("sales").values()) == stats["accepted"])
        assert second.client.fresh("sales", lead("after")).status_code == 200
        entries = ledger(tmp_path)
        assert whole_requests(entries)
        assert [entry.seq for entry in entries] == list(range(1, stats["accepted"] + 2))


@pytest.mark.parametrize("torn", [1, 40, 200, 450])
def test_a_torn_end_is_cut_off_with_its_whole_request(tmp_path: Path, torn: int) -> None:
    """A request that is not all there was never answered: none of its leads counts."""
    with serving(tmp_path) as client:
        client.fresh("sales", lead("kept"))
        client.fresh("sales", lead("a"), lead("b"), lead("c"))
    path = tmp_path / "ledger.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-torn])
    assert [entry.lead for entry in read_ledger(path)] == ["kept"]
    with serving(tmp_path) as client:
        assert client.get("counts") == {"kept": 1}
        client.fresh("sales", lead("next"))
    assert [(entry.seq, entry.lead) for entry in ledger(tmp_path)] == [(1, "kept"), (2, "next")]


def test_damage_before_the_end_is_not_passed_over(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        client.fresh("sales", lead("a"))
        client.fresh("sales", lead("b"))
    path = tmp_path / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for damaged in ([b"rubbish\n", lines[1]], [lines[1]], [lines[0], lines[0]], [b"{}\n", lines[1]]):
        path.write_bytes(b"".join(damaged))
        with pytest.raises(LedgerError):
            SandboxServer(SandboxSettings(directory=tmp_path, port=0))
        assert path.read_bytes() == b"".join(damaged)


def test_a_disk_that_refuses_is_an_error_for_all_who_wait_and_all_who_come(tmp_path: Path) -> None:
    durable: list[str] = []
    broken = threading.Event()

    def sync(file: int) -> None:
        if broken.is_set():
            raise OSError(errno.ENOSPC, "no space left")
        os.fsync(file)

    def note(entries: Sequence[Entry]) -> None:
        durable.extend(entry.lead for entry in entries)

    async def write(ledger: Ledger) -> list[str]:
        async def append(identity: str) -> None:
            await ledger.append(lambda seq: [Entry(seq, 0, "sales", "freshLeads", identity, 0, 1, identity, {})])

        await append("a")
        broken.set()
        waiting = await asyncio.gather(append("b"), append("c"), return_exceptions=True)
        broken.clear()
        coming = await asyncio.gather(append("d"), return_exceptions=True)
        return [type(result).__name__ for result in (*waiting, *coming)]

    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, note, sync)
    assert asyncio.run(write(ledger)) == ["LedgerError"] * 3
    ledger.close()
    assert durable == [entry.lead for entry in read_ledger(path)] == ["a"]


def test_nothing_is_accepted_before_its_sync_and_those_who_wait_share_one(tmp_path: Path) -> None:
    syncing, go_on = threading.Event(), threading.Event()
    syncs: list[int] = []
    durable: list[str] = []

    def sync(file: int) -> None:
        syncing.set()
        assert go_on.wait(PATIENCE_SECONDS)
        os.fsync(file)
        syncs.append(file)

    async def write(ledger: Ledger) -> None:
        def append(identity: str) -> asyncio.Task[list[Entry]]:
            def entries(seq: int) -> list[Entry]:
                return [Entry(seq, 0, "sales", "freshLeads", identity, 0, 1, identity, {})]

            return asyncio.create_task(ledger.append(entries))

        first = append("first")
        assert await asyncio.to_thread(syncing.wait, PATIENCE_SECONDS)
        others = [append(str(n)) for n in range(5)]
        await asyncio.sleep(0)
        assert (first.done(), durable, ledger.last_seq) == (False, [], 0)
        go_on.set()
        await asyncio.gather(first, *others)

    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, lambda entries: durable.extend(entry.lead for entry in entries), sync)
    asyncio.run(write(ledger))
    ledger.close()
    assert durable == [entry.lead for entry in read_ledger(path)] == ["first", "0", "1", "2", "3", "4"]
    assert len(syncs) == 2


def test_two_sandboxes_cannot_share_a_directory(tmp_path: Path) -> None:
    with serving(tmp_path), pytest.raises(LedgerError, match="in use"):
        SandboxServer(SandboxSettings(directory=tmp_path, port=0))


def test_a_restart_keeps_leads_lists_and_calls(tmp_path: Path) -> None:
    with serving(tmp_path, list_load_seconds=0) as client:
        client.fresh("sales", lead("now"), lead("later", scheduleDate="2099-01-01 00:00:00"))
        client.upload("sales", "June", lead("listed"))
        until(lambda: client.contacts("sales") == {"called": 1, "scheduled": 1, "held": 1})
        until(lambda: client.list_states() == ["inactive"])
        before = client.get("stats")["hubs"], client.get("called"), client.get("state")["lists"]
    with serving(tmp_path) as client:
        assert (client.get("stats")["hubs"], client.get("called"), client.get("state")["lists"]) == before
        assert client.contacts("sales") == {"called": 1, "scheduled": 1, "held": 1}


def test_the_database_is_rebuilt_from_the_ledger(tmp_path: Path) -> None:
    """Whether it is missing, or belongs to another ledger."""
    with serving(tmp_path, call_rate=0) as client:
        client.upload("sales", "June", *[lead(str(n)) for n in range(10_500)])
        client.fresh("sales", lead("a"), lead("b"))
        until(lambda: client.contacts("sales") == {"held": 10_500, "due": 2})
    for path in tmp_path.glob("sandbox.sqlite*"):
        path.unlink()
    with serving(tmp_path, call_rate=0) as client:
        assert client.contacts("sales") == {"held": 10_500, "due": 2}
        assert [entry["contacts"] for entry in client.get("state")["lists"]] == [10_500]
    (tmp_path / "ledger.jsonl").unlink()
    with serving(tmp_path, call_rate=0) as client:
        assert (client.contacts("sales"), client.get("state")["lists"]) == ({}, [])
        client.fresh("sales", lead("c"))
        until(lambda: client.contacts("sales") == {"due": 1})


def test_a_hub_that_is_no_longer_configured_keeps_its_counts(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        client.fresh("sales", lead("a"))
    with serving(tmp_path, hubs={"other": "sms"}) as client:
        assert client.hub("sales")["accepted"] == 1
        assert client.fresh("sales", lead("b")).status_code == 404


def test_concurrent_requests_are_each_whole_and_in_order(tmp_path: Path) -> None:
    with serving(tmp_path) as client:

        def send(sender: int) -> None:
            for batch in range(40):
                leads = [lead(f"{sender}-{batch}-{n}") for n in range(7)]
                assert client.fresh("sales", *leads).status_code == 200

        senders = [threading.Thread(target=send, args=(n,)) for n in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        entries = ledger(tmp_path)
        assert [entry.seq for entry in entries] == list(range(1, 8 * 40 * 7 + 1))
        assert whole_requests(entries)
        assert client.get("counts") == Counter(entry.lead for entry in entries)
        assert client.get("stats")["mean_batch"] == 7
        until(lambda: sum(client.contacts("sales").values()) == 8 * 40 * 7)
