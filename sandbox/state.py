"""All that the page shows, in one object: ``GET /_sandbox/state``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sandbox.core import Sandbox, now_ms
from sandbox.ledger import Entry
from sandbox.settings import Endpoint
from sandbox.store import ContactState, ListState, Store
from sandbox.timeline import days

_NEXT_SHOWN = 5
_CALLED_SHOWN = 5
_LISTS_SHOWN = 10
_SCHEDULED_SHOWN = 200
"""Of each hub; the time line has the next ones."""
_REQUESTS_SHOWN = 15
_STATES_IN_SPANISH = {ListState.LOADING: "cargando", ListState.INACTIVE: "inactiva", ListState.ACTIVE: "activa"}


async def state(sandbox: Sandbox) -> dict[str, Any]:
    """Hubs with counts, latest and next contacts, the time line, lists, faults, requests."""
    stats = sandbox.tally.stats()
    counted = sandbox.tally.hubs()
    latest = {name: sandbox.tally.latest(name) for name in counted}

    def read(store: Store) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        contacts = store.counts()
        hubs = [
            {
                "name": name,
                **counts,
                "timezone": sandbox.settings.zone(name),
                "contacts": contacts.get(name, {}),
                "latest": _latest(latest[name], store),
                "next": store.next_contacts(name, _NEXT_SHOWN),
                "last_called": store.called(name, _CALLED_SHOWN),
            }
            for name, counts in counted.items()
        ]
        scheduled = [each for name in counted for each in store.scheduled(name, _SCHEDULED_SHOWN)]
        return hubs, store.lists(_LISTS_SHOWN), scheduled

    hubs, lists, scheduled = await sandbox.background.ask(read, sandbox.store)
    for entry in lists:
        entry["state_es"] = _STATES_IN_SPANISH[ListState(str(entry["state"]))]
    return {
        "now": now_ms(),
        "started_at": sandbox.started_at,
        "stats": {name: value for name, value in stats.items() if name != "hubs"},
        "hubs": hubs,
        "timeline": [asdict(day) for day in days(scheduled, now_ms())],
        "lists": lists,
        "faults": sandbox.faults.as_json(),
        "requests": sandbox.tally.last_requests(_REQUESTS_SHOWN),
    }


def _latest(entries: Iterable[Entry], store: Store) -> list[dict[str, Any]]:
    """Accepted leads with what has become of each; the store follows the ledger by a fraction of a second."""
    shown = list(entries)
    states = store.states([entry.seq for entry in shown])
    found = []
    for entry in shown:
        soon = ContactState.HELD if entry.endpoint == Endpoint.LISTS else ContactState.DUE
        where, called_at = states.get(entry.seq, (soon, None))
        found.append(
            {
                "seq": entry.seq,
                "lead": entry.lead,
                "endpoint": entry.endpoint,
                "filename": entry.filename,
                "accepted_at": entry.accepted_at,
                "contact": entry.contact,
                "state": where,
                "called_at": called_at,
            }
        )
    return found
