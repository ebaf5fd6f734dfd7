"""Leads that wait elsewhere: for review when nobody knows whether they arrived, for a hub that takes nothing."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest

from connector.kafka.backpressure import MOST_WHILE_HELD
from tests.chaos import review, scenarios, two_hubs
from tests.chaos.bed import PROTOCOLS, Case
from tests.chaos.conftest import MakeCase
from tests.chaos.instruments import STEPS
from tests.chaos.review import nothing_twice
from tests.chaos.set_aside import read_set_aside
from tests.conftest import MakeTopic

ALWAYS = {("sent", "classic")}
"""What ``make test`` runs too."""


@pytest.fixture
def review_topic(make_topic: MakeTopic) -> str:
    """A topic for review."""
    return make_topic(1, name="review", config=review.LOG_APPEND_TIME)


@pytest.fixture
def retries(make_topic: MakeTopic) -> str:
    """A retry topic."""
    return make_topic(2, name="retries", config=review.LOG_APPEND_TIME)


@pytest.mark.parametrize(
    ("step", "protocol"),
    [
        pytest.param(step, protocol, marks=() if (step, protocol) in ALWAYS else pytest.mark.chaos)
        for step in STEPS
        for protocol in PROTOCOLS
    ],
)
def test_kill_9(make_case: MakeCase, review_topic: str, step: str, protocol: str) -> None:
    """Exactly what was in doubt is parked, no more than can be in flight; nothing arrives twice."""
    with make_case(f"kill -9: {step}, crash_safety: park", protocol) as case:
        case.parking.append(review_topic)
        doubt = review.kill_at(case, step, review_topic)
        case.check()
        nothing_twice(case)
        parked = review.parked(case)
        assert parked == doubt
        assert len(parked) <= review.IN_FLIGHT
        assert parked or step not in ("sent", "answer"), "the fault met nothing"


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_post_outlives_its_revocation(make_case: MakeCase, review_topic: str, protocol: str) -> None:
    """The next owner parks its leads, and nothing else."""
    with make_case("a POST that outlives its revocation, crash_safety: park", protocol) as case:
        case.parking.append(review_topic)
        one = scenarios.post_outlives_revocation(case, review.parking(review_topic))
        case.check()
        nothing_twice(case)
        [run] = one.runs
        under_way = {
            position
            for ending in run.endings
            for request in run.requests
            if request.started < ending.at < (request.ended or float("inf"))
            for position in review.positions(run, [request])
            if position[:2] in ending.partitions
        }
        parked = review.parked(case)
        assert parked, "the fault met nothing"
        assert parked <= under_way


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_parked_in_order(make_case: MakeCase, review_topic: str, protocol: str) -> None:
    """A rebalance and SIGTERM under load park nothing and repeat nothing."""
    with make_case("SIGTERM and rebalance under load, crash_safety: park", protocol) as case:
        case.parking.append(review_topic)
        review.in_order(case, review_topic)
        case.check()
        nothing_twice(case)
        assert not review.parked(case)


@pytest.mark.chaos
def test_what_certainly_had_no_effect_is_not_parked(make_case: MakeCase, review_topic: str) -> None:
    """Leads that the API answered with 500 are not in doubt: after kill -9 only the last probe may be."""
    with make_case("API answers 500, then kill -9, crash_safety: park") as case:
        case.parking.append(review_topic)
        doubt = review.refused_then_killed(case, review_topic)
        case.check()
        nothing_twice(case)
        parked = review.parked(case)
        assert parked == doubt
        assert len(parked) <= 2, "the breaker was open: one lead at a time, and one whose withdrawal was under way"


@pytest.mark.chaos
def test_requests_without_an_answer_are_parked(make_case: MakeCase, review_topic: str) -> None:
    """All of their leads, and no others."""
    with make_case("requests without an answer, on_ambiguous: park") as case:
        case.parking.append(review_topic)
        [run] = review.unanswered(case, review_topic).runs
        case.check()
        nothing_twice(case)
        assert review.parked(case) == review.positions(run, [r for r in run.requests if r.answer == "ambiguous"])


@pytest.mark.chaos
def test_one_of_two_hubs_is_down(make_case: MakeCase) -> None:
    """The other's leads go on, while those of the first wait in place."""
    with make_case("one of two hubs down, leads wait in place", **two_hubs.MAKE) as case:
        two_hubs.wait_in_place(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_one_of_two_hubs_falls_behind(make_case: MakeCase) -> None:
    """The other's leads do not wait until the common buffer has room again: that takes seconds each time."""
    with make_case("one of two hubs slower than its leads come", **two_hubs.MAKE) as case:
        rounds = two_hubs.falls_behind(case)
        case.check()
        nothing_twice(case)
    assert rounds > 15


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("at", "how", "protocol"),
    [
        ("", "", "classic"),
        ("parking", "stop", "classic"),
        ("parking", "kill", "classic"),
        ("return", "stop", "classic"),
        ("return", "kill", "classic"),
        ("return", "kill", "consumer"),
    ],
)
def test_parked_and_back(
    make_case: MakeCase, make_topic: MakeTopic, retries: str, at: str, how: str, protocol: str
) -> None:
    """Leads of a hub that is down leave the way and come back by themselves, oldest first, once each.

    What was parked and not committed when the process was killed stands on the retry topic twice: the second is known
    as a duplicate.
    """
    name = f"one of two hubs down, park_after, {how} in the midst of {at}" if at else "one of two hubs down, park_after"
    with make_case(name, protocol, **two_hubs.MAKE) as case:
        case.parking.append(retries)
        more: dict[str, Any] = {}
        if (at, how) == ("parking", "kill"):
            receipts = make_topic(6, name="receipts", config={"cleanup.policy": "compact,delete"})
            more = {"duplicates": {"key": "eventId"}, "receipts": {"topic": receipts}}
        isolated = two_hubs.parked_and_back(case, retries, at, how, **more)
        case.check()
        if how != "kill":
            nothing_twice(case)
        elif at == "parking":  # leads of the other hub were in flight; those that were parked came back once
            assert not [lead for lead, count in case.api.counts().items() if count > 1 and lead.startswith("away")]
        came_back_in_order(case, retries)
    assert isolated, "leads of the hub that is there were held up until the other was back"


def came_back_in_order(case: Case, retries: str) -> None:
    """All leads of the retry topic are with the API, first come first. Not so probes, each time another lead; and
    within a hand-over one whose rest is just over may overtake another whose rest is not."""
    _, copies = read_set_aside(case.broker.bootstrap_servers, case.dead, [retries])
    first: dict[str, int] = {}
    probes: set[str] = set()
    for place, line in enumerate(case.api.ledger()):
        if first.setdefault(line["lead"], place) == place and line["of"] == 1:
            probes.add(line["lead"])
    parked: dict[str, None] = {}
    for place_there, origin in sorted(copies.items()):
        lead = case.feed.produced[origin]
        assert lead is not None and lead in first, f"{lead} was parked at {place_there} and did not come back"
        if lead not in probes:
            parked.setdefault(lead)
    ranks = {lead: rank for rank, lead in enumerate(parked)}
    arrived = [ranks[lead] for lead in sorted(parked, key=first.__getitem__)]
    overtaken = max((most - rank for rank, most in zip(arrived, accumulate(arrived, max), strict=True)), default=0)
    assert overtaken < MOST_WHILE_HELD, f"a lead came back after one parked {overtaken} leads later\n{case.folder}"
