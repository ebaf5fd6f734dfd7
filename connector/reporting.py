"""What happens, told to the operators: metrics, health and the log in one place.

Part of the composition root: it knows the vocabularies of the rooms, which know nothing of telemetry.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from prometheus_client import Histogram

from connector.delivery.lane import Flush
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.leads.outcome import Outcome, SetAside
from connector.telemetry.health import Health
from connector.telemetry.logs import Repeats
from connector.telemetry.metrics import Metrics

log = structlog.get_logger("connector")

_WHAT_TO_DO = {
    AnswerClass.UNAUTHORIZED: "the API refuses the token: put a valid one into ucontact.token_file, it is read again",
    AnswerClass.UNKNOWN_HUB: "the API does not know this hub: correct the route's hub, or create it in uContact",
    AnswerClass.THROTTLED: "the API asks to slow down; waiting as told",
    AnswerClass.UNAVAILABLE: "the API is unavailable; leads wait and are sent when it is back",
    AnswerClass.AMBIGUOUS: "a request got no answer: its leads may have arrived and are sent again (on_ambiguous)",
}


class Reporting:
    """Implements ``delivery.Observer`` (event loop) and ``kafka.KafkaWatch`` (Kafka thread). Never raises or blocks."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        self._metrics = metrics
        self._health = health
        self._repeats = Repeats()
        self._time_to_lead: dict[str, Histogram] = {}
        """By route: finding a metric by its label costs more than counting in it."""

    # Delivery, on the event loop.

    def request_started(self, destination: Destination, leads: int, flush: Flush) -> None:
        """Count the batch."""
        self._metrics.requests_in_flight.inc()
        self._metrics.batches.labels(flush.value).inc()
        self._metrics.batch_leads.observe(leads)

    def request_answered(self, destination: Destination, leads: int, answer: Answer, failures: int) -> None:
        """Count the answer, and say what to do about one that is not good."""
        self._metrics.requests_in_flight.dec()
        self._metrics.requests.labels(answer.kind.value).inc()
        self._metrics.request_seconds.observe(answer.seconds)
        log.debug(
            "request answered",
            hub=destination.hub,
            leads=leads,
            answer=answer.kind.value,
            status=answer.status,
            ms=round(answer.seconds * 1000, 1),
        )
        trouble = f"hub {destination.hub}"
        hint = _WHAT_TO_DO.get(answer.kind)
        if hint is None:
            if self._health.troubles.pop(trouble, None):
                log.info("the API accepts again", hub=destination.hub)
            return
        self._health.troubles[trouble] = hint
        if (kept_back := self._repeats.pass_on(f"{trouble} {answer.kind}")) is not None:
            log.warning(
                hint,
                hub=destination.hub,
                answer=answer.kind.value,
                status=answer.status,
                # An answer's body may quote a lead; a transport error's text is ours.
                error=answer.excerpt if answer.status is None else None,
                failures_in_a_row=failures,
                like_it_since=kept_back,
            )

    def delivered(self, shipments: list[Shipment], now_ms: int) -> None:
        """Leads that the API confirmed."""
        self._metrics.outcomes.labels(Outcome.DELIVERED.value, "").inc(len(shipments))
        for shipment in shipments:
            lead = shipment.lead
            since = lead.event_time_ms if lead.event_time_ms is not None else shipment.record.timestamp_ms
            if since is not None:
                histogram = self._time_to_lead.get(lead.route)
                if histogram is None:
                    histogram = self._time_to_lead[lead.route] = self._metrics.time_to_lead.labels(lead.route)
                histogram.observe(max(0, now_ms - since) / 1000)

    def set_aside(self, record: Record, why: SetAside) -> None:
        """A record whose setting aside is durable. Any thread."""
        self._metrics.outcomes.labels(why.outcome.value, why.reason.value).inc()
        log.debug("set aside", position=record.position, outcome=why.outcome.value, reason=why.reason.value)
        if why.outcome is not Outcome.FILTERED and (
            (kept_back := self._repeats.pass_on(f"set aside {why.reason}")) is not None
        ):
            log.warning(
                "a lead was set aside: look at the dead-letter topic",
                position=record.position,
                outcome=why.outcome.value,
                stage=why.stage.value,
                reason=why.reason.value,
                message=why.message,
                like_it_since=kept_back,
            )

    def defect(self, record: Record, error: Exception) -> None:
        """Our own mistake met this record; it goes to dead letters. The trace holds code, not the lead's values."""
        if (kept_back := self._repeats.pass_on(f"defect {type(error).__name__}")) is not None:
            trace = _trace(error)
            message = "a defect of the connector: please report it"
            log.error(message, position=record.position, trace=trace, like_it_since=kept_back)

    def registry_away(self, message: str) -> None:
        """The schema registry cannot be asked; records that need it wait."""
        self._health.troubles["schema registry"] = message
        if (kept_back := self._repeats.pass_on("registry")) is not None:
            log.warning("the schema registry cannot be asked; leads wait", error=message, like_it_since=kept_back)

    def registry_back(self) -> None:
        """It answered."""
        if self._health.troubles.pop("schema registry", None):
            log.info("the schema registry answers again")

    # Kafka, on its thread.

    def read(self, records: int, skipped: int) -> None:
        """Records were read."""
        self._metrics.records_read.inc(records)
        if skipped:
            self._metrics.records_skipped.inc(skipped)

    def assigned(self, claims: list[Claim], restored: int) -> None:
        """Partitions are ours."""
        if not self._health.joined:
            self._health.joined = True
            log.info("joined the group")
        self._health.troubles.pop("kafka", None)
        self._metrics.rebalances.labels("assigned").inc()
        self._metrics.partitions.inc(len(claims))
        if claims:
            log.info("partitions assigned", partitions=_names(claims), resolved_before=restored)

    def revoked(self, claims: list[Claim], *, lost: bool, seconds: float, unresolved: int) -> None:
        """Partitions are ours no more."""
        if lost:
            self._health.joined = False
        self._metrics.rebalances.labels("lost" if lost else "revoked").inc()
        self._metrics.partitions.dec(len(claims))
        for claim in claims:
            try:
                self._metrics.lag.remove(claim.topic, str(claim.partition))
            except KeyError:
                continue  # it left before its lag was known
        if claims:
            tell = log.warning if lost else log.info
            tell(
                "partitions lost: another member may own them" if lost else "partitions revoked",
                partitions=_names(claims),
                seconds=round(seconds, 3),
                given_up=unresolved,
            )

    def committed(self, partitions: int) -> None:
        """A commit is acknowledged: the cluster is at work."""
        self._health.troubles.pop("kafka", None)
        self._metrics.commits.inc()

    def commit_failed(self, message: str) -> None:
        """A commit is made again."""
        self._metrics.commit_failures.inc()
        if (kept_back := self._repeats.pass_on(f"commit {message}")) is not None:
            log.warning("a commit failed; it is made again", error=message, like_it_since=kept_back)

    def held(self, *, paused: bool) -> None:
        """The buffer stays full, or has room again."""
        if paused:
            self._metrics.holds.inc()
        log.debug("partitions paused: the buffer is full" if paused else "partitions resumed")

    def trouble(self, message: str) -> None:
        """Kafka reports an error that is gone on after."""
        self._health.troubles["kafka"] = message
        if (kept_back := self._repeats.pass_on(f"kafka {message}")) is not None:
            log.warning("Kafka: trying on", error=message, like_it_since=kept_back)

    def dead_letter_written(self) -> None:
        """The dead-letter topic takes letters."""
        if self._health.troubles.pop("dead letters", None):
            log.info("dead letters can be written again")

    def dead_letter_trouble(self, message: str) -> None:
        """A dead letter cannot be written; its record's partition waits."""
        self._health.troubles["dead letters"] = message
        if (kept_back := self._repeats.pass_on("dead letters")) is not None:
            text = "a dead letter cannot be written; its partition's progress waits"
            log.error(text, error=message, like_it_since=kept_back)

    def turned(self, lags: dict[Claim, int]) -> None:
        """The Kafka thread turns."""
        self._health.kafka_turned = self._health.clock()
        for claim, lag in lags.items():
            self._metrics.lag.labels(claim.topic, str(claim.partition)).set(lag)


def _names(claims: list[Claim]) -> list[str]:
    return sorted(map(str, claims))


def _trace(error: BaseException) -> list[str]:
    steps: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return [type(error).__name__, *steps[-8:]]
