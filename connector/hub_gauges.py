"""The gauges of the hubs, brought up to date when somebody asks for them.

Part of the composition root: it knows the lanes of delivery and the metrics.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.delivery.breaker import BreakerState
from connector.delivery.lane import Lane
from connector.leads.mapped import Destination
from connector.telemetry.metrics import Metrics

MOST = 100
"""Hubs that have series of their own. Events may name any number: of more, those that fail come first, then those with
most leads."""
LONGEST = 100
"""Characters of a hub's name in a label."""

_WORST_FIRST = (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED)


@dataclass(slots=True)
class HubState:
    """One hub's lanes taken together: that for fresh leads, and one for each of its lists."""

    state: BreakerState
    limit: int
    in_flight: int = 0
    waiting: int = 0
    storming: bool = False
    """Its leads are held, for it refuses nearly all."""

    @property
    def told(self) -> str:
        """Its state as the status page has it."""
        return "refuses" if self.storming and self.state is BreakerState.CLOSED else self.state.value


def hub_states(lanes: Iterable[tuple[Destination, Lane]]) -> dict[str, HubState]:
    """The hubs that need most attention, by the name that their label gets; at most ``MOST``."""
    hubs: dict[str, HubState] = {}
    for destination, lane in lanes:
        name = label_of(destination.hub)
        hub = hubs.get(name)
        if hub is None:
            hub = hubs[name] = HubState(lane.state, lane.limit)
        hub.state = min(hub.state, lane.state, key=_WORST_FIRST.index)
        hub.limit = min(hub.limit, lane.limit)
        hub.in_flight += lane.in_flight
        hub.waiting += lane.waiting
        hub.storming |= lane.storming
    first = sorted(hubs.items(), key=lambda item: (_rank(item[1]), -item[1].waiting, item[0]))
    return dict(first[:MOST])


def _rank(hub: HubState) -> tuple[int, bool]:
    return _WORST_FIRST.index(hub.state), not hub.storming


def label_of(hub: str) -> str:
    """A hub's name as a label's value and on the status page: events may name it."""
    return hub[:LONGEST].encode("utf-8", "replace").decode()


def set_hubs(metrics: Metrics, hubs: dict[str, HubState]) -> None:
    """These hubs have series, and no others."""
    for gauge in (metrics.hub_breaker, metrics.hub_limit, metrics.hub_in_flight, metrics.hub_waiting):
        gauge.clear()
    for name, hub in hubs.items():
        metrics.hub_breaker.labels(name, hub.state.value).set(1)
        metrics.hub_limit.labels(name).set(hub.limit)
        metrics.hub_in_flight.labels(name).set(hub.in_flight)
        metrics.hub_waiting.labels(name).set(hub.waiting)
