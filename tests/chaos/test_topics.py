"""Faults of the topics: records deleted, a topic made anew, offsets and metadata set by a tool, letters refused."""

from __future__ import annotations

import pytest

from tests.chaos import committed_state, letter_faults, topic_faults, two_hubs
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase
from tests.chaos.review import nothing_twice
from tests.conftest import MakeTopic


def test_deleted_while_stopped(make_case: MakeCase) -> None:
    """What retention removed is reported, exactly, and everything after it is delivered."""
    with make_case("retention passes the committed offset, connector stopped") as case:
        member, gone = topic_faults.deleted_while_stopped(case)
        assert topic_faults.reported(case, member) == gone
        assert member.metric("kafka_records_missed_total") == topic_faults.forget(case, gone)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_deleted_while_held_up(make_case: MakeCase) -> None:
    """The same while the connector runs: what is missing begins after the last record that it had read."""
    with make_case("retention passes the position, API down") as case:
        member, left = topic_faults.deleted_while_held_up(case)
        gaps = topic_faults.reported(case, member)
        assert {gap.partition: gap.last + 1 for gap in gaps} == left
        assert member.metric("kafka_records_missed_total") == topic_faults.forget(case, gaps)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_made_anew_while_idle(make_case: MakeCase, protocol: str) -> None:
    """Every lead of the new topic arrives.

    Until the connector looks at the topic's id again it reads the new topic from its old position; what it delivers
    meanwhile is delivered again, and counted.
    """
    with make_case("topic made anew while the connector idles, filled beyond its position", protocol) as case:
        topic_faults.made_anew_while_idle(case)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("leads", [topic_faults.LEADS // 2, 2 * topic_faults.LEADS])
def test_made_anew_while_stopped(make_case: MakeCase, leads: int) -> None:
    """Every lead of the new topic arrives, whether it is shorter or longer than the old position."""
    with make_case(f"topic made anew while the connector is stopped, {leads} leads") as case:
        topic_faults.made_anew_while_stopped(case, leads)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_set_back(make_case: MakeCase) -> None:
    """What a tool asks for is sent again, once."""
    with make_case("offsets set to 0 by a tool") as case:
        topic_faults.set_back(case)
        case.check(duplicates=True)
        assert max(case.api.counts().values()) == 2


def test_set_to_the_end(make_case: MakeCase) -> None:
    """What a tool skips is not sent."""
    with make_case("offsets set to the end by a tool") as case:
        skipped = topic_faults.set_to_the_end(case)
        case.check()
        nothing_twice(case)
        assert not skipped & case.api.counts().keys()


def test_foreign_metadata(make_case: MakeCase) -> None:
    """It counts as none: nothing is lost."""
    with make_case("foreign and damaged commit metadata", hubs=committed_state.TWO_HUBS) as case:
        topic_faults.foreign_metadata(case)
        case.check(duplicates=True)
        assert max(case.api.counts().values()) == 2


@pytest.mark.chaos
def test_metadata_overflow(make_case: MakeCase) -> None:
    """After kill -9 exactly the leads that did not fit are sent again, and all of them are counted."""
    with make_case("commit metadata overflows, then kill -9", hubs=two_hubs.HUBS, partitions=2) as case:
        member, unknown = topic_faults.overflow(case, 3000)
        again = sum(count - 1 for count in case.api.counts().values())
        counted = member.metric("leads_sent_again_total", cause="takeover")
        case.check(duplicates=True)
        assert again == unknown
        assert counted >= again


@pytest.mark.chaos
def test_dead_letters_refused(make_case: MakeCase) -> None:
    """Records that cannot be set aside hold their partitions' commits, and nothing else."""
    with make_case("poison records, dead-letter topic refuses writes for a while") as case:
        letter_faults.dead_letters_refused(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
@pytest.mark.parametrize(("takeover", "protocol"), [(False, "classic"), (True, "classic"), (True, "consumer")])
def test_receipts_and_duplicates(make_case: MakeCase, make_topic: MakeTopic, takeover: bool, protocol: str) -> None:
    """Every lead has a receipt, and events that come twice arrive once; what was in flight is excepted and counted."""
    receipts = make_topic(6, name="receipts", config={"cleanup.policy": "compact,delete"})
    name = "kill -9 with receipts, events twice, " + ("taken over" if takeover else "started again")
    with make_case(name, protocol) as case:
        twice = letter_faults.killed_with_receipts(case, receipts, takeover=takeover)
        case.check()
        again = sum(count - 1 for count in case.api.counts().values())
        assert again <= 8 * 50, "no more than can be in flight"
        last = letter_faults.last_receipts(case, receipts)
        assert last.keys() == twice.names
        assert {receipt["outcome"] for receipt in last.values()} <= {"delivered", "duplicate"}
        assert all("delivered" in receipt for receipt in last.values() if receipt["outcome"] == "duplicate")
