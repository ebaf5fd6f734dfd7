"""What the status page shows, gathered from the running rooms.

Part of the composition root. Lives on the event loop; nothing here blocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import connector
from connector.config import Loaded
from connector.delivery.lane import Lane
from connector.hub_gauges import hub_states
from connector.leads.mapped import Destination
from connector.leads.outcome import Outcome, Reason
from connector.plan import Plan
from connector.reporting import Reporting
from connector.telemetry.health import Health
from connector.telemetry.history import Counted, History
from connector.telemetry.metrics import TIME_TO_LEAD_BOUNDS, Metrics
from connector.telemetry.status import Hub, Partition, Status

P95_MINUTES = 5
_NOT_WANTED = frozenset({Outcome.FILTERED, Outcome.DUPLICATE})
"""That a lead ends so is nobody's fault. (What waits on the retry topic, for its hub is down, comes back by itself: it
counts among those that wait.)"""


class StatusBoard:
    """Keeps the last hour, and tells how everything stands now."""

    def __init__(
        self,
        loaded: Loaded,
        plan: Plan,
        metrics: Metrics,
        health: Health,
        reporting: Reporting,
        now_ms: Callable[[], int],
    ) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._metrics = metrics
        self._health = health
        self._reporting = reporting
        self._now_ms = now_ms
        self._history = History(TIME_TO_LEAD_BOUNDS)
        self._configuration = configuration(loaded, plan)

    def configured(self, loaded: Loaded, plan: Plan) -> None:
        """Another configuration is in use."""
        self._configuration = configuration(loaded, plan)

    def look(self) -> None:
        """Take the counters for the history; called a few times a minute at least."""
        self._history.take(time.monotonic(), counted(self._metrics))

    def status(self, lanes: Iterable[tuple[Destination, Lane]], outstanding: int) -> Status:
        """Everything now; ``outstanding`` records are read and not resolved."""
        self.look()
        health, recent = self._health, self._reporting.recent
        return Status(
            now_ms=self._now_ms(),
            version=connector.__version__,
            joined=health.joined,
            draining=health.draining,
            troubles=health.now_wrong(),
            stuck=health.standstill.stuck(health.clock()),
            routes=self._history.routes(),
            p95=self._history.quantile(0.95, P95_MINUTES),
            outstanding=outstanding,
            hubs=[
                Hub(name, hub.told, hub.limit, hub.in_flight, hub.waiting, recent.answers.get(name))
                for name, hub in hub_states(lanes).items()
            ],
            partitions=[
                Partition(str(claim), *standing[1:])
                for claim, standing in sorted(
                    self._reporting.standings.items(), key=lambda item: (item[0].topic, item[0].partition)
                )
            ],
            aside=dict(recent.aside),
            rebalances=list(recent.rebalances),
            configuration=self._configuration,
        )


def counted(metrics: Metrics) -> dict[str, Counted]:
    """What the metrics say of each route since the start; the route "" is what was set aside before one took it."""
    delivered: dict[str, float] = {}
    aside: dict[str, float] = {}
    below: dict[str, list[float]] = {}
    for metric in metrics.outcomes.collect():
        for sample in metric.samples:
            if sample.labels["outcome"] in _NOT_WANTED or sample.labels["reason"] == Reason.HUB_DOWN:
                continue
            by = delivered if sample.labels["outcome"] == Outcome.DELIVERED else aside
            by[sample.labels["route"]] = by.get(sample.labels["route"], 0) + sample.value
    for metric in metrics.time_to_lead.collect():
        for sample in metric.samples:
            if sample.name.endswith("_bucket"):
                below.setdefault(sample.labels["route"], []).append(sample.value)
    return {
        route: Counted(delivered.get(route, 0), aside.get(route, 0), _each(below.get(route)))
        for route in sorted({*delivered, *aside})
        if route or aside.get(route)
    }


def _each(below: Sequence[float] | None) -> tuple[float, ...]:
    """From how many lie below each bound to how many lie between two."""
    if below is None:
        return (0.0,) * (len(TIME_TO_LEAD_BOUNDS) + 1)
    return tuple(number - before for number, before in zip(below, (0.0, *below), strict=False))


def configuration(loaded: Loaded, plan: Plan) -> list[tuple[str, str]]:
    """What this process was told to do, in short; no secrets."""
    settings = loaded.settings
    delivery, kafka = settings.delivery, settings.kafka
    lines = [
        ("reads", f"{', '.join(kafka.topics)} at {kafka.bootstrap_servers}"),
        ("as group", kafka.group_id),
        ("schema", plan.reader.fullname),
        ("API", settings.ucontact.url),
    ]
    for route, (_, weights) in zip(settings.mapping().routes, plan.mapper.destinations, strict=True):
        hubs = ", ".join(destination.hub for destination in weights) if weights else f"as {route.hub} says"
        paused = ", paused" if route.name in plan.paused else ""
        lines.append((f"route {route.name}", f"{route.channel.value} hub {hubs}{paused}"))
    lines += [
        ("dead letters", settings.dead_letters.topic),
        *((name, each.topic) for name, each in (
            ("receipts", settings.receipts), ("retries", settings.retries), ("review", settings.review),
        ) if each is not None),
        ("a request", f"at most {delivery.batch.max_leads} leads, {delivery.max_in_flight} at a time for each hub"),
        ("ends within", f"{delivery.drain_timeout.total_seconds():g} s"),
        ("time zones", f"tzdata {plan.tzdata}"),
    ]  # fmt: skip
    return lines
