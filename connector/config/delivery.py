"""The section ``delivery``: batches, concurrency, retries, memory and deadlines."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from connector.config.problems import refuse
from connector.config.quantities import Count, Duration, PositiveDuration, Size
from connector.config.section import Section, default


class OnAmbiguous(StrEnum):
    """What happens to leads whose request was sent and not answered."""

    RESEND = "resend"
    PARK = "park"


def _available(value: OnAmbiguous) -> OnAmbiguous:
    if value is OnAmbiguous.PARK:
        raise refuse("park is not available in this version", "Use resend")
    return value


AmbiguousPolicy: TypeAlias = Annotated[OnAmbiguous, AfterValidator(_available)]


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
    """How much is held in memory between Kafka and the API; reading waits when it is full."""

    max_leads: Count = default(2000, le=1_000_000)
    """Most leads at a time."""
    max_bytes: Size = default("16MiB", ge=1024)
    """Most bytes of records at a time."""


class DeliverySettings(Section):
    """How leads get to the API."""

    batch: BatchSettings = default({})
    max_in_flight: Count = default(8, le=256)
    """Most requests for one hub at a time. Fewer are used while the API is slow or refuses."""
    on_ambiguous: AmbiguousPolicy = default("resend")
    """Leads whose request was sent and not answered: `resend` sends them again (a lead may arrive twice, none is \
lost). `park` is not available in this version."""
    retry: RetrySettings = default({})
    buffer: BufferSettings = default({})
    drain_timeout: PositiveDuration = default("20s")
    """Time for a shutdown: to send what was read, wait for the answers and commit. Keep it below the time after \
which the platform kills the process (Kubernetes: `terminationGracePeriodSeconds`, 30 s)."""
    revoke_timeout: PositiveDuration = default("10s")
    """Time for partitions that move to another member: to wait for the answers of their requests and commit."""
