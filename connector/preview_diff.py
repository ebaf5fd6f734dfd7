"""What another configuration would make of the same leads: compared lead by lead, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final, TypeAlias

import orjson

from connector.config.problems import dotted
from connector.leads.mapped import MappedLead
from connector.preview import Refused

Part: TypeAlias = "dict[str, Any]"
"""What becomes of a lead, or of a part of it: route, hub, endpoint, list (where it goes into one), contact and the
numbers that were left out; or route (where one refused it), outcome, stage, reason and message."""

ABSENT: Final = object()
"""In place of a value where there is none."""


class Change(StrEnum):
    """What the other configuration changes for a lead."""

    SAME = "same"
    CHANGED = "changed"
    NEWLY_SET_ASIDE = "newly_set_aside"
    """It was sent, and would not be any more."""
    NEWLY_SENT = "newly_sent"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a part, as it was and as it would be; either may be ABSENT."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Pair:
    """A part before and after; None where only the other side has it."""

    before: Part | None
    after: Part | None

    @property
    def differences(self) -> list[Difference]:
        """Where the two differ: contacts property by property, everything of what only one side has."""
        return list(_differences(self.before or {}, self.after or {}, ()))


@dataclass(frozen=True, slots=True)
class Compared:
    """One lead through both configurations. ``place`` says where it stands, ``lead_id`` is None where none is known."""

    place: str
    lead_id: str | None
    change: Change
    pairs: tuple[Pair, ...]


@dataclass(slots=True)
class Counts:
    """How many leads changed in which way, and what each route sends: (before, after, in both but changed)."""

    changes: Counter[Change] = field(default_factory=Counter)
    routes: dict[str, list[int]] = field(default_factory=dict)

    def add(self, compared: Compared) -> None:
        """Count one lead."""
        self.changes[compared.change] += 1
        for pair in compared.pairs:
            before, after = _sender(pair.before), _sender(pair.after)
            for place, name in enumerate((before, after)):
                if name is not None:
                    self.routes.setdefault(name, [0, 0, 0])[place] += 1
            if before is not None and before == after and pair.before != pair.after:
                self.routes[before][2] += 1


def compare(place: str, before: Sequence[MappedLead | Refused], after: Sequence[MappedLead | Refused]) -> Compared:
    """What becomes of one lead in two configurations (``Preview.parts``)."""
    pairs = tuple(_paired([_part(each) for each in before], [_part(each) for each in after]))
    ids = (each.lead_id if isinstance(each, MappedLead) else each.why.lead_id for each in (*after, *before))
    was, will_be = (any(isinstance(each, MappedLead) for each in side) for side in (before, after))
    if all(pair.before == pair.after for pair in pairs):
        change = Change.SAME
    elif was is not will_be:
        change = Change.NEWLY_SENT if will_be else Change.NEWLY_SET_ASIDE
    else:
        change = Change.CHANGED
    return Compared(place, next((each for each in ids if each is not None), None), change, pairs)


def _part(result: MappedLead | Refused) -> Part:
    if isinstance(result, Refused):
        why = result.why
        about: Part = {} if result.route is None else {"route": result.route}
        return {
            **about,
            "outcome": why.outcome.value,
            "stage": why.stage.value,
            "reason": why.reason.value,
            "message": why.message,
        }
    destination = result.destination
    part: Part = {"route": result.route, "hub": destination.hub, "endpoint": destination.endpoint.value}
    if destination.filename is not None:
        part["list"] = destination.filename
    part["contact"] = orjson.loads(result.body)
    if result.dropped:
        part["dropped"] = [str(each) for each in result.dropped]
    return part


def _paired(before: list[Part], after: list[Part]) -> Iterator[Pair]:
    """Parts of one route belong together; what is left over, in order."""
    rest = list(after)
    alone: list[Part] = []
    for part in before:
        partner = next((each for each in rest if "route" in part and each.get("route") == part["route"]), None)
        if partner is None:
            alone.append(part)
        else:
            rest.remove(partner)
            yield Pair(part, partner)
    yield from (Pair(one, other) for one, other in zip_longest(alone, rest))


def _sender(part: Part | None) -> str | None:
    """The route that sends a part."""
    return None if part is None or "hub" not in part else str(part["route"])


def _differences(before: Part, after: Part, path: tuple[str, ...]) -> Iterator[Difference]:
    for name in (*before, *(each for each in after if each not in before)):
        one, other = before.get(name, ABSENT), after.get(name, ABSENT)
        if one == other and type(one) is type(other):
            continue
        if all(isinstance(each, dict) for each in (one, other) if each is not ABSENT):
            inner = [each if isinstance(each, dict) else {} for each in (one, other)]
            yield from _differences(inner[0], inner[1], (*path, name))
        else:
            yield Difference(dotted((*path, name)), one, other)
