"""The composition root: builds the rooms, runs them, and shuts them down with one deadline.

Two threads: the Kafka thread (``kafka.source``) and this one with the event loop for everything else.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import structlog

import connector
from connector.callbacks import watch_callbacks
from connector.config import ConfigurationError, Loaded
from connector.config.delivery import CrashSafety
from connector.delivery.backoff import Backoff
from connector.delivery.dispatcher import Dispatcher
from connector.delivery.duplicates import Window
from connector.delivery.holding import Holding
from connector.delivery.intake import Intake
from connector.delivery.lease import Lease
from connector.delivery.lists import Collector
from connector.delivery.record import Claim
from connector.delivery.unique import Unique
from connector.hub_gauges import hub_states, set_hubs
from connector.kafka.clients import Clients
from connector.kafka.outbox import Outbox
from connector.kafka.recall import Recall
from connector.kafka.registry import RegistryUnavailable
from connector.kafka.source import Source
from connector.kafka.topics import TopicMarks
from connector.leads.decode import SchemaKey
from connector.live import LiveConfiguration, take_over
from connector.parts import kafka_settings, lane_policy, most_requests, own_topics, registry, ucontact
from connector.plan import Plan
from connector.reporting import Reporting
from connector.reread import keep_current
from connector.settlement import Settlement, WrittenIntents
from connector.status import StatusBoard
from connector.telemetry.admin import AdminServer, build
from connector.telemetry.alarms import Alarm
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics
from connector.telemetry.status import Status
from connector.telemetry.troubles import Kind
from connector.watched import Unusable

if TYPE_CHECKING:
    from connector.traces import Traces

log = structlog.get_logger("connector")

T = TypeVar("T")

ASK_AGAIN = 60
"""Seconds after which the registry is asked again for schemas that it did not know: it may learn of them later."""
LOOK = 10
"""Seconds between two looks at the counters for the status page's last hour."""
LAST_SPANS = 2.0
"""Seconds that the exporter gets for the last spans, when all else has ended."""
LEAVE = 15.0
"""Seconds that the Kafka thread gets to commit and leave the group after the drain."""


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Service:
    """One run of the connector. Build it (raises ConfigurationError when its address is taken, or spans are wanted and
    cannot be made), await ``run`` once."""

    def __init__(self, loaded: Loaded, plan: Plan) -> None:
        self._settings = settings = loaded.settings
        self._loaded = loaded
        self._plan = plan
        self._metrics = Metrics()
        self._health = Health()
        self._reporting = Reporting(self._metrics, self._health, now_ms)
        self._board = StatusBoard(loaded, plan, self._metrics, self._health, self._reporting, now_ms)
        self._drain_timeout = settings.delivery.drain_timeout.total_seconds()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._metrics.build.labels(connector.__version__, plan.tzdata).set(1)
        self._configured()
        self._traces = self._tracing()
        self._admin: AdminServer | None = None
        self._files: asyncio.Task[None] | None = None
        self._bind()

    def _tracing(self) -> Traces | None:
        """What makes spans, where that is wanted. Its library is imported only then."""
        if not self._settings.telemetry.traces:
            return None
        try:
            from connector.traces import Traces
        except ModuleNotFoundError as error:
            message, hint = f"{error.name} is not installed", 'Install "lead-connector[otel]", or set it to false'
            raise ConfigurationError([self._loaded.problem(("telemetry", "traces"), message, hint)]) from error
        return Traces(connector.__version__, self._reporting.spans_lost)

    def _bind(self) -> None:
        if (listen := self._settings.telemetry.listen) is None:
            return
        app = build(self._metrics, self._health, self._refresh, self._status)
        try:
            self._admin = AdminServer(app, listen.host, listen.port)
        except OSError as error:
            message = f"cannot listen on {listen.host}:{listen.port}: {(error.strerror or str(error)).lower()}"
            problem = self._loaded.problem(("telemetry", "listen"), message, "Choose another port, or off")
            raise ConfigurationError([problem]) from error

    def _configured(self) -> None:
        """Tell what is configured now."""
        settings = self._loaded.settings
        self._reporting.expect([route.name for route in settings.routes])
        rates = settings.delivery.rates
        self._metrics.rate_limits.clear()
        for of, rate in (("requests", rates.requests), ("leads", rates.leads)):
            if rate is not None:
                self._metrics.rate_limits.labels(of).set(rate)
        self._reporting.routes_paused(self._plan.paused)

    def _refresh(self) -> None:
        """Bring the gauges up to date that are cheaper to ask for than to keep."""
        self._metrics.outstanding.set(self._source.outstanding)
        self._metrics.waiting.set(self._dispatcher.waiting)
        self._metrics.token_expiry.set(self._api.token_expires_at or 0)
        set_hubs(self._metrics, hub_states(self._dispatcher.lanes.items()))
        troubles = Counter(trouble.kind for trouble in self._health.now_wrong().values())
        for kind in Kind:
            self._metrics.troubles.labels(kind.value).set(troubles[kind])
        waiting = self._intake.paused
        self._metrics.paused.clear()
        for route in self._plan.paused:
            self._metrics.paused.labels(route).set(waiting[route])

    def _status(self) -> Status:
        return self._board.status(self._dispatcher.lanes.items(), self._source.outstanding)

    async def run(self) -> int:
        """Until SIGTERM or SIGINT: 0, or 1 after a failure. A second signal ends the process at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        watch_callbacks(loop, self._failed)
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._run(loop, tasks)
        except* Exception as group:  # noqa: BLE001 - reported below, and the exit code says so
            self._failure = group.exceptions[0]
        if self._failure is not None:
            Alarm.FAILED.sound(exc_info=self._failure)
            return 1
        log.info("stopped")
        return 0

    async def _run(self, loop: asyncio.AbstractEventLoop, tasks: asyncio.TaskGroup) -> None:
        api = self._api = ucontact(
            self._loaded,
            on_reload=self._reporting.secret_reloaded,
            on_trouble=self._reporting.secret_trouble,
            on_usable=self._reporting.secret_usable,
        )
        self._registry = registry(self._loaded)
        settlement = Settlement(own_topics(self._loaded), connector.__version__, self._reporting, now_ms)
        clients = Clients(kafka_settings(self._loaded), self._reporting.trouble)
        unique = self._unique = self._duplicates(clients, settlement, tasks)
        outcomes = unique or settlement
        delivery = self._settings.delivery
        lease = Lease(clients.settings.lease)
        dispatcher = self._dispatcher = Dispatcher(
            lane_policy(self._loaded),
            api.post,
            outcomes,
            self._reporting,
            tasks.create_task,
            now_ms,
            lease,
            most_requests=most_requests(self._loaded),
            intents=WrittenIntents(settlement) if delivery.crash_safety is CrashSafety.PARK else None,
            around=None if self._traces is None else self._traces.around,
        )
        buffer = delivery.buffer
        collector = self._collector = Collector(dispatcher, outcomes, buffer.max_leads, buffer.max_bytes)
        intake = self._intake = Intake(
            self._plan.decoder,
            self._plan.mapper,
            unique or collector,
            outcomes,
            self._learn,
            self._reporting.defect,
            tasks.create_task,
            now_ms,
            park_in_doubt=delivery.crash_safety is CrashSafety.PARK,
            paused=self._plan.paused,
            longest_rest=0.0 if self._settings.retries is None else self._settings.retries.pause.total_seconds(),
            caught_up=lambda: holding.tell(),
        )

        def release() -> Future[None]:
            done: Future[None] = Future()

            def on_loop() -> None:
                intake.release()
                if unique is not None:
                    unique.release()
                collector.release()
                dispatcher.release()
                done.set_result(None)

            loop.call_soon_threadsafe(on_loop)
            return done

        if unique is not None:
            unique.dispatcher = collector
        settlement.outbox = Outbox(
            clients.producer,
            on_trouble=self._reporting.topic_trouble,
            on_written=self._reporting.topic_written,
            on_forgone=self._reporting.receipts_forgone,
        )
        source = self._source = settlement.source = Source(
            clients.settings,
            clients.consumer,
            TopicMarks(clients.admin, self._reporting.trouble),
            settlement.outbox,
            lease,
            lambda claims: _on_loop(loop, self._assigned, claims),
            lambda records: _on_loop(loop, intake.receive, records),
            release,
            self._reporting,
            lambda error: _on_loop(loop, self._failed, error),
        )

        holding = Holding(dispatcher, intake, [collector, *([] if unique is None else [unique])], source.hold)
        background = [tasks.create_task(self._turn(holding)), tasks.create_task(holding.run())]
        self._spawn = tasks.create_task
        self._keep_files()
        if (live := self._live()) is not None:
            loop.add_signal_handler(signal.SIGHUP, live.ask)
            background.append(tasks.create_task(live.follow()))
        if self._admin is not None:
            background.append(tasks.create_task(self._admin.serve()))
        log.info(
            "started",
            version=connector.__version__,
            tzdata=self._plan.tzdata,
            bootstrap_servers=self._settings.kafka.bootstrap_servers,
            group=self._settings.kafka.group_id,
            topics=list(clients.settings.topics),
            api=api.base_url,
            admin=None if self._admin is None else f"http://{self._admin.address}/",
        )
        source.start()
        try:
            await self._stop.wait()
            if self._failure is None:
                await self._drain(source, dispatcher, holding)
        finally:
            await dispatcher.close()
            intake.close()
            collector.close()
            if unique is not None:
                unique.close()
            source.finish()
            await asyncio.to_thread(source.join, LEAVE)
            if source.is_alive():
                Alarm.KAFKA_HOLDS.sound(seconds=LEAVE)
            await api.aclose()
            if self._registry is not None:
                await self._registry.aclose()
            if self._traces is not None:
                await asyncio.to_thread(self._traces.close().join, LAST_SPANS)
            for task in (*background, *([] if self._files is None else [self._files])):
                task.cancel()

    def _live(self) -> LiveConfiguration | None:
        try:
            return LiveConfiguration(self._loaded, self._plan, self._adopt, self._reporting)
        except Unusable as error:
            log.info("a change of the configuration needs a restart", reason=str(error))
            return None

    def _adopt(self, loaded: Loaded, plan: Plan) -> None:
        """Go on with other routes and limits."""
        if self._stop.is_set():
            return
        before, self._loaded, self._plan = self._plan, loaded, plan
        gone = take_over(before, loaded, plan, self._intake, self._unique, self._collector, self._dispatcher)
        self._reporting.hubs_gone(gone)
        self._configured()
        self._board.configured(loaded, plan)
        self._keep_files()

    def _keep_files(self) -> None:
        """Have the files beside the configuration read again when they change."""
        if self._files is not None:
            self._files.cancel()
        files = self._plan.files
        self._files = self._spawn(keep_current(files, self._reporting)) if files else None

    def _duplicates(self, clients: Clients, settlement: Settlement, tasks: asyncio.TaskGroup) -> Unique | None:
        duplicates, receipts = self._settings.duplicates, self._settings.receipts
        if duplicates is None:
            return None
        seconds, most = duplicates.window.total_seconds(), duplicates.max_keys
        recall = None
        if receipts is not None:
            told = self._reporting.receipts_read
            recall = Recall(clients.reader, receipts.topic, seconds, most, now_ms, told)
        return Unique(Window(seconds, most), settlement, recall, tasks.create_task, now_ms)

    def _assigned(self, claims: list[Claim]) -> None:
        """Partitions are ours. Have it asked what was delivered from them; what comes back from the retry topic has its
        receipts where it was first read."""
        self._collector.assigned(claims)
        if self._unique is not None:
            retries = self._settings.retries
            self._unique.assigned([c for c in claims if retries is None or c.topic != retries.topic])

    async def _drain(self, source: Source, dispatcher: Dispatcher, holding: Holding) -> None:
        """Stop reading, flush at once, and wait for answers until the deadline."""
        deadline = time.monotonic() + self._drain_timeout
        self._health.draining = True
        log.info("draining", outstanding=source.outstanding, seconds=self._drain_timeout)
        source.stop_reading()
        dispatcher.drain()
        while source.outstanding and time.monotonic() < deadline:
            # Not for leads that nothing is tried for: a hub takes nothing, the registry is away.
            if not dispatcher.in_flight and source.outstanding <= holding.count():
                break
            await asyncio.sleep(0.005)
        if source.outstanding:
            Alarm.UNFINISHED.sound(unresolved=source.outstanding, requests_in_flight=dispatcher.in_flight)

    async def _turn(self, holding: Holding) -> None:
        for turn in itertools.count(1):
            self._health.turn(hindered=holding.holds)
            if turn % LOOK == 0:
                self._board.look()
            if turn % ASK_AGAIN == 0:
                self._plan.decoder.forget_unknown()
            await asyncio.sleep(1)

    async def _learn(self, key: SchemaKey) -> None:
        """Ask the registry until it answers, and tell the decoder."""
        backoff = Backoff(0.2, 10.0)
        failures = 0
        while self._registry is not None:
            try:
                fetched = await self._registry.fetch(key)
            except RegistryUnavailable as error:
                failures += 1
                self._reporting.registry_away(str(error))
                await asyncio.sleep(backoff.delay(failures, lambda: 1.0))
            else:
                self._reporting.registry_answered(found=fetched is not None)
                if fetched is None:
                    break
                self._plan.decoder.learn(key, fetched.text, fetched.references, fetched.kind)
                return
        self._plan.decoder.learn(key, None)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            Alarm.SECOND_SIGNAL.sound()
            os._exit(1)
        self._stop.set()

    def _failed(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stop.set()


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], argument: T) -> None:
    loop.call_soon_threadsafe(call, argument)
