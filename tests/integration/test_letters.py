"""`dlq` and `review` on a real Kafka: what was set aside is seen, sent again once, or decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.process import Process
from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed
from tests.unit.cli.support import Ran, cli

LEADS = 30
ONLY_GOOGLE = "source.platform == 'google'"


def routes(when: str = "true") -> list[dict[str, Any]]:
    """One route; leads for which ``when`` does not hold are set aside as no_route."""
    contact = {"clientIds": "person.phones", "data": {"id": "eventId"}}
    return [{"name": "all", "when": when, "hub": "sales", "contact": contact}]


class Desk:
    """A connector and the commands on its letters."""

    def __init__(self, bed: Bed, changes: dict[str, Any]) -> None:
        self.bed = bed
        self.changes = changes
        self.connector = bed.connector(changes={**changes, "routes": routes(ONLY_GOOGLE)})

    def mend(self) -> None:
        """The mapping takes every lead from now on: the connector is started anew with it."""
        assert self.connector.stop() == 0
        self.connector = self.bed.connector(changes={**self.changes, "routes": routes()}, group=self.connector.group)

    def run(self, *arguments: str) -> Ran:
        """``dlq …``, or ``review …``."""
        group, command, *more = arguments
        return cli(group, command, "-c", self.connector.file, *more)

    def letters(self, *options: str, group: str = "dlq") -> list[dict[str, Any]]:
        """What ``list`` says, the summary last."""
        ran = self.run(group, "list", "--output", "json", "--limit", "100000", *options)
        assert ran.code == 0, ran.err
        return ran.lines

    def states(self) -> dict[str, int]:
        """How many letters are in which state."""
        found: dict[str, int] = self.letters("--state", "all")[-1]["states"]
        return found


@pytest.fixture(params=["retry topic", "own topic"])
def desk(bed: Bed, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """With letters of all leads but Google's."""
    changes: dict[str, Any] = {"receipts": {"topic": bed.new_topic("receipts")}}
    if request.param == "retry topic":
        changes["retries"] = {"topic": bed.new_topic("retries", partitions=3), "pause": "1s"}
    made = Desk(bed, changes)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(LEADS)), partitions=6)
    made.connector.start().wait_done()
    yield made
    made.connector.kill()


def test_letters_are_listed_and_shown(desk: Desk) -> None:
    """Counts, filters, one letter whole; nothing of the person."""
    *letters, summary = desk.letters()
    assert summary["reasons"] == {"no_route": len(letters)} and len(letters) == 22
    assert {each["stage"] for each in letters} == {"route"}
    assert desk.letters("--reason", "rejected") == [
        {"kind": "summary", "letters": 22, "selected": 0, "shown": 0, "states": {"open": 22}, "reasons": {}}
    ]
    assert len(desk.letters("--topic", desk.bed.topic, "--from", "2020-01-01T00:00:00Z")) == 23
    ran = desk.run("dlq", "list", "--limit", "2")
    assert ran.code == 0 and "… and 20 older ones (--limit)" in ran.out and "22 letters: no_route 22" in ran.out
    shown = desk.run("dlq", "show", letters[0]["position"])
    assert shown.code == 0, shown.err
    assert "no route takes this lead" in shown.out and "it would be set aside: no_route" in shown.out
    assert "Paz" not in shown.out and "+598" not in shown.out and "example.com" not in shown.out
    assert '"phones": [\n      "+00000' in shown.out
    [as_lines] = desk.run("dlq", "show", letters[0]["position"], "--output", "json").lines
    assert as_lines["now"][0]["set_aside"] == "no_route"
    missing = desk.run("dlq", "show", "0/9999")
    assert missing.code == 1 and "is no letter" in missing.err
    # By what the log and the status page name: where the lead was read.
    place = letters[3]["read_at"]
    by_record = desk.run("dlq", "show", place, "--whole")
    assert by_record.code == 0 and by_record.out.startswith(f"{letters[3]['position']}: open"), by_record.err
    assert "+5989" in by_record.out and "example.com" in by_record.out, "somebody looks the person up"
    assert [each["position"] for each in desk.letters(place)[:-1]] == [letters[3]["position"]]
    assert "no letter was made of it" in desk.run("dlq", "show", f"{desk.bed.topic}/0/999999").err


def test_a_replay_sends_each_lead_once(desk: Desk) -> None:
    """While the mapping would set them aside again nothing is written; then all are sent, and a second replay sends
    none."""
    ran = desk.run("dlq", "replay", "--yes")
    assert ran.code == 0, ran.err
    assert "0 were sent again" in ran.out and "22 would be set aside again, and stay: no_route 22" in ran.out
    desk.mend()
    dry = desk.run("dlq", "replay")
    assert dry.code == 0 and "22 would be sent again: all to sales 22" in dry.out and "nothing was written" in dry.err
    assert desk.states() == {"open": 22}
    ran = desk.run("dlq", "replay", "--all", "--yes")
    assert ran.code == 0 and "22 were sent again" in ran.out, ran.err
    desk.connector.start().wait_done()
    assert desk.bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(LEADS)}
    again = desk.run("dlq", "replay", "--yes")
    assert again.code == 0 and "0 letters selected" in again.out
    assert desk.states() == {"replayed": 22}
    desk.connector.wait_done()
    assert desk.bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(LEADS)}
    assert desk.connector.stop() == 0


def test_a_lead_that_was_delivered_meanwhile_is_not_sent(desk: Desk) -> None:
    """Its event was sent again by the platform, and went through."""
    desk.mend()
    produce(desk.bed.bootstrap, desk.bed.topic, (as_json(lead(n)) for n in (1, 2, 3)), partitions=6)
    desk.connector.start().wait_done()
    ran = desk.run("dlq", "replay", "--yes")
    assert ran.code == 0, ran.err
    assert "19 were sent again" in ran.out and "3 were marked as delivered meanwhile" in ran.out
    desk.connector.wait_done()
    assert desk.bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(LEADS)}
    assert desk.states() == {"replayed": 19, "delivered": 3}


def test_some_are_discarded_and_some_replayed(desk: Desk) -> None:
    """By position; what is decided is not open any more, and its reason is shown."""
    desk.mend()
    *letters, _ = desk.letters()
    first, second = letters[0]["position"], letters[1]["position"]
    assert desk.run("dlq", "discard", "--because", "test leads", "--yes").code == 2
    ran = desk.run("dlq", "discard", first, "--because", "test leads", "--yes")
    assert ran.code == 0 and "1 letter discarded" in ran.out, ran.err
    assert "1 was sent again" in desk.run("dlq", "replay", first, second, "--yes").out
    assert desk.states() == {"open": 20, "discarded": 1, "replayed": 1}
    shown = desk.run("dlq", "show", first)
    assert f"{first}: discarded" in shown.out and ": discarded: test leads" in shown.out
    desk.connector.start().wait_done()
    assert desk.bed.sandbox.counts().total() == LEADS - 21


def test_foreign_letters_are_listed_and_left_alone(desk: Desk) -> None:
    """Headers that are missing, not ours, damaged; values that do not decode; none of them stops the others."""
    desk.mend()
    produce(desk.bed.bootstrap, desk.bed.dead, [b"\x00\x00\x00\x00\x07junk", None, b"{"])
    *letters, summary = desk.letters()
    assert summary["selected"] == 25 and summary["reasons"] == {"no_route": 22, "unknown": 3}
    foreign = [each for each in letters if each["damage"] is not None]
    assert len(foreign) == 3 and "none of the connector's headers" in foreign[0]["damage"]
    for each in foreign:
        shown = desk.run("dlq", "show", each["position"])
        assert shown.code == 0 and "now: not known: it has none" in shown.out, shown.err
    ran = desk.run("dlq", "replay", "--yes")
    assert ran.code == 0 and "22 were sent again" in ran.out, ran.err
    assert "3 stay, cannot be sent: it has none of the connector's headers" in ran.out
    assert desk.states() == {"open": 3, "replayed": 22}


def test_a_replay_that_is_killed_half_way_goes_on(bed: Bed) -> None:
    """Each kill leaves whole transactions: what it wrote is delivered, what it did not is open, and no lead is there
    twice."""
    leads = 4000
    changes: dict[str, Any] = {"retries": {"topic": bed.new_topic("retries", partitions=3), "pause": "1s"}}
    desk = Desk(bed, changes)
    produce(bed.bootstrap, bed.topic, (as_json(lead(4 * n + 1)) for n in range(leads)), partitions=6)
    desk.connector.start().wait_done()
    desk.mend()
    desk.connector.start()
    command = [sys.executable, "-m", "connector", "dlq", "replay", "-c", str(desk.connector.file), "--yes"]
    killed = 0
    for number in range(3):
        before = desk.bed.sandbox.counts().total()
        replay = Process("replay", command, bed.folder / f"replay-{number}.log")
        replay.start()

        def some(before: int = before) -> bool:
            return bed.sandbox.counts().total() > before

        until(some, limit=LIMIT, what="the first leads of a replay", interval=0.005, details=replay.log_tail)
        replay.kill()
        killed += "4,000" not in replay.log_text()
    assert killed, "no replay was under way when it was killed"
    ran = desk.run("dlq", "replay", "--yes")
    assert ran.code == 0, ran.err
    desk.connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{4 * n + 1}": 1 for n in range(leads)}
    assert desk.states() == {"replayed": leads}
    assert desk.connector.stop() == 0


def test_what_may_have_arrived_is_sent_again_or_confirmed(bed: Bed) -> None:
    """The API took every lead and answered none: some are confirmed, one is sent again by somebody who knows."""
    changes: dict[str, Any] = {
        "review": {"topic": bed.new_topic("review", partitions=1)},
        "retries": {"topic": bed.new_topic("retries", partitions=1), "pause": "1s"},
        "delivery": {"on_ambiguous": "park", "batch": {"max_leads": 5}},
    }
    desk = Desk(bed, changes)
    desk.connector = bed.connector(changes={**changes, "routes": routes()})
    bed.sandbox.fault(kind="accept_then_drop")
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(10)), partitions=6)
    desk.connector.start().wait_done()
    bed.sandbox.heal()
    *letters, summary = desk.letters(group="review")
    assert summary["reasons"] == {"ambiguous": 10}
    first, *others = [each["position"] for each in letters]
    assert "lead-" in desk.run("review", "list").out
    shown = desk.run("review", "show", first)
    assert shown.code == 0 and "would POST to" in shown.out and "Paz" not in shown.out
    assert "\nsent at    20" in shown.out and "the contact as it was sent" not in shown.out
    assert 'the contact as it was sent: {"clientIds"' in desk.run("review", "show", first, "--whole").out
    ran = desk.run("review", "confirm", *others, "--because", "seen in uContact", "--yes")
    assert ran.code == 0 and "9 letters confirmed" in ran.out, ran.err
    ran = desk.run("review", "resend", "--yes")
    assert ran.code == 0 and "1 was sent again" in ran.out, ran.err
    desk.connector.wait_done()
    twice = [lead_id for lead_id, times in bed.sandbox.counts().items() if times == 2]
    assert twice == [letters[0]["lead"]] and bed.sandbox.counts().total() == 11
    assert desk.connector.stop() == 0
