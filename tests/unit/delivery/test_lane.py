"""The lane's rules, one by one, on a clock of our own."""

from __future__ import annotations

import pytest

from connector.delivery.breaker import BreakerState
from connector.delivery.lane import ROOM_AGAIN, SLOW, Flush
from connector.delivery.pacing import LONGEST_RETRY_AFTER
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim
from connector.delivery.storm import StormPolicy
from connector.leads.answer import Answer, AnswerClass
from connector.leads.outcome import Outcome, Reason
from tests.unit.delivery.lanes import (
    BAD,
    DOWN,
    FAILURES,
    LARGE,
    LOST,
    OK,
    all_taken,
    fail,
    fill,
    lane,
    shipment,
    taken,
    woken,
)

STORM = StormPolicy(share=0.75, min_leads=4)


def test_an_idle_lane_sends_at_once() -> None:
    """Nothing in flight: a lead does not wait for company."""
    quiet = lane()
    quiet.add(shipment(5.0))
    batch = taken(quiet, 5.0)
    assert (batch.flush, len(batch.shipments)) == (Flush.IDLE, 1)


def test_a_busy_lane_collects_until_linger_or_a_return_or_full() -> None:
    """Nagle's rule, each of its three ends."""
    busy = lane(max_leads=3)
    busy.add(shipment(0.0))
    first = taken(busy, 0.0)
    busy.add(shipment(0.0))
    assert busy.take(0.05) is None
    assert busy.wake_at() == 0.1
    assert taken(busy, 0.1).flush is Flush.LINGER
    busy.add(shipment(0.1))
    assert busy.take(0.1) is None
    busy.settle(first, OK, 0.11)
    assert taken(busy, 0.11).flush is Flush.RETURNED
    fill(busy, 3, 0.11)
    assert taken(busy, 0.11).flush is Flush.FULL


def test_draining_waits_for_nothing() -> None:
    """After SIGTERM what is there goes, busy or not."""
    busy = lane()
    busy.add(shipment())
    taken(busy, 0.0)
    busy.add(shipment())
    busy.drain()
    assert taken(busy, 0.0).flush is Flush.DRAIN


def test_what_follows_in_a_moment_is_waited_for_without_being_asked_again() -> None:
    """An idle lane whose leads are still being read: neither scraps nor a busy loop."""
    idle = lane()
    idle.add(shipment())
    assert idle.take(0.0, more_coming=True) is None
    assert idle.wake_at() == 0.1
    assert taken(idle, 0.0).flush is Flush.IDLE


def test_an_idle_lane_that_is_held_is_woken_when_the_hold_ends() -> None:
    """Not when the linger of its leads does: nothing is in flight then."""
    one = lane(linger=60.0, request_rate=1.0)
    fill(one, 1)
    one.settle(taken(one, 0.0), OK, 0.1)
    fill(one, 1, 0.2)
    assert one.take(0.2) is None
    assert one.wake_at() == 1.0
    assert taken(one, 1.0).flush is Flush.IDLE


def test_too_large_is_remembered() -> None:
    """After a 413 batches are no larger than the half that may pass."""
    one = lane(max_leads=40)
    fill(one, 80)
    one.settle(taken(one, 0.0), LARGE, 0.0)
    sizes = []
    while batch := one.take(0.0):
        sizes.append(len(batch.shipments))
        one.settle(batch, OK, 0.0)
    assert sizes == [20, 20, 20, 20]


def test_one_lead_that_is_too_large_does_not_make_all_others_go_alone() -> None:
    """What its batches seemed to say of their size was its doing; its own size is remembered."""
    one = lane(max_leads=8)
    giant = shipment(size=500)
    one.add(giant)
    fill(one, 7)
    aside = []
    while batch := one.take(0.0):
        aside += one.settle(batch, LARGE if giant in batch.shipments else OK, 0.0).set_aside
    assert [(lead, why.reason) for lead, why in aside] == [(giant, Reason.TOO_LARGE)]
    for size in (60, 63):
        for _ in range(8):
            one.add(shipment(size=size))
        assert len(taken(one, 0.0).shipments) == (8 if size == 60 else 7), "500 bytes were refused"


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_hold_the_lane_and_grow(kind: AnswerClass) -> None:
    """Each failure in a row doubles the longest wait; an accepted request forgets them."""
    one = lane(max_in_flight=1)
    one.add(shipment())
    now = 0.0
    waits = []
    for _ in range(7):
        one.settle(taken(one, now), Answer(kind, None), now)
        assert one.take(now) is None
        waits.append(round(woken(one) - now, 6))
        now = woken(one)
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8]
    assert one.failures == 7
    one.settle(taken(one, now), OK, now)
    assert one.failures == 0


def test_requests_that_fail_together_are_one_failure() -> None:
    """Eight time-outs of one outage make one step of back-off; even when no time passes between them."""
    one = lane(max_leads=1, breaker_failures=3)
    fill(one, 8)
    now = 0.0
    for count in (1, 2):
        for batch in all_taken(one, now):
            one.settle(batch, DOWN, now)
        assert (one.failures, one.state) == (count, BreakerState.CLOSED)
        now = woken(one)


def test_retry_after_is_kept_and_bounded() -> None:
    """The API's wish is granted in full, but not for days."""
    one = lane(max_in_flight=1)
    one.add(shipment())
    one.settle(taken(one, 0.0), Answer(AnswerClass.THROTTLED, 429, 7.0), 0.0)
    assert one.take(6.99) is None
    one.settle(taken(one, 7.3), Answer(AnswerClass.THROTTLED, 429, 1e9), 8.0)
    assert LONGEST_RETRY_AFTER <= woken(one) - 8.0 <= LONGEST_RETRY_AFTER + 1


def test_retry_after_outlives_an_acceptance() -> None:
    """A request that flew beside the refused one comes back well: the API still asked us to wait."""
    one = lane(max_leads=1, max_in_flight=2)
    fill(one, 3)
    first, second = all_taken(one, 0.0)
    one.settle(first, Answer(AnswerClass.THROTTLED, 429, 9.0), 0.1)
    one.settle(second, OK, 0.2)
    assert one.take(9.0) is None
    assert taken(one, 9.4)


def test_a_later_failure_does_not_shorten_the_wait() -> None:
    """Nor does parking take the shorter back-off for the end of it."""
    one = lane(max_leads=1, max_in_flight=2, park_after=5.0)
    fill(one, 3)
    first, second = all_taken(one, 0.0)
    one.settle(first, Answer(AnswerClass.THROTTLED, 429, 9.0), 0.1)
    one.settle(second, DOWN, 0.2)
    assert one.take(9.0) is None
    assert len(one.park(9.0)) == 3


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_that_fewer_requests_may_cure_halve_the_limit(kind: AnswerClass) -> None:
    """A wrong token or hub is not among them."""
    one = lane()
    fill(one, 1)
    one.settle(taken(one, 0.0), Answer(kind), 0.0)
    assert one.limit == (8 if kind in (AnswerClass.UNAUTHORIZED, AnswerClass.UNKNOWN_HUB) else 4)


def test_forgetting_and_failing_leave_the_count_of_bytes_right() -> None:
    """A batch is full by what is there, not by what was."""
    gone = Claim("leads", 1, PartitionProgress(0))
    one = lane(max_leads=100)
    fill(one, 1)
    taken(one, 0.0)
    one.add(shipment(size=9_990, claim=gone))
    gone.released = True
    one.forget()
    fill(one, 2)
    assert one.take(0.0) is None
    one = lane(breaker_failures=1)
    for _ in range(2):
        one.add(shipment(size=6_000))
    fail(one, 2)
    now = woken(one)
    one.settle(taken(one, now), OK, now)
    one.add(shipment(now, size=5_000))
    assert taken(one, now).flush is Flush.FULL


def test_an_unknown_hub_holds_unless_the_event_named_it() -> None:
    """The configuration's mistake loses no lead; the event's is the lead's own."""
    one = lane()
    one.add(shipment())
    assert not one.settle(taken(one, 0.0), Answer(AnswerClass.UNKNOWN_HUB, 404), 0.0).set_aside
    other = lane()
    other.add(shipment(hub_from_event=True))
    [(_, why)] = other.settle(taken(other, 0.0), Answer(AnswerClass.UNKNOWN_HUB, 404), 0.0).set_aside
    assert why.reason is Reason.UNKNOWN_HUB
    assert other.stalled_since is None


def test_what_goes_again_goes_before_what_waits() -> None:
    """A failed batch is not overtaken."""
    one = lane(max_leads=2)
    first = fill(one, 2)
    batch = taken(one, 0.0)
    fill(one, 2)
    one.settle(batch, DOWN, 0.0)
    again = taken(one, woken(one))
    assert (again.shipments, again.flush) == (first, Flush.RETRY)
    assert [lead.attempts for lead in first] == [2, 2]


# The breaker.


def test_the_breaker_opens_probes_and_closes() -> None:
    """Five failures open it; one lead at a time goes, ever more rarely; an acceptance lets the rest go, from one
    request at a time upwards."""
    one = lane(max_leads=2, max_in_flight=4)
    fill(one, 40)
    fail(one, 4)
    assert (one.state, one.limit) == (BreakerState.CLOSED, 1)
    now = woken(one)
    one.settle(taken(one, now), DOWN, now)
    assert (one.state, one.limit) == (BreakerState.OPEN, 1)
    waits = []
    for _ in range(3):
        waits.append(round(woken(one) - now, 6))
        now = woken(one)
        assert one.take(now - 0.001) is None
        probe = taken(one, now)
        assert (len(probe.shipments), one.state) == (1, BreakerState.HALF_OPEN)
        assert one.take(now + 100) is None and one.wake_at() is None, "exactly one"
        one.settle(probe, DOWN, now)
        assert (one.state, one.limit) == (BreakerState.OPEN, 1)
    assert waits == [3.2, 6.4, 12.8]
    now = woken(one)
    one.settle(taken(one, now), OK, now)
    assert (one.state, one.limit, one.failures) == (BreakerState.CLOSED, 1, 0)
    sizes = []
    while batches := all_taken(one, now):
        sizes.append([len(batch.shipments) for batch in batches])
        for batch in batches:
            one.settle(batch, OK, now)
    assert sizes[:4] == [[2], [2, 2], [2, 2], [2, 2, 2]]


@pytest.mark.parametrize("answer", [OK, BAD, LARGE])
def test_any_answer_that_shows_that_the_api_works_closes_the_breaker(answer: Answer) -> None:
    """It need not like the lead."""
    one = lane(storm=None)
    fill(one, 5)
    fail(one, 5)
    now = woken(one)
    one.settle(taken(one, now), answer, now)
    assert (one.state, one.stalled_since, one.limit) == (BreakerState.CLOSED, None, 1)


def test_a_lead_that_names_a_hub_that_is_not_there_closes_the_breaker_too() -> None:
    """The API answers for this lead; whether it takes others the next request shows."""
    one = lane(breaker_failures=1)
    for _ in range(2):
        one.add(shipment(hub_from_event=True))
    fail(one, 1)
    now = woken(one)
    assert one.settle(taken(one, now), Answer(AnswerClass.UNKNOWN_HUB, 404), now).set_aside
    assert (one.state, one.failures) == (BreakerState.CLOSED, 0)


def test_a_probe_waits_for_what_is_in_flight() -> None:
    """The breaker opened while another request hangs: nothing goes beside it."""
    one = lane(max_leads=1, breaker_failures=1)
    fill(one, 3)
    first, second, _ = all_taken(one, 0.0)
    fill(one, 1)
    one.settle(first, DOWN, 1.0)
    one.settle(second, DOWN, 1.0)
    assert one.take(100.0) is None
    assert one.wake_at() is None


@pytest.mark.parametrize("probe_leads", [1, 3])
def test_a_probe_is_cut_from_a_batch_and_the_rest_keeps_its_order(probe_leads: int) -> None:
    """Of fifty leads that wait to go again the first go; the other ones stay."""
    one = lane(breaker_failures=1, probe_leads=probe_leads)
    leads = fill(one, 50)
    fail(one, 1)
    now = woken(one)
    probe = taken(one, now)
    assert probe.shipments == leads[:probe_leads]
    assert one.held() == leads[probe_leads:]
    one.settle(probe, OK, now)
    assert taken(one, now).shipments == leads[probe_leads:]


def test_probes_take_turns_in_the_order_of_what_waits() -> None:
    """The rest of a batch before the next batch, then what is pending, then those that have had their turn."""
    one = lane(max_leads=2, breaker_failures=1)
    leads = fill(one, 4)
    for batch in all_taken(one, 0.0):
        one.settle(batch, DOWN, 0.0)
    leads += fill(one, 2)
    tried = []
    for _ in range(8):
        now = woken(one)
        probe = taken(one, now)
        tried += probe.shipments
        one.settle(probe, DOWN, now)
    assert tried == [*leads, *leads[:2]]


def test_a_probe_of_what_is_pending_is_small_too() -> None:
    """Nothing goes again, for what was in the failed request was parked."""
    one = lane(breaker_failures=1, park_ambiguous=True, probe_leads=2)
    leads = fill(one, 1)
    one.settle(taken(one, 0.0), LOST, 0.0)
    leads = fill(one, 5)
    assert taken(one, woken(one)).shipments == leads[:2]


def test_a_lead_that_the_api_cannot_digest_does_not_hold_the_others() -> None:
    """It gets a 500 whatever company it keeps. Every failed probe gives way to another lead, also where requests go one
    at a time: all others are delivered."""
    one = lane(max_leads=3, max_in_flight=2)
    poison, *others = fill(one, 200)
    # Those that are in its batch share its fate as long as it opens no breaker; then they go as probes.
    now, delivered = 0.0, []
    for _ in range(1000):
        if (batch := one.take(now)) is None:
            now = woken(one)
            continue
        delivered += one.settle(batch, DOWN if poison in batch.shipments else OK, now).delivered
        if len(delivered) == len(others):
            break
    assert len(delivered) == len(others) and one.held() == [poison]


def test_after_an_outage_the_oldest_go_first() -> None:
    """Probes took turns; when they are over, age decides again."""
    one = lane(max_leads=3, breaker_failures=1)
    leads = [lead for second in range(3) for lead in fill(one, 3, float(second))]
    fail(one, 3, 10.0)
    now = woken(one)
    probe = taken(one, now)
    assert probe.shipments == [leads[2]], "the two before it have had their turns"
    one.settle(probe, OK, now)
    order = []
    while batch := one.take(now):
        order += batch.shipments
        one.settle(batch, OK, now)
    assert order == [leads[0], leads[1], *leads[3:]]


def test_an_abandoned_probe_makes_room_for_another() -> None:
    """Its claim was released before it went."""
    one = lane(breaker_failures=1)
    fill(one, 2)
    fail(one, 1)
    now = woken(one)
    probe = taken(one, now)
    one.abandon(probe)
    assert one.state is BreakerState.OPEN
    assert taken(one, now).probe


# Ambiguous answers.


def test_ambiguous_leads_go_again_and_remember_it() -> None:
    """The default: a lead may arrive twice, none is lost."""
    one = lane()
    [lead] = fill(one, 1)
    now = fail(one, 2, answer=LOST)
    verdict = one.settle(taken(one, now + 1), DOWN, now + 1)
    assert not verdict.set_aside
    assert (lead.ambiguous, lead.attempts) == (2, 3)


def test_ambiguous_leads_are_parked_for_people_where_that_is_wanted() -> None:
    """Every lead of the request; the lane counts a failure all the same."""
    one = lane(park_ambiguous=True)
    leads = fill(one, 2)
    verdict = one.settle(taken(one, 0.0), LOST, 1.0)
    assert [lead for lead, _ in verdict.set_aside] == leads
    assert {(why.outcome, why.reason) for _, why in verdict.set_aside} == {(Outcome.PARKED, Reason.AMBIGUOUS)}
    assert (one.failures, one.stalled_since, one.waiting, leads[0].ambiguous) == (1, 1.0, 0, 1)
    fill(one, 1, 1.0)
    assert one.take(1.1) is None


# The storm guard.


def test_a_storm_holds_the_leads_and_ends_with_an_acceptance() -> None:
    """Three of four final results are refusals: from then on nothing is dead-lettered, one lead at a time is tried,
    each its turn, ever more rarely; the first that is accepted lets the others go, oldest first, one by one."""
    one = lane(max_leads=1, max_in_flight=4, storm=STORM)
    leads = [lead for second in range(9) for lead in fill(one, 1, float(second))]
    now = 10.0
    aside = []
    for batch, answer in zip(all_taken(one, now), [OK, BAD, BAD, BAD], strict=True):
        assert not one.storming
        aside += one.settle(batch, answer, now).set_aside
    assert one.storming and [lead for lead, _ in aside] == leads[1:3]
    assert (one.stalled_since, one.stalled(now), one.limit, one.failures) == (now, True, 1, 0)
    waits, tried = [], []
    for _ in range(7):
        waits.append(round(woken(one) - now, 6))
        assert one.take(woken(one) - 0.001) is None
        now = woken(one)
        probe = taken(one, now)
        assert one.take(now) is None, "one lead at a time"
        tried += probe.shipments
        assert not one.settle(probe, BAD, now).set_aside
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8]
    assert tried == [*leads[4:9], leads[3], leads[4]], "each its turn"
    now = woken(one)
    one.settle(taken(one, now), OK, now)
    assert (one.storming, one.stalled_since, one.limit) == (False, None, 1)
    assert one.held() == [leads[3], leads[4], *leads[6:9]]
    batch = taken(one, now)
    assert batch.shipments == [leads[3]]
    [(_, why)] = one.settle(batch, BAD, now).set_aside
    assert why.reason is Reason.REJECTED, "the window was cleared: it takes four results to call a storm again"


def test_what_was_in_flight_when_a_storm_began_neither_ends_it_nor_dies_of_it() -> None:
    """Its refused leads wait and are tried one at a time, whatever a breaker's probe may hold; a late acceptance says
    nothing of what caused the storm."""
    one = lane(max_leads=3, max_in_flight=3, storm=StormPolicy(share=1.0, min_leads=1), probe_leads=3)
    leads = fill(one, 9)
    first, second, third = all_taken(one, 0.0)
    while not one.storming:
        assert not one.settle(first, BAD, 0.0).set_aside
        first = one.take(0.0) or first
    assert not one.settle(second, BAD, 1.0).set_aside
    assert one.settle(third, OK, 1.0).delivered == leads[6:]
    assert one.storming and one.waiting == 6
    assert len(taken(one, woken(one)).shipments) == 1


def test_refusals_that_were_on_their_way_are_one_step_of_back_off() -> None:
    """They flew together."""
    one = lane(max_leads=1, storm=StormPolicy(share=1.0, min_leads=2))
    fill(one, 12)
    for batch in all_taken(one, 0.0):
        one.settle(batch, BAD, 0.0)
    assert one.storming and woken(one) == 0.2


def test_other_answers_do_not_make_a_storm() -> None:
    """Too large alone, and a hub that the event names: these leads' own mistakes."""
    one = lane(max_leads=1, storm=StormPolicy(share=0.5, min_leads=2))
    for _ in range(8):
        one.add(shipment(hub_from_event=True))
    for batch in all_taken(one, 0.0):
        kind = AnswerClass.UNKNOWN_HUB if batch.ticket % 2 else AnswerClass.TOO_LARGE
        assert one.settle(batch, Answer(kind), 0.0).set_aside
    assert not one.storming


def test_without_a_guard_every_refused_lead_is_dead_lettered() -> None:
    """It can be turned off."""
    one = lane(storm=None)
    fill(one, 60)
    aside = []
    while batch := one.take(0.0):
        aside += one.settle(batch, BAD, 0.0).set_aside
    assert len(aside) == 60


def test_an_outage_in_a_storm_is_an_outage_and_the_storm_goes_on() -> None:
    """Both hold; a refusal then ends the outage only."""
    one = lane(max_leads=1, storm=StormPolicy(share=1.0, min_leads=1), breaker_failures=2)
    fill(one, 3)
    one.settle(taken(one, 0.0), BAD, 0.0)
    now = fail(one, 2, woken(one))
    assert (one.storming, one.state, one.stalled_since) == (True, BreakerState.OPEN, 0.0)
    now = woken(one)
    one.settle(taken(one, now), BAD, now)
    assert (one.storming, one.state, one.waiting) == (True, BreakerState.CLOSED, 3)


# Stalled, held and parked.


def test_stalled_from_the_first_failure_to_the_first_acceptance() -> None:
    """Later failures do not move the beginning."""
    one = lane(max_leads=1, max_in_flight=1)
    fill(one, 3)
    assert (one.stalled_since, one.stalled(0.0)) == (None, False)
    now = fail(one, 3, 5.0)
    assert (one.stalled_since, one.stalled(now)) == (5.0, True)
    now = woken(one)
    one.settle(taken(one, now), OK, now)
    assert (one.stalled_since, one.stalled(now)) == (None, False)


def test_a_request_that_hangs_stalls_before_its_time_out() -> None:
    """The oldest in flight decides."""
    one = lane(max_leads=1)
    fill(one, 2)
    old, young = taken(one, 0.0), taken(one, 0.5)
    assert not one.stalled(SLOW) and one.stalled(SLOW + 0.01)
    one.settle(old, OK, 1.2)
    assert not one.stalled(1.2) and one.stalled(0.5 + SLOW + 0.01)
    one.settle(young, OK, 1.6)
    assert not one.stalled(100.0)


def test_a_hub_that_gets_more_than_it_takes_is_behind() -> None:
    """By its rate or by its answers: the lead that has waited longest decides, and what is in flight does not."""
    one = lane(max_leads=2, request_rate=1.0)
    fill(one, 3)
    one.settle(taken(one, 0.0), OK, 0.1)
    assert not one.behind(SLOW) and one.behind(SLOW + 0.01) and not one.stalled(SLOW + 0.01)
    one.settle(taken(one, 2.0), OK, 2.1)
    assert not one.behind(100.0)


def test_leads_that_cannot_be_written_down_let_those_in_doubt_go_first() -> None:
    """They wait together, and come back in their order; they have not been in a request."""
    one, claim = lane(max_leads=2, max_in_flight=1), Claim("leads", 0, PartitionProgress(0))
    leads = [shipment(claim=claim) for _ in range(6)]
    for lead in leads:
        one.add(lead)
    first = taken(one, 0.0)
    one.settle(first, LOST, 0.1)
    for lead in first.shipments:
        lead.record.in_doubt = True
    now = woken(one)
    fresh = taken(one, now)
    assert fresh.shipments == leads[2:4], "another batch has its turn after a failure"
    assert one.defer(fresh, {leads[2].record, leads[3].record}, now) == 2 and not fresh.shipments
    one.abandon(fresh)
    assert one.held() == leads and [lead.attempts for lead in leads] == [1, 1, 0, 0, 0, 0]
    again = taken(one, now)
    assert again.shipments == leads[:2], "and not the fifth and sixth, for which there is no room either"
    one.settle(again, OK, now)
    assert one.take(now) is None and woken(one) == pytest.approx(now + ROOM_AGAIN)
    assert taken(one, now + ROOM_AGAIN).shipments == leads[2:4]


def test_parking_begins_when_the_hub_has_failed_for_so_long() -> None:
    """The lane says when; failures in between do not put it off, and it asks once."""
    one = lane(park_after=60.0, max_in_flight=1)
    fill(one, 10)
    fail(one, 9, 5.0)
    assert woken(one) == 65.0, "before the back-off is over"
    assert one.take(65.0) is None
    assert not one.park(64.9)
    assert len(one.park(65.0)) == 10 and not one.waiting
    fill(one, 1, 66.0)
    assert woken(one) > 66.0, "the probe's time, not that of parking"


def test_while_the_back_off_runs_all_are_parked_and_then_all_but_the_probe() -> None:
    """The hub is never given up. A probe that fails is parked by the next call."""
    one = lane(park_after=20.0, breaker_failures=1, probe_leads=2)
    leads = fill(one, 10)
    one.settle(taken(one, 0.0), DOWN, 100.0)
    one.settle(taken(one, 101.0), DOWN, 110.0)
    now = 120.0
    assert one.park(now) == leads[2:], "oldest first; the back-off is over and nothing is in flight"
    assert not one.park(now), "what was kept stays kept"
    probe = taken(one, now)
    assert probe.shipments == leads[:2]
    late = fill(one, 2, now)
    assert one.park(now) == late, "a probe is under way"
    one.settle(probe, DOWN, now)
    assert one.park(now) == leads[:2]
    assert one.stalled(now) and not one.waiting


def test_leads_that_came_back_wait_in_place_and_serve_as_probes() -> None:
    """So none but them need stay."""
    one = lane(park_after=20.0, breaker_failures=1)
    leads = fill(one, 3)
    leads[1].returned = True
    one.settle(taken(one, 0.0), DOWN, 0.0)
    assert one.park(50.0) == [leads[0], leads[2]]
    assert taken(one, 50.0).shipments == [leads[1]]


def test_a_hub_that_came_back_is_not_parked() -> None:
    """Time counts from the first failure since the last acceptance."""
    one = lane(park_after=20.0)
    fill(one, 2)
    fail(one, 2)
    one.settle(taken(one, 1.0), OK, 1.0)
    fill(one, 2, 1.0)
    one.settle(taken(one, 15.0), DOWN, 15.0)
    assert not one.park(34.9) and one.park(35.0)


def test_a_storm_parks_nothing() -> None:
    """Refused leads are no reason to move everything."""
    one = lane(max_leads=1, storm=StormPolicy(share=1.0, min_leads=1), park_after=1.0)
    fill(one, 5)
    one.settle(taken(one, 0.0), BAD, 0.0)
    assert one.storming
    assert not one.park(100.0)


def test_held_is_what_waits_oldest_first() -> None:
    """Pending, to go again and tried; not what is in flight."""
    one = lane(max_leads=2, breaker_failures=1)
    leads = [lead for second in range(6) for lead in fill(one, 1, float(second))]
    fail(one, 2, 6.0)
    assert one.held() == leads and one.waiting == 6
    taken(one, woken(one))
    assert one.held() == [leads[0], *leads[2:]]


# Rates.


def test_a_rate_of_leads_bounds_batches_too() -> None:
    """No more than a second's worth in one request, and a single lead where the rate is below one."""
    one = lane(lead_rate=4.9)
    fill(one, 8)
    assert len(taken(one, 0.0).shipments) == 4
    assert woken(one) == pytest.approx(4 / 4.9)
    slow = lane(lead_rate=0.5)
    fill(slow, 2)
    assert len(taken(slow, 0.0).shipments) == 1
    assert woken(slow) == 2.0


def test_a_rate_of_requests() -> None:
    """However many leads each carries."""
    one = lane(max_leads=2, request_rate=4.0)
    fill(one, 8)
    taken(one, 1.0)
    assert one.take(1.24) is None
    taken(one, 1.25)
    assert woken(one) == 1.5
