"""What became of a lead, by what stands on the topics."""

from __future__ import annotations

from typing import Any

from connector.delivery.position import Position
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.decisions import Decision, Mark, mark_letter
from connector.kafka.journal import Note, encode, topic_mark
from connector.kafka.letters import Letter, retry_letter
from connector.kafka.reading import Position as Start
from connector.kafka.receipts import receipt_letter, receipt_of
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.preview import SchemaUnavailable
from connector.repair.ports import unseen
from connector.repair.trace import Search, What, verdict
from connector.repair.tracing import Places, trace
from tests.unit.repair.support import DEAD, NOW_MS, Topics, event, letter, preview

PLACES = Places(lambda topic: topic == "leads", False, DEAD, "leads.review", "leads.retry", "leads.receipts")
LEAD = MappedLead("lead-5", None, "all", Destination("sales"), b"{}")


def topics() -> Topics:
    """All empty but the leads' own, whose ten records are read."""
    made = Topics()
    for name in (DEAD, "leads.review", "leads.retry", "leads.receipts"):
        made.logs[name] = {0: []}
    for number in range(10):
        made.add(Letter("leads", None, event(number), None, NOW_MS + number))
    made.commits["leads"] = {0: (10, "")}
    return made


def record(offset: int = 5) -> Record:
    """Of the lead."""
    return Record(Claim("leads", 0, PartitionProgress(0)), offset, NOW_MS, None, event(5), None)


def receipt(outcome: Outcome, time_ms: int, **more: Any) -> Letter:
    """Of the lead."""
    return receipt_letter(
        "leads.receipts", receipt_of(record(), outcome, Shipment(record(), LEAD, 0.0, 1), now_ms=time_ms, **more)
    )


def told(where: Topics, lead: str = "lead-5") -> list[tuple[str | None, str]]:
    """The verdict."""
    search = Search(where, preview(), lead, lambda _text: None)
    found = list(trace(where, search, PLACES, Start(), lambda _what: unseen))
    return [(None if what is None else what.value, text) for what, text in verdict(found)]


def test_delivered() -> None:
    """When and to which hub."""
    made = topics()
    made.add(receipt(Outcome.DELIVERED, NOW_MS + 100))
    [(what, text)] = told(made)
    assert what == "delivered"
    assert text == (
        "delivered at 2026-01-15T15:00:00.100Z: delivered to hub sales, route all (1 request); read at leads/0/5"
    )


def test_set_aside_before_it_had_an_id() -> None:
    """The letter's headers do not name the lead; its value does."""
    made = topics()
    made.add(letter(4))
    made.add(letter(5))
    [(what, text)] = told(made)
    assert what == "open" and text.endswith("(leads.dead/0/1)")
    made.add(mark_letter(Mark(Decision.DISCARDED, Position(DEAD, 0, 1), NOW_MS + 5, "a test")))
    [(what, text)] = told(made)
    assert what == "decided" and "was discarded: a test" in text


def test_replayed_and_delivered() -> None:
    """What was, is not what is."""
    made = topics()
    made.add(letter(5))
    made.add(mark_letter(Mark(Decision.REPLAYED, Position(DEAD, 0, 0), NOW_MS + 5, to=Position("leads.retry", 0, 0))))
    made.add(receipt(Outcome.DELIVERED, NOW_MS + 100))
    assert [what for what, _ in told(made)] == ["delivered"]


def test_it_waits() -> None:
    """On its topic, above what is committed; on the retry topic; for a decision."""
    made = topics()
    made.commits["leads"] = {0: (4, "")}
    bound = ", for hub sales, route all"
    assert told(made) == [("unread", f"it waits on its topic, or is on its way (leads/0/5){bound}")]
    why = SetAside(Outcome.PARKED, Stage.DELIVER, Reason.HUB_DOWN, "the hub is down")
    parked = retry_letter(
        "leads.retry",
        record(),
        why,
        Shipment(record(), LEAD, 0.0),
        None,
        version="1",
        now_ms=NOW_MS,
        not_before_ms=NOW_MS,
    )
    made.commits["leads"] = {0: (10, "")}
    made.add(receipt(Outcome.PARKED, NOW_MS + 50, reason="hub_down"))
    made.add(parked)
    assert told(made) == [("retry", f"it waits on the retry topic for its hub (leads.retry/0/0){bound}")]
    made.commits["leads.retry"] = {0: (1, "")}
    made.add(letter(5)._replace(topic="leads.review"))
    assert [what for what, _ in told(made)] == ["review"]


def test_what_is_resolved_above_the_committed_offset_does_not_wait() -> None:
    """The commit metadata says so; without a receipt it is only known that it has an outcome."""
    made = topics()
    metadata = encode(4, Note([(5, 6)]), topic_mark("an-id"))
    made.commits["leads"] = {0: (4, metadata)}
    [(what, text)] = told(made)
    assert what == "read" and "an outcome of which there is no receipt" in text


def test_each_part_has_its_own_end() -> None:
    """One is delivered, the other waits."""
    made = topics()
    made.add(letter(5, part="all"))
    done = receipt_of(record(), Outcome.DELIVERED, Shipment(record(), LEAD, 0.0, 1), now_ms=NOW_MS)._replace(
        part="other"
    )
    made.add(receipt_letter("leads.receipts", done))
    assert sorted((what, text.split(":")[0]) for what, text in told(made)) == [
        ("delivered", "its part other"),
        ("open", "its part all"),
    ]


def test_a_letter_that_only_holds_the_id_is_told_as_one() -> None:
    """It does not decode: whose it is nobody knows for certain."""
    made = topics()
    made.add(letter(7, b"\x07 ... lead-5 ..."))
    search = Search(made, preview(), "lead-5", lambda _text: None)
    found = [each for each in trace(made, search, PLACES, Start(), lambda _what: unseen) if each.what is What.OPEN]
    assert len(found) == 1 and found[0].text.endswith("(it does not decode, but it holds the id)")


def test_what_would_not_be_sent_is_told_before_it_is_read() -> None:
    """By the mapping as it is now."""
    made = topics()
    made.add(Letter("leads", None, event(77, phone=None), None, NOW_MS + 99))
    assert told(made, "lead-77") == [
        ("unread", "it waits on its topic, or is on its way (leads/0/10), to be set aside: missing_field")
    ]


def test_nothing() -> None:
    """Of another lead is not of this one."""
    assert told(topics(), "lead-") == [(None, "nothing is known of it")]


def test_without_schemas_the_text_counts() -> None:
    """And it is said that it does."""
    made = topics()
    made.commits["leads"] = {0: (4, "")}

    class Away:
        def lead_id(self, _sample: object) -> str | None:
            raise SchemaUnavailable("the registry is away")

    troubles: list[str] = []
    search = Search(made, Away(), "lead-5", troubles.append)  # type: ignore[arg-type]
    [found] = trace(made, search, PLACES, Start(), lambda _what: unseen)
    assert (found.what, found.at) == (
        What.UNREAD,
        Position("leads", 0, 5),
    ) and "its schema cannot be had, but it holds the id" in found.text
    assert troubles == ["the registry is away; leads are looked for by the text of their id"]
