"""The invariants on evidence made by hand: each notices what it is for, and holds its peace otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos import invariants, report
from tests.chaos.duplicates import SENT_AGAIN
from tests.chaos.evidence import Accepted, Claim, Commit, Ending, Evidence, Recovery, Request, Run, Sample, SetAside

PLACE = ("leads", 0)
CLAIM = Claim(1, PLACE, fetched=0.9, at=1.0)


def a_run(name: str, requests: Sequence[Request], **more: object) -> Run:
    """A process with one claim that made these requests."""
    run = Run(name, Path(name), buffer=100, claims={1: CLAIM}, requests=list(requests))
    return dataclasses.replace(run, **more)  # type: ignore[arg-type]


def a_request(started: float, *offsets: int, answer: str | None = "accepted", took: float = 0.1) -> Request:
    """A request of the process's only claim."""
    return Request(started, {1: offsets}, 0, None if answer is None else started + took, answer)


def a_commit(at: float, offset: int, *resolved: tuple[int, int]) -> Commit:
    """What was seen of the partition at this time, in seconds."""
    return Commit("observer", at, round(at * 1000), PLACE, offset, resolved)


def told(count: float, at: float = 9.0) -> list[Sample]:
    """A process that counted so many leads sent again."""
    return [Sample(at, {SENT_AGAIN: count, invariants.OUTSTANDING: 50}, 100.0)]


GOOD = Evidence(
    case="made by hand",
    protocol="classic",
    produced={("leads", 0, 0): "a", ("leads", 0, 1): "b", ("leads", 0, 2): "c", ("leads", 0, 3): None},
    accepted=[Accepted("a", 2050), Accepted("b", 2050)],
    set_aside=[SetAside(("leads", 0, 2), 3000, parked=False)],
    copies={},
    commits=[a_commit(1.5, 0), a_commit(2.5, 2), a_commit(3.5, 4)],
    runs=[a_run("one", [a_request(2.0, 0, 1)], samples=told(0))],
    reset=None,
    anew=None,
    recovery=Recovery(0.5, 60, 0),
    memory_limit=200,
)
AGAIN = [Accepted("a", 2050), Accepted("b", 2050), Accepted("a", 5050)]


def broken(**changes: object) -> str:
    """The letters of the invariants that do not hold when this much of the good evidence is changed."""
    found = invariants.check_all(dataclasses.replace(GOOD, **changes))  # type: ignore[arg-type]
    return "".join(sorted(found.violations))


def restarted(first: Run, second: Run, **changes: object) -> str:
    """The same, for a lead that two processes sent, one after another."""
    second.claims = {1: Claim(1, PLACE, fetched=4.4, at=4.5)}
    return broken(runs=[first, second], accepted=AGAIN, **changes)


def test_all_is_well() -> None:
    """A lead dead-lettered and a tombstone among them."""
    found = invariants.check_all(GOOD)
    assert found.violations == {}
    assert (found.leads, found.lost, found.duplicated, found.dead_lettered, found.parked) == (3, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("letters", "changes"),
    [
        ("LW", {"accepted": [Accepted("a", 2050)]}),
        ("LW", {"set_aside": []}),
        ("W", {"commits": [a_commit(2.0, 1)]}),
        ("W", {"commits": [a_commit(2.5, 3)]}),
        ("M", {"commits": [a_commit(2.0, 0, (1, 2))]}),
        ("", {"commits": [a_commit(2.1, 0, (1, 2))]}),
        ("P", {"recovery": Recovery(None, 60, 7)}),
        ("P", {"runs": [a_run("one", [], how="died", ended=3.0, code=1)]}),
        ("P", {"runs": [a_run("one", [], how="stopped", ended=3.0, code=1)]}),
        ("", {"runs": [a_run("one", [], how="stopped", ended=3.0, code=0)]}),
        ("Z", {"runs": [a_run("one", [a_request(2.0, 0)], endings=[Ending(1.9, frozenset([PLACE]), lost=False)])]}),
        ("", {"runs": [a_run("one", [a_request(2.0, 0)], endings=[Ending(2.05, frozenset([PLACE]), lost=False)])]}),
        ("Z", {"runs": [a_run("one", [a_request(2.0, 0)], endings=[Ending(1.9, frozenset([PLACE]), lost=True)])]}),
        ("", {"runs": [a_run("one", [a_request(2.0, 0)], endings=[Ending(1.99, frozenset([PLACE]), lost=True)])]}),
        ("Z", {"runs": [a_run("one", [Request(2.0, {}, 1, 2.1, "accepted")])]}),
        ("B", {"runs": [a_run("one", [], samples=[Sample(1.0, {}, 201.0)])]}),
        ("B", {"runs": [a_run("one", [], samples=[Sample(1.0, {invariants.OUTSTANDING: 800.0}, 1.0)])]}),
    ],
)
def test_what_is_broken_is_named(letters: str, changes: dict[str, object]) -> None:
    """And nothing else."""
    assert broken(**changes) == letters


def test_a_lead_that_was_sent_again_after_a_kill() -> None:
    """It may be, once; not when its commit was there; and it is to be counted."""
    killed = a_run("one", [a_request(2.0, 0, 1)], how="killed", ended=2.2)
    again = a_run("two", [a_request(5.0, 0)], samples=told(1))
    early = [a_commit(1.5, 0), a_commit(5.5, 2)]
    assert restarted(killed, again, commits=early) == ""
    assert restarted(killed, again, commits=[*early, a_commit(2.15, 1)]) == "D"
    assert restarted(killed, again, commits=[*early, a_commit(2.15, 0, (0, 1))]) == "D"
    assert restarted(killed, a_run("two", [a_request(5.0, 0)], samples=told(0)), commits=early) == "D"
    asked_before = a_run("two", [a_request(5.0, 0)], samples=told(0, at=4.9))
    assert restarted(killed, asked_before, commits=early) == "", "what a killed process counted last is not known"


def test_a_lead_that_was_sent_again_after_an_orderly_end() -> None:
    """Only when its answer came too late, or a commit failed after it."""
    left = [Ending(2.2, frozenset([PLACE]), lost=False)]
    again = a_run("two", [a_request(5.0, 0)], samples=told(1))
    early = [a_commit(1.5, 0), a_commit(5.5, 2)]
    assert restarted(a_run("one", [a_request(2.0, 0, 1)], endings=left), again, commits=early) == "D"
    assert restarted(a_run("one", [a_request(2.0, 0, 1, took=1.0)], endings=left), again, commits=early) == ""
    assert restarted(a_run("one", [a_request(2.0, 0, 1, answer=None)], endings=left), again, commits=early) == ""
    failed = a_run("one", [a_request(2.0, 0, 1)], endings=left, refused=[(2.15, PLACE)])
    assert restarted(failed, again, commits=early) == ""
    lost = a_run("one", [a_request(2.0, 0, 1)], endings=[Ending(2.2, frozenset([PLACE]), lost=True)])
    assert restarted(lost, again, commits=early) == ""


def test_a_lead_that_a_process_sent_twice() -> None:
    """Only when there was no answer: what it was told it must remember, also while the partition was elsewhere."""
    samples = told(1)
    asked = [a_request(2.0, 0, 1, answer="ambiguous"), a_request(5.0, 0)]
    assert broken(accepted=AGAIN, runs=[a_run("one", asked, samples=samples)]) == ""
    asked = [a_request(2.0, 0, 1), a_request(5.0, 0)]
    assert broken(accepted=AGAIN, runs=[a_run("one", asked, samples=samples)]) == "D"
    claims = {1: CLAIM, 2: Claim(2, PLACE, fetched=4.4, at=4.5)}
    asked = [a_request(2.0, 0, 1), Request(5.0, {2: [0]}, 0, 5.1, "accepted")]
    early = [a_commit(1.5, 0), a_commit(5.5, 2)]
    back = a_run("one", asked, samples=samples, claims=claims, endings=[Ending(2.2, frozenset([PLACE]), lost=True)])
    assert broken(accepted=AGAIN, runs=[back], commits=early) == "D"


def test_a_process_that_goes_on_after_it_was_given_up() -> None:
    """It sends what another owner has sent since."""
    new = a_run("two", [a_request(5.0, 0)], samples=told(2))
    stale = a_run("one", [a_request(2.0, 1), a_request(6.0, 0)])
    assert restarted(stale, new, commits=[a_commit(1.5, 0), a_commit(7.0, 2)]) == "D"


def test_the_page() -> None:
    """A row for each case and protocol, summed over runs, and the mutations."""
    line = {
        "at": "2026-11-22T19:00:00Z",
        "versions": {"connector": "0.1.0", "kafka": "4.3.0"},
        "mutation": None,
        **dataclasses.asdict(invariants.check_all(GOOD)),
    }
    text = report.page(
        [line, {**line, "seconds_to_recover": 2.5}, {**line, "mutation": "m", "violations": {"W": []}}], 2
    )
    assert "| made by hand | classic | 2 | 6 | 0 | 0 |  | 0 | 2 | 1.5 |  |\n" in text
    assert "| m | W |\n" in text
    assert "2026-11-22. Versions: connector 0.1.0, kafka 4.3.0." in text
