"""The section ``delivery``: batches, concurrency, retries, memory and deadlines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from connector.config.problems import quote, refuse
from connector.config.quantities import Count, Duration, PositiveDuration, Size
from connector.config.section import Section, Shown, default

MOST_IN_FLIGHT = 256
"""The most that ``max_in_flight`` may be."""


class OnAmbiguous(StrEnum):
    """What happens to leads whose request was sent and not answered."""

    RESEND = "resend"
    PARK = "park"


class CrashSafety(StrEnum):
    """What happens to leads that were about to be sent when the process died."""

    RESEND = "resend"
    PARK = "park"


def _rate(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.001 <= value <= 1_000_000:
        raise refuse(f"{quote(value)} is not a rate", "Write a number of times a second, from 0.001 to 1000000")
    return float(value)


def _share(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.5 <= value <= 1:
        raise refuse(f"{quote(value)} is not a share", "Write a number from 0.5 to 1")
    return float(value)


Rate: TypeAlias = Annotated[
    float,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "number", "minimum": 0.001, "maximum": 1_000_000}),
    Shown("number a second"),
]
Share: TypeAlias = Annotated[
    float, BeforeValidator(_share), WithJsonSchema({"type": "number", "minimum": 0.5, "maximum": 1}), Shown("share")
]


class BatchSettings(Section):
    """How leads for one hub are put into one request. An idle hub gets its lead at once, whatever stands here."""

    max_leads: Count = default(50, le=10_000)
    """Most leads in one request."""
    max_bytes: Size = default("256KiB", ge=1024, le=64 * 1024 * 1024)
    """Largest request body, in bytes. A single lead that is larger is sent alone."""
    linger: Duration = default("100ms")
    """Longest time that a lead waits for others while requests for its hub are under way."""


class RetrySettings(Section):
    """Waiting between attempts: doubles from `initial` to `max`, with full jitter. Attempts never end."""

    initial: PositiveDuration = default("200ms")
    """Longest wait before the second attempt."""
    max: PositiveDuration = default("30s")
    """Longest wait before any attempt."""


class BufferSettings(Section):
    """How much is held in memory between Kafka and the API; reading waits when it is full. As much again may wait for \
hubs that take nothing, so that the others go on."""

    max_leads: Count = default(2000, le=1_000_000)
    """Most leads at a time."""
    max_bytes: Size = default("16MiB", ge=1024)
    """Most bytes of records at a time."""


class RatesSettings(Section):
    """Limits for each hub and process, where uContact or its campaigns must not get more. Nothing: no limit."""

    requests: Rate | None = None
    """Most requests a second."""
    leads: Rate | None = None
    """Most leads a second."""


class BreakerSettings(Section):
    """The circuit breaker of a hub: after failures in a row nothing is sent to it but probes."""

    failures: Count = default(5, le=1000)
    """Failures in a row after which it opens. Requests that fail together count as one."""
    probe_leads: Count = default(1, le=1000)
    """Most leads in a probe."""


class StormGuardSettings(Section):
    """Holds a hub's leads when the API refuses nearly all of them: then the contract or the configuration is wrong, and
    dead-lettering them would not help. One lead at a time is tried until one is accepted."""

    enabled: bool = True
    """Off: every refused lead is dead-lettered."""
    share: Share = default(0.9)
    """Share of the hub's last `min_leads` leads that must have been refused."""
    min_leads: Count = default(20, le=10_000)
    """Leads that are looked at; no storm is called before there are so many."""


class DeliverySettings(Section):
    """How leads get to the API."""

    batch: BatchSettings = default({})
    max_in_flight: Count = default(8, le=MOST_IN_FLIGHT)
    """Most requests for one hub at a time. Fewer are used while the API is slow or refuses."""
    rates: RatesSettings = default({})
    on_ambiguous: OnAmbiguous = default("resend")
    """Leads whose request was sent and not answered: `resend` sends them again (a lead may arrive twice, none is \
lost); `park` writes them to `review.topic`, for people to decide."""
    crash_safety: CrashSafety = default("resend")
    """Leads that were in a request when the process was killed: `resend` sends them again; `park` notes in the \
group's commits what is about to be sent, before it is sent (some milliseconds more a request), and after a crash \
writes those, and only those, to `review.topic`."""
    park_after: PositiveDuration | None = None
    """After a hub has taken nothing for so long, its leads go to `retries.topic`, from where they come back by \
themselves, so that they hold up nothing else. Nothing: they wait where they are."""
    retry: RetrySettings = default({})
    breaker: BreakerSettings = default({})
    storm_guard: StormGuardSettings = default({})
    buffer: BufferSettings = default({})
    drain_timeout: PositiveDuration = default("20s")
    """Time for a shutdown: to send what was read, wait for the answers and commit. Keep it below the time after \
which the platform kills the process (Kubernetes: `terminationGracePeriodSeconds`, 30 s)."""
    revoke_timeout: PositiveDuration = default("10s")
    """Time for partitions that move to another member: to wait for the answers of their requests and commit."""
