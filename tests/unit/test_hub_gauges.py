"""What is told of the hubs, whatever events name them."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from connector.delivery.breaker import BreakerState
from connector.delivery.lane import Lane, LanePolicy
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.hub_gauges import LONGEST, MOST, hub_states, set_hubs
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.spec import Endpoint
from connector.telemetry.metrics import Metrics

CLAIM = Claim("leads", 0, PartitionProgress(0))


def lane(destination: Destination, leads: int = 0, *, failed: bool = False) -> Lane:
    """A lane with so many leads waiting."""
    made = Lane(LanePolicy(breaker_failures=1), lambda: 0.5)
    for offset in range(leads + failed):
        record = Record(CLAIM, offset, None, None, b"x", None)
        made.add(Shipment(record, MappedLead(str(offset), None, "main", destination, b"{}"), 0.0))
        if failed and not offset:
            batch = made.take(0.0)
            assert batch is not None
            made.settle(batch, Answer(AnswerClass.UNAVAILABLE, 503), 0.0)
    return made


def test_a_hub_is_told_as_one_with_its_lists() -> None:
    """The worst state, the lowest limit, all leads."""
    fresh, listed = Destination("sales"), Destination("sales", Endpoint.LISTS, "monday")
    [(name, hub)] = hub_states([(fresh, lane(fresh, 3)), (listed, lane(listed, 2, failed=True))]).items()
    assert (name, hub.state, hub.limit, hub.in_flight, hub.waiting) == ("sales", BreakerState.OPEN, 1, 0, 6)


def test_of_too_many_hubs_those_are_told_that_need_attention() -> None:
    """Failing ones, then those with most leads."""
    hubs = [Destination(f"hub-{number:04}") for number in range(10 * MOST)]
    lanes = [(hub, lane(hub, leads=number == 7, failed=number == 500)) for number, hub in enumerate(hubs)]
    told = list(hub_states(lanes))
    assert len(told) == MOST
    assert told[:3] == ["hub-0500", "hub-0007", "hub-0000"]


@pytest.mark.parametrize("name", ["x" * 10_000, "\ud800", 'a"b\\c\nd', "", "\N{WOMAN}\u200d"])
def test_any_name_can_be_told(name: str) -> None:
    """Events may name it: the exposition must not fail for it."""
    metrics = Metrics()
    destination = Destination(name)
    set_hubs(metrics, hub_states([(destination, lane(destination, 1))]))
    text = generate_latest(metrics.registry).decode()
    [line] = [line for line in text.splitlines() if line.startswith("hub_leads_waiting{")]
    assert line.endswith(" 1.0") and len(line) < LONGEST + 40


def test_hubs_that_are_gone_leave_no_series() -> None:
    """The dispatcher forgets lanes without leads when there are very many."""
    metrics = Metrics()
    destination = Destination("sales")
    set_hubs(metrics, hub_states([(destination, lane(destination, failed=True))]))
    assert metrics.registry.get_sample_value("hub_breaker", {"hub": "sales", "state": "open"}) == 1
    set_hubs(metrics, hub_states([(destination, lane(destination))]))
    assert metrics.registry.get_sample_value("hub_breaker", {"hub": "sales", "state": "open"}) is None
    assert metrics.registry.get_sample_value("hub_breaker", {"hub": "sales", "state": "closed"}) == 1
    set_hubs(metrics, {})
    assert metrics.registry.get_sample_value("hub_breaker", {"hub": "sales", "state": "closed"}) is None
