"""Faults of the API that pass: slow, hanging, refusing, flapping, away for long."""

from __future__ import annotations

import pytest

from tests.chaos import api_faults
from tests.chaos.conftest import MakeCase
from tests.chaos.review import nothing_twice

MAX_IN_FLIGHT = 8
"""The default."""
FEW_DOZEN = 48
"""Dead letters that a change of the contract may cost."""


@pytest.mark.chaos
def test_slow_then_hanging(make_case: MakeCase) -> None:
    """Only what hung is sent again."""
    with make_case("slow, then hanging API") as case:
        api_faults.slow_then_hanging(case)
        case.check(duplicates=True)


@pytest.mark.chaos
def test_errors(make_case: MakeCase) -> None:
    """Leads wait and arrive once."""
    with make_case("API answers 500") as case:
        api_faults.errors(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
@pytest.mark.parametrize(("status", "form"), [(429, "seconds"), (503, "http-date")])
def test_throttled(make_case: MakeCase, status: int, form: str) -> None:
    """Nothing is sent for as long as the API asked for (a date has whole seconds, so up to one less)."""
    with make_case(f"{status} with Retry-After ({form})") as case:
        member = api_faults.throttled(case, status, form)
        case.check()
        nothing_twice(case)
        [run] = member.runs
    told = [request.ended for request in run.requests if request.answer == "throttled"]
    assert len(told) == 2
    # What was about to go when the answer came is not called back. Without a hold there would be a dozen a second.
    for end in told:
        assert end is not None
        early = [request for request in run.requests if end < request.started < end + 1.9]
        assert len(early) < MAX_IN_FLIGHT, f"{len(early)} requests after Retry-After: 3"


@pytest.mark.chaos
def test_flapping(make_case: MakeCase) -> None:
    """Nothing arrives twice, and the flow goes on in between."""
    with make_case("flapping API") as case:
        api_faults.flapping(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_down_for_long(make_case: MakeCase) -> None:
    """The breaker opens and one probe goes at a time; no rebalance; full speed afterwards."""
    with make_case("API down for longer than two sessions, leads keep coming") as case:
        opened, healed = api_faults.down_for_long(case)
        requests = api_faults.served(case)
        case.check()
        nothing_twice(case)
    probes = [each for each in requests if opened < each.start < healed]
    assert len(probes) >= 10
    assert api_faults.overlaps(probes) == 0
    before = api_faults.most_at_a_time([each for each in requests if each.start < opened and each.status == 200])
    after = api_faults.most_at_a_time([each for each in requests if each.start > healed and each.status == 200])
    assert after >= min(before, 4), f"{before} requests at a time before, {after} after"


@pytest.mark.chaos
def test_storm(make_case: MakeCase) -> None:
    """A mistake of the contract costs a few dozen dead letters, and everything else is delivered afterwards."""
    with make_case("the API refuses everything with 422") as case:
        letters = api_faults.storm(case)
        case.check()
        nothing_twice(case)
    assert 0 < letters <= FEW_DOZEN
