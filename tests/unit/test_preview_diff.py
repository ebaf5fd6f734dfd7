"""Comparing what two configurations make of a lead."""

from __future__ import annotations

from typing import Any

import orjson

from connector.leads.dropped import Dropped, Unusable
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.spec import Endpoint
from connector.preview import Refused
from connector.preview_diff import ABSENT, Change, Counts, Difference, compare


def sent(route: str = "a", hub: str = "h", dropped: tuple[Dropped, ...] = (), **contact: Any) -> MappedLead:
    return MappedLead("l-1", None, route, Destination(hub), orjson.dumps(contact), dropped=dropped)


def refused(reason: Reason = Reason.NO_ROUTE, message: str = "none", route: str | None = None) -> Refused:
    return Refused("line 1", SetAside(Outcome.DEAD_LETTER, Stage.MAP, reason, message), {}, route)


def test_the_same() -> None:
    """Whatever else the configuration says, what is sent decides; the order of properties does not."""
    compared = compare("line 1", [sent(x=1, y={"z": 2})], [sent(y={"z": 2}, x=1)])
    assert (compared.change, compared.lead_id) == (Change.SAME, "l-1")
    assert compare("line 1", [refused()], [refused()]).change is Change.SAME


def test_fields_that_differ() -> None:
    """Property by property, down into objects; true is not 1; names with dots are told apart."""
    before = sent(clientIds=["1"], priority=1, data={"a": 1, "b": {"c.d": 2}, "e": True})
    after = sent("b", "k", clientIds=["1", "2"], data={"a": 1, "b": {"c.d": 3}, "e": 1, "f": None})
    compared = compare("line 1", [before], [after])
    assert compared.change is Change.CHANGED
    assert compared.pairs[0].differences == [
        Difference("route", "a", "b"),
        Difference("hub", "h", "k"),
        Difference("contact.clientIds", ["1"], ["1", "2"]),
        Difference("contact.priority", 1, ABSENT),
        Difference("contact.data.b[c.d]", 2, 3),
        Difference("contact.data.e", True, 1),
        Difference("contact.data.f", ABSENT, None),
    ]


def test_lists_and_numbers_left_out() -> None:
    """The list's name, and what a contact lacks."""
    listed = MappedLead("l", None, "a", Destination("h", Endpoint.LISTS, "one"), b"{}")
    other = listed._replace(destination=Destination("h", Endpoint.LISTS, "two"))
    assert compare("", [listed], [other]).pairs[0].differences == [Difference("list", "one", "two")]
    short = sent(dropped=(Dropped("clientIds", Unusable.NOT_VALID, 1),))
    [difference] = compare("", [sent()], [short]).pairs[0].differences
    assert difference.field == "dropped" and difference.before is ABSENT


def test_sent_before_or_after_only() -> None:
    """And set aside for another reason, which is a change."""
    aside, again = compare("", [sent()], [refused()]), compare("", [refused()], [sent()])
    assert (aside.change, again.change) == (Change.NEWLY_SET_ASIDE, Change.NEWLY_SENT)
    assert aside.lead_id == again.lead_id == "l-1"
    other = compare("", [refused()], [refused(Reason.MISSING_FIELD, "clientIds")])
    assert other.change is Change.CHANGED and other.lead_id is None
    assert [each.field for each in other.pairs[0].differences] == ["reason", "message"]


def test_parts_of_one_route_belong_together() -> None:
    """Wherever they stand; what is left over is added or gone."""
    before = [sent("sms", x=1), sent("call", x=1)]
    after: list[MappedLead | Refused] = [sent("call", x=2), refused(route="sms"), sent("more")]
    compared = compare("", before, after)
    assert compared.change is Change.CHANGED
    pairs = [tuple(part and part["route"] for part in (pair.before, pair.after)) for pair in compared.pairs]
    assert pairs == [("sms", "sms"), ("call", "call"), (None, "more")]


def test_numbers_by_route() -> None:
    """What each sends before and after, and what it sends otherwise."""
    counts = Counts()
    leads: list[tuple[MappedLead | Refused, MappedLead | Refused]] = [
        (sent(x=1), sent(x=1)),
        (sent(x=1), sent(x=2)),
        (sent(x=1), sent("b")),
        (sent(), refused()),
        (refused(), sent("b")),
    ]
    for before, after in leads:
        counts.add(compare("", [before], [after]))
    assert counts.routes == {"a": [4, 2, 1], "b": [0, 2, 0]}
    assert [counts.changes[change] for change in Change] == [1, 2, 1, 1]
