"""SQLite (WAL): what the ledger's leads have become, i.e. scheduled, due, called, and the lists they came in.

Everything here except the calls themselves can be rebuilt from the ledger. All methods block; one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from sandbox.ledger import Entry
from sandbox.schedule import due_at
from sandbox.settings import Endpoint

_SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, request TEXT);
INSERT OR IGNORE INTO progress VALUES (1, 0, NULL);
CREATE TABLE IF NOT EXISTS contacts (
    seq INTEGER PRIMARY KEY, hub TEXT NOT NULL, list TEXT, lead TEXT NOT NULL, address TEXT NOT NULL,
    queue INTEGER NOT NULL, priority INTEGER NOT NULL, due INTEGER NOT NULL, local TEXT, zone TEXT NOT NULL,
    state TEXT NOT NULL, call INTEGER, called_at INTEGER
);
CREATE INDEX IF NOT EXISTS contacts_by_turn ON contacts (hub, state, queue, priority, due, seq);
CREATE INDEX IF NOT EXISTS contacts_by_time ON contacts (hub, state, due);
CREATE INDEX IF NOT EXISTS contacts_by_list ON contacts (list, state) WHERE list IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS contacts_by_call ON contacts (call) WHERE call IS NOT NULL;
CREATE TABLE IF NOT EXISTS lists (
    id TEXT PRIMARY KEY, hub TEXT NOT NULL, filename TEXT NOT NULL, contacts INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL, state TEXT NOT NULL
);
"""
# One statement for many rows: the interpreter's lock is let go once for all of them, not once a row, which would make
# this thread wait for the busy event loop at every row.
_INSERT = """
INSERT INTO contacts (seq, hub, list, lead, address, queue, priority, due, local, zone, state)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
       json_extract(value, '$[9]'), json_extract(value, '$[10]')
FROM json_each(?)
"""


class ContactState(StrEnum):
    """What has become of a contact."""

    HELD = "held"
    """In a list that is not active."""
    SCHEDULED = "scheduled"
    """Waits for its local time."""
    DUE = "due"
    """Waits for its turn."""
    CALLED = "called"


class ListState(StrEnum):
    """States of a list ("Subir una lista"): cargando, inactiva, and active, which the API itself cannot bring about."""

    LOADING = "loading"
    INACTIVE = "inactive"
    ACTIVE = "active"


class Store:
    """The database of one sandbox."""

    def __init__(self, path: Path, zones: Mapping[str, str]) -> None:
        """Opens or creates the file. ``zones``: hub name to the zone of contacts without one; UTC when not named."""
        self._zones = zones
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # The ledger is what must survive a power cut; WAL keeps this file whole without a sync at every commit.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Lets the file go."""
        self._db.close()

    def progress(self) -> tuple[int, str | None]:
        """The last seq taken from the ledger, 0 for none, and its request id."""
        row = self._db.execute("SELECT seq, request FROM progress").fetchone()
        return row["seq"], row["request"]

    def reset(self) -> None:
        """Forgets everything, to be filled from the ledger again."""
        with self._transaction():
            self._db.execute("DELETE FROM contacts")
            self._db.execute("DELETE FROM lists")
            self._db.execute("UPDATE progress SET seq = 0, request = NULL")

    def apply(self, entries: Sequence[Entry]) -> None:
        """Takes in the ledger's next entries, whole requests, in one transaction."""
        if not entries:
            return
        rows = orjson.dumps([self._row(entry) for entry in entries]).decode()
        with self._transaction():
            for entry in entries:
                if entry.filename is not None and entry.index == 0:
                    self._db.execute(
                        "INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?)",
                        (entry.request, entry.hub, entry.filename, entry.of, entry.accepted_at, ListState.LOADING),
                    )
            self._db.execute(_INSERT, (rows,))
            last = entries[-1]
            self._db.execute("UPDATE progress SET seq = ?, request = ?", (last.seq, last.request))

    def finish_loading(self, accepted_before: int) -> None:
        """Makes lists inactive that were accepted before this instant (epoch milliseconds)."""
        self._db.execute(
            "UPDATE lists SET state = ? WHERE state = ? AND accepted_at <= ?",
            (ListState.INACTIVE, ListState.LOADING, accepted_before),
        )

    def activate(self, list_id: str) -> ListState | None:
        """Lets an inactive list's contacts be called. Returns the state the list was in, None when there is none."""
        row = self._db.execute("SELECT state FROM lists WHERE id = ?", (list_id,)).fetchone()
        if row is None:
            return None
        before = ListState(row["state"])
        if before is ListState.INACTIVE:
            with self._transaction():
                self._db.execute("UPDATE lists SET state = ? WHERE id = ?", (ListState.ACTIVE, list_id))
                self._db.execute(
                    "UPDATE contacts SET state = ? WHERE list = ? AND state = ?",
                    (ContactState.DUE, list_id, ContactState.HELD),
                )
        return before

    def call(self, hub: str, now: int, most: int) -> int:
        """'Calls' up to ``most`` contacts of a hub whose time has come, in their order; returns how many.

        Fresh leads before lists, then the lower priority number, then the earlier time ("Fresh leads", "priority").
        """
        self._db.execute(
            "UPDATE contacts SET state = ? WHERE hub = ? AND state = ? AND due <= ?",
            (ContactState.DUE, hub, ContactState.SCHEDULED, now),
        )
        if most < 1:
            return 0
        turn = self._db.execute(
            "SELECT seq FROM contacts WHERE hub = ? AND state = ? ORDER BY queue, priority, due, seq LIMIT ?",
            (hub, ContactState.DUE, most),
        ).fetchall()
        if turn:
            with self._transaction():
                self._db.executemany(
                    "UPDATE contacts SET state = ?, called_at = ?,"
                    " call = (SELECT coalesce(max(call), 0) + 1 FROM contacts) WHERE seq = ?",
                    [(ContactState.CALLED, now, row["seq"]) for row in turn],
                )
        return len(turn)

    def counts(self) -> dict[str, dict[str, int]]:
        """Contacts by hub and state."""
        found: dict[str, dict[str, int]] = {}
        for hub, state, contacts in self._db.execute("SELECT hub, state, count(*) FROM contacts GROUP BY hub, state"):
            found.setdefault(hub, {})[state] = contacts
        return found

    def next_contacts(self, hub: str, limit: int) -> list[dict[str, object]]:
        """Who will be called next: those whose turn it is, in their order, then the scheduled ones by time."""
        due = self._contacts(
            "WHERE hub = ? AND state = ? ORDER BY queue, priority, due, seq LIMIT ?", hub, ContactState.DUE, limit
        )
        return due + self.scheduled(hub, limit - len(due))

    def scheduled(self, hub: str, limit: int) -> list[dict[str, object]]:
        """The contacts of a hub that wait for their local time, the next ones first."""
        return self._contacts("WHERE hub = ? AND state = ? ORDER BY due LIMIT ?", hub, ContactState.SCHEDULED, limit)

    def called(self, hub: str | None, limit: int) -> list[dict[str, object]]:
        """The last contacts that were called, the latest first; of every hub when ``hub`` is None."""
        # Not ?1, which Python 3.12.0 to 3.12.3 take for a name and warn of.
        where = "WHERE call IS NOT NULL AND (hub = ? OR ? IS NULL) ORDER BY call DESC LIMIT ?"
        return self._contacts(where, hub, hub, limit)

    def states(self, seqs: Sequence[int]) -> dict[int, tuple[str, int | None]]:
        """What has become of contacts by seq: the state, and when they were called. What has just come is not there."""
        marks = ", ".join("?" * len(seqs))
        # Question marks only; every value is bound.
        rows = self._db.execute(f"SELECT seq, state, called_at FROM contacts WHERE seq IN ({marks})", seqs)  # noqa: S608
        return {row["seq"]: (row["state"], row["called_at"]) for row in rows}

    def lists(self, limit: int) -> list[dict[str, object]]:
        """The last lists, the latest first, with how many of their contacts have been called."""
        rows = self._db.execute(
            "SELECT id, hub, filename, contacts, accepted_at, lists.state AS state,"
            " (SELECT count(*) FROM contacts WHERE list = lists.id AND contacts.state = ?) AS called"
            " FROM lists ORDER BY accepted_at DESC LIMIT ?",
            (ContactState.CALLED, limit),
        )
        return [dict(row) for row in rows]

    def _contacts(self, where: str, *values: object) -> list[dict[str, object]]:
        columns = "seq, hub, list, lead, address, priority, due, local, zone, state, call, called_at"
        # `where` is one of this module's literals; every value is bound.
        rows = self._db.execute(f"SELECT {columns} FROM contacts {where}", values)  # noqa: S608
        return [dict(row) for row in rows]

    def _row(self, entry: Entry) -> list[Any]:
        contact = entry.contact
        hub_zone = self._zones.get(entry.hub, "UTC")
        local = contact.get("scheduleDate")
        is_list = entry.endpoint == Endpoint.LISTS
        soon = ContactState.DUE if local is None else ContactState.SCHEDULED
        return [
            entry.seq,
            entry.hub,
            entry.request if is_list else None,
            entry.lead,
            str(contact.get("clientId") or contact["clientIds"][0]),
            int(is_list),
            contact.get("priority", 0),
            due_at(contact, hub_zone, entry.accepted_at),
            local,
            contact.get("timezone", hub_zone),
            ContactState.HELD if is_list else soon,
        ]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
