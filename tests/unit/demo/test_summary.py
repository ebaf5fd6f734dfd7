"""The summary: it adds up, or says what does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from rich.console import Console

from connector.demo.arrivals import percentile
from connector.demo.program import Counts, parse_counts
from connector.demo.summary import Summary, Times, render
from connector.leads.outcome import Outcome

COUNTS = Counts(
    10,
    Counter(
        {
            ("delivered", ""): 6,
            ("dead_letter", "missing_field"): 2,
            ("expired", "too_old"): 1,
            ("filtered", "tombstone"): 1,
        }
    ),
)
GOOD = Summary(
    produced=10,
    counts=COUNTS,
    times=Times(5, 20),
    sandbox={"accepted": 6, "distinct": 6, "duplicates": 0, "requests": 4},
    dead_letter_records=3,
    committed=10,
    expected={Outcome.DELIVERED: 6, Outcome.DEAD_LETTER: 2, Outcome.EXPIRED: 1, Outcome.FILTERED: 1},
    exit_code=0,
    seconds=1.0,
)
FEWER = Counts(10, COUNTS.outcomes - Counter({("delivered", ""): 1}))


def test_it_adds_up() -> None:
    """The machine's summary has the numbers by the names that the issue gives them."""
    value = GOOD.as_json()
    assert value["differences"] == [] and value["adds_up"] is True
    names = ("read", "delivered", "dead_letters", "expired", "filtered", "duplicates", "parked")
    assert [value[name] for name in names] == [10, 6, 2, 1, 1, 0, 0]
    assert value["time_to_lead_ms"] == {"p50": 5, "p99": 20}
    assert value["sandbox"] == GOOD.sandbox


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (replace(GOOD, produced=11), "11 leads were produced, the connector read 10"),
        (replace(GOOD, counts=FEWER, committed=9), "10 leads were read, 9 have an outcome"),
        (replace(GOOD, sandbox={**GOOD.sandbox, "distinct": 5}), "6 leads count as delivered, the sandbox has 5"),
        (replace(GOOD, sandbox={**GOOD.sandbox, "duplicates": 1}), "the sandbox got 1 leads more than once"),
        (replace(GOOD, dead_letter_records=2), "3 leads were set aside, the topic has 2"),
        (replace(GOOD, committed=9), "10 leads have an outcome, 9 are committed"),
        (replace(GOOD, exit_code=1), "the connector ended with exit code 1"),
        (replace(GOOD, exit_code=None), "the connector had to be killed"),
    ],
)
def test_what_does_not_add_up_is_said(summary: Summary, said: str) -> None:
    """Every witness is compared."""
    assert said in summary.differences()
    console = Console(width=120, color_system=None)
    with console.capture() as shown:
        console.print(render(summary))
    assert said in shown.get()


def test_commits_may_lag_behind_while_a_lead_has_no_outcome() -> None:
    """The watermark waits for it: no difference of its own."""
    summary = replace(GOOD, counts=FEWER, sandbox={**GOOD.sandbox, "distinct": 5}, committed=4)
    assert summary.differences() == ["10 leads were read, 9 have an outcome"]
    assert summary.waiting == 1


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.99, 7), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.99, 99), ([1, 2, 3], 1.0, 3)],
)
def test_a_percentile_is_a_value_that_occurred(values: list[int], share: float, expected: int | None) -> None:
    """Nearest rank."""
    assert percentile(values, share) == expected


def test_counts_are_read_from_the_connector_s_metrics() -> None:
    """The exposition of the very metrics that operators watch."""
    from prometheus_client import generate_latest

    from connector.telemetry.metrics import Metrics

    metrics = Metrics()
    metrics.records_read.inc(9)
    metrics.outcomes.labels("google", "delivered", "").inc(3)
    metrics.outcomes.labels("meta", "delivered", "").inc(2)
    metrics.outcomes.labels("meta", "dead_letter", "rejected").inc(1)
    metrics.outcomes.labels("", "dead_letter", "undecodable").inc(3)
    counts = parse_counts(generate_latest(metrics.registry).decode())
    assert (counts.read, counts.resolved, counts.of(Outcome.DEAD_LETTER)) == (9, 9, 4)
    assert list(counts.reasons(Outcome.DEAD_LETTER).items()) == [("undecodable", 3), ("rejected", 1)]
