"""What happens, told to the operators: metrics, health and the log in one place.

Part of the composition root: it knows the vocabularies of the rooms, which know nothing of telemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, get_args

import structlog
from prometheus_client import Counter

from connector.delivery.breaker import BreakerState
from connector.delivery.lane import Flush, Lane
from connector.delivery.record import Claim, Record, Shipment
from connector.hub_gauges import label_of
from connector.kafka.receipt_reader import ReceiptsRead
from connector.kafka.watch import Standing
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.leads.outcome import Outcome, Reason, SetAside
from connector.telemetry.alarms import Alarm
from connector.telemetry.health import Health
from connector.telemetry.histogram import Series
from connector.telemetry.logs import Repeats
from connector.telemetry.metrics import TIME_TO_LEAD_PARTS, Metrics
from connector.telemetry.recent import Answered, Aside, Rebalance, Recent
from connector.telemetry.troubles import Kind, Trouble, trouble
from connector.ucontact.client import Secret

log = structlog.get_logger("connector")

_ROUTE = "route "
"""What a route's troubles begin with."""
_ANSWERS = {
    AnswerClass.UNAUTHORIZED: Alarm.TOKEN_REFUSED,
    AnswerClass.UNKNOWN_HUB: Alarm.UNKNOWN_HUB,
    AnswerClass.THROTTLED: Alarm.THROTTLED,
    AnswerClass.UNAVAILABLE: Alarm.API_UNAVAILABLE,
    AnswerClass.AMBIGUOUS: Alarm.NO_ANSWER,
}
_SET_ASIDE = {
    Outcome.DEAD_LETTER: Alarm.DEAD_LETTER,
    Outcome.EXPIRED: Alarm.EXPIRED,
    Outcome.PARKED: Alarm.PARKED,
}
_DEAD_BEFORE_ROUTES = (
    Reason.UNKNOWN_FORMAT,
    Reason.UNKNOWN_SCHEMA,
    Reason.INCOMPATIBLE_SCHEMA,
    Reason.UNDECODABLE,
    Reason.INVALID_LEAD,
    Reason.NO_ROUTE,
    Reason.MISSING_FIELD,
    Reason.INVALID_FIELD,
    Reason.EXPRESSION_FAILED,
    Reason.INVALID_SCHEDULE,
    Reason.NO_TIMEZONE,
    Reason.INTERNAL_ERROR,
)
_DEAD_ON_ROUTES = (Reason.REJECTED, Reason.TOO_LARGE, Reason.UNKNOWN_HUB)
_MEANT = {
    Outcome.DUPLICATE: "a lead was delivered before and is not sent again",
    Outcome.FILTERED: "a lead was filtered, as the configuration says",
}


class _Route(NamedTuple):
    """What is counted of every delivered lead of a route."""

    delivered: Counter
    time_to_lead: Series
    in_kafka: Series
    waiting: Series
    api: Series


class Reporting:
    """Implements ``delivery.Observer`` (event loop) and ``kafka.KafkaWatch`` (Kafka thread). Never raises or blocks."""

    def __init__(self, metrics: Metrics, health: Health, now_ms: Callable[[], int]) -> None:
        """``now_ms``: milliseconds since the epoch."""
        self._now_ms = now_ms
        self._metrics = metrics
        self._health = health
        self._repeats = Repeats()
        self._open: set[Destination] = set()
        self._storms: set[Destination] = set()
        self.recent = Recent()
        self.standings: Mapping[Claim, Standing] = {}
        """Where our partitions stood a second ago at most; made anew each time."""
        self._by_route: dict[str, _Route] = {}
        """Finding a metric by its label costs more than counting in it."""
        self._begin()

    def expect(self, routes: Iterable[str]) -> None:
        """These are the routes that there are, beside those told before: no others become values of a label."""
        outcomes = self._metrics.outcomes
        for route in routes:
            self._route(route)
            for reason in _DEAD_ON_ROUTES:
                outcomes.labels(route, Outcome.DEAD_LETTER.value, reason.value)
            outcomes.labels(route, Outcome.EXPIRED.value, Reason.TOO_OLD.value)
            for reason in (Reason.AMBIGUOUS, Reason.IN_DOUBT):
                outcomes.labels(route, Outcome.PARKED.value, reason.value)

    def _begin(self) -> None:
        """Give what alerts count its series before anything is counted: of one that begins above 0, Prometheus does not
        know that it has increased."""
        outcomes = self._metrics.outcomes
        for reason in _DEAD_BEFORE_ROUTES:
            outcomes.labels("", Outcome.DEAD_LETTER.value, reason.value)
        outcomes.labels("", Outcome.EXPIRED.value, Reason.TOO_OLD.value)
        for reason in (Reason.AMBIGUOUS, Reason.IN_DOUBT):
            outcomes.labels("", Outcome.PARKED.value, reason.value)
        for answer in AnswerClass:
            self._metrics.requests.labels(answer.value)
        for what in get_args(Secret):
            self._metrics.secret_unusable.labels(what).set(0)

    # Delivery, on the event loop.

    def request_started(self, destination: Destination, leads: int, flush: Flush) -> None:
        """Count the batch."""
        self._metrics.requests_in_flight.inc()
        self._metrics.batches.labels(flush.value).inc()
        self._metrics.batch_leads.observe(leads)

    def lease_expired(self, leads: int) -> None:
        """Nothing is sent while the brokers do not confirm that the partitions are ours."""
        self._health.troubles["kafka"] = trouble(Kind.KAFKA, Alarm.NOT_OURS)
        self._sound(Alarm.NOT_OURS, leads=leads)

    def request_answered(self, destination: Destination, leads: int, answer: Answer, lane: Lane) -> None:
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
        answered = Answered(self._now_ms(), answer.kind.value, answer.status, answer.seconds)
        self.recent.answered(label_of(destination.hub), answered)
        self._tell_state(destination, lane, answer)
        name = f"hub {destination.hub}"
        alarm = _ANSWERS.get(answer.kind)
        if alarm is None:
            if self._health.troubles.pop(name, None):
                log.info("the API accepts again", hub=destination.hub)
            return
        if answer.kind is AnswerClass.UNKNOWN_HUB and not lane.failures:
            self._health.troubles.pop(name, None)  # events named it, and may name any number: nothing waits for it
        else:
            seen = answer.excerpt if answer.status is None else answer.status
            self._health.troubles[name] = trouble(Kind.HUB, alarm, f"{alarm.text} ({seen}): {alarm.do}")
        self._sound(
            alarm,
            by=destination.hub,
            hub=destination.hub,
            answer=answer.kind.value,
            status=answer.status,
            # An answer's body may quote a lead; a transport error's text is ours.
            error=answer.excerpt if answer.status is None else None,
            failures_in_a_row=lane.failures,
        )

    def _tell_state(self, destination: Destination, lane: Lane, answer: Answer) -> None:
        """Tell when a hub's breaker opens or closes, or a storm of refusals begins or ends."""
        opened, storming = lane.state is not BreakerState.CLOSED, lane.storming
        if opened != (destination in self._open):
            if opened:
                self._open.add(destination)
                known = {"answer": answer.kind.value, "status": answer.status}
                self._sound(Alarm.HUB_TAKES_NOTHING, by=destination.hub, hub=destination.hub, **known)
            else:
                self._open.discard(destination)
                log.info("the hub takes leads again", hub=destination.hub)
            self._metrics.hubs_open.set(len(self._open))
        if storming != (destination in self._storms):
            if storming:
                self._storms.add(destination)
                self._health.troubles[_refusals(destination)] = trouble(Kind.REFUSALS, Alarm.STORM)
                self._sound(Alarm.STORM, by=destination.hub, hub=destination.hub)
            else:
                self._storms.discard(destination)
                self._health.troubles.pop(_refusals(destination), None)
                log.info("the API accepts leads again: going on", hub=destination.hub)
            self._metrics.hubs_storming.set(len(self._storms))

    def delivered(self, shipments: list[Shipment], answer: Answer, now_ms: int) -> None:
        """Leads that the API confirmed by this answer at ``now_ms``, milliseconds since the epoch."""
        asked_ms = now_ms - round(answer.seconds * 1000)
        by_route: dict[str, list[Shipment]] = {}
        for shipment in shipments:
            by_route.setdefault(shipment.lead.route, []).append(shipment)
            if shipment.ambiguous:
                self._metrics.sent_again.labels("ambiguous").inc()
            elif shipment.record.in_doubt:
                self._metrics.sent_again.labels("takeover").inc()
            for dropped in shipment.lead.dropped:
                self._metrics.numbers_dropped.labels(dropped.why.value).inc(dropped.numbers)
        for route, own in by_route.items():
            told = self._by_route.get(route) or self._route(route)
            told.delivered.inc(len(own))
            told.api.observe(answer.seconds, len(own))
            in_all: list[int] = []  # milliseconds
            in_kafka: list[int] = []
            waiting: list[int] = []
            for each in own:
                since, read_ms = each.lead.event_time_ms, each.record.read_ms
                if since is None:
                    since = each.record.timestamp_ms
                if since is not None:
                    in_all.append(now_ms - since)
                    if read_ms is not None:
                        in_kafka.append(read_ms - since)
                if read_ms is not None:
                    waiting.append(asked_ms - read_ms)
            for series, times in ((told.time_to_lead, in_all), (told.in_kafka, in_kafka), (told.waiting, waiting)):
                series.observe_each([ms / 1000 if ms > 0 else 0.0 for ms in times])  # clocks may disagree

    def _route(self, route: str) -> _Route:
        metrics = self._metrics
        told = self._by_route[route] = _Route(
            metrics.outcomes.labels(route, Outcome.DELIVERED.value, ""),
            metrics.time_to_lead.labels(route),
            *(metrics.time_to_lead_parts.labels(route, part) for part in TIME_TO_LEAD_PARTS),
        )
        return told

    def set_aside(self, record: Record, why: SetAside, route: str | None) -> None:
        """A record whose setting aside is durable; ``route`` where one had taken it. Any thread."""
        route = route or record.part or ""
        if route not in self._by_route:
            route = ""  # a letter on the retry topic may name any
        self._metrics.outcomes.labels(route, why.outcome.value, why.reason.value).inc()
        log.debug("set aside", position=record.position, outcome=why.outcome.value, reason=why.reason.value)
        aside = Aside(self._now_ms(), record.position, why.message)
        self.recent.set_aside(why.outcome.value, why.reason.value, aside)
        if why.reason is Reason.TOMBSTONE:
            return
        known = {
            "position": record.position,
            "outcome": why.outcome.value,
            "stage": why.stage.value,
            "reason": why.reason.value,
            "message": why.message,
        }
        if (alarm := _SET_ASIDE.get(why.outcome)) is not None:
            self._sound(alarm, by=why.reason, **known)
        elif (kept_back := self._repeats.pass_on(f"{why.reason} {why.filter}")) is not None:
            log.info(_MEANT[why.outcome], **known, like_it_since=kept_back)

    def defect(self, record: Record, error: Exception) -> None:
        """Our own mistake met this record; it goes to dead letters. The trace holds code, not the lead's values."""
        self._sound(Alarm.DEFECT, by=type(error).__name__, position=record.position, trace=_trace(error))

    def receipts_read(self, claim: Claim, read: ReceiptsRead) -> None:
        """What was delivered from this partition before is known, or not."""
        if read.trouble is not None:
            self._sound(
                Alarm.RECEIPTS_UNREAD, by=read.trouble, partition=str(claim), error=read.trouble, read=read.receipts
            )
        elif read.receipts:
            log.info("receipts read", partition=str(claim), receipts=read.receipts, damaged=read.skipped)

    def secret_reloaded(self, what: Secret) -> None:
        """A token or certificate was read again and is in use."""
        self._metrics.secret_reloads.labels(what).inc()
        log.info("read again after a change", what=what)

    def secret_trouble(self, what: Secret, message: str) -> None:
        """A changed file cannot be used; what was read before stays in use."""
        self._metrics.secret_unusable.labels(what).set(1)
        self._health.troubles[what] = trouble(Kind.CREDENTIALS, Alarm.SECRET, message)
        Alarm.SECRET.sound(error=message)

    def secret_usable(self, what: Secret) -> None:
        """Its files are as they should be again."""
        self._metrics.secret_unusable.labels(what).set(0)
        self._health.troubles.pop(what, None)

    def file_read(self, what: str, path: Path, entries: int) -> None:
        """A suppression list, a table or the configuration was read again and is in use."""
        self._metrics.file_reloads.labels(what).inc()
        log.info(f"a {what} was read again after a change", file=str(path), entries=entries)

    def file_usable(self, what: str, path: Path) -> None:
        """Its file is as it should be."""
        self._health.troubles.pop(f"{what} {path}", None)

    def file_trouble(self, what: str, path: Path, message: str) -> None:
        """Its changed file cannot be used; what was read before stays in use."""
        found = trouble(Kind.FILE, Alarm.FILE, message)
        if self._health.troubles.get(key := f"{what} {path}") != found:
            self._health.troubles[key] = found
            Alarm.FILE.sound(what=what, error=message)

    def hubs_gone(self, destinations: Iterable[Destination]) -> None:
        """No leads go there any more: what was wrong with them is nobody's concern."""
        for destination in destinations:
            self._open.discard(destination)
            self._storms.discard(destination)
            for name in (f"hub {destination.hub}", _refusals(destination)):
                self._health.troubles.pop(name, None)
        self._metrics.hubs_open.set(len(self._open))
        self._metrics.hubs_storming.set(len(self._storms))

    def routes_paused(self, paused: Collection[str]) -> None:
        """The leads of these routes wait, and of no others."""
        troubles = self._health.troubles
        now = self._health.now_wrong()
        before = {name.removeprefix(_ROUTE) for name, each in now.items() if each.kind is Kind.PAUSE}
        for route in sorted(before.difference(paused)):
            del troubles[f"{_ROUTE}{route}"]
            log.info("the route is not paused any more: its leads go", route=route)
        for route in sorted(paused):
            troubles[f"{_ROUTE}{route}"] = Trouble(Kind.PAUSE, "paused by the configuration")
            if route not in before:
                log.info("the route is paused: its leads wait", route=route)

    def spans_lost(self, message: str) -> None:
        """Spans could not be exported, and are gone. Any thread."""
        self._sound(Alarm.SPANS, error=message)

    def registry_away(self, message: str) -> None:
        """The schema registry cannot be asked; records that need it wait."""
        self._health.troubles["schema registry"] = trouble(Kind.REGISTRY, Alarm.REGISTRY, message)
        self._sound(Alarm.REGISTRY, error=message)

    def registry_answered(self, *, found: bool) -> None:
        """The schema registry answered, with the schema or that it has none."""
        self._metrics.schemas_fetched.labels("found" if found else "unknown").inc()
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
            self._health.join()
            log.info("joined the group")
        self._health.troubles.pop("kafka", None)
        self._metrics.rebalances.labels("assigned").inc()
        self._metrics.partitions.inc(len(claims))
        if claims:
            self.recent.rebalanced(Rebalance(self._now_ms(), "assigned", tuple(_names(claims)), None))
            log.info("partitions assigned", partitions=_names(claims), resolved_before=restored)

    def revoked(self, claims: list[Claim], *, lost: bool, seconds: float, unresolved: int) -> None:
        """Partitions are ours no more."""
        if lost:
            self._health.joined = False
        self._metrics.rebalances.labels("lost" if lost else "revoked").inc()
        self._metrics.partitions.dec(len(claims))
        if not lost:
            self._metrics.revocation_seconds.observe(seconds)
        for claim in claims:
            for gauge in self._metrics.of_partition:
                try:
                    gauge.remove(claim.topic, str(claim.partition))
                except KeyError:
                    break  # it left before anything was known of it
        if claims:
            kind = "lost" if lost else "revoked"
            self.recent.rebalanced(Rebalance(self._now_ms(), kind, tuple(_names(claims)), seconds))
            known = {"partitions": _names(claims), "seconds": round(seconds, 3), "given_up": unresolved}
            if lost:
                Alarm.PARTITIONS_LOST.sound(**known)
            else:
                log.info("partitions revoked", **known)

    def committed(self, partitions: int) -> None:
        """A commit is acknowledged: the cluster is at work."""
        self._health.troubles.pop("kafka", None)
        self._metrics.commits.inc()

    def commit_failed(self, message: str) -> None:
        """A commit is made again."""
        self._metrics.commit_failures.inc()
        self._sound(Alarm.COMMIT_FAILED, by=message, error=message)

    def paused(self, partitions: int) -> None:
        """Partitions are paused, or none is any more."""
        if partitions:
            self._metrics.pauses.inc(partitions)
        log.debug("partitions paused" if partitions else "partitions resumed", partitions=partitions)

    def missed(self, claim: Claim, first: int, end: int, why: str) -> None:
        """Records that nobody can read any more."""
        self._metrics.records_missed.inc(end - first)
        Alarm.RECORDS_MISSING.sound(partition=str(claim), first=first, last=end - 1, records=end - first, why=why)

    def trouble(self, message: str) -> None:
        """Kafka reports an error that is gone on after."""
        self._health.troubles["kafka"] = trouble(Kind.KAFKA, Alarm.KAFKA, message)
        self._sound(Alarm.KAFKA, by=message, error=message)

    def topic_written(self, topic: str) -> None:
        """A topic takes our letters again."""
        self._health.troubles.pop(f"topic {topic}", None)
        log.info("letters can be written again", topic=topic)

    def topic_trouble(self, topic: str, message: str) -> None:
        """A letter or receipt cannot be written; its record's partition waits."""
        self._health.troubles[f"topic {topic}"] = trouble(Kind.TOPIC, Alarm.LETTER, message)
        self._sound(Alarm.LETTER, by=topic, topic=topic, error=message)

    def receipts_forgone(self, topic: str, receipts: int) -> None:
        """Receipts that were not written, because we stop or they are too many; their leads' outcomes stand."""
        self._metrics.receipts_missing.inc(receipts)
        self._sound(Alarm.RECEIPTS_FORGONE, by=topic, topic=topic, receipts=receipts)

    def turned(self, standings: dict[Claim, Standing]) -> None:
        """The Kafka thread turns."""
        self._health.kafka_turned = self._health.clock()
        self.standings = standings
        self._health.partitions = {str(claim): (s.watermark, s.distance) for claim, s in standings.items()}
        for claim, standing in standings.items():
            for gauge, figure in zip(self._metrics.of_partition, standing[1:], strict=True):
                gauge.labels(claim.topic, str(claim.partition)).set(figure)

    def _sound(self, alarm: Alarm, by: str = "", **fields: object) -> None:
        """Once in a while for each ``by``, with how many were kept back."""
        if (kept_back := self._repeats.pass_on(f"{alarm.slug} {by}")) is not None:
            alarm.sound(**fields, like_it_since=kept_back)


def _refusals(destination: Destination) -> str:
    return f"refusals of hub {destination.hub}"


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
