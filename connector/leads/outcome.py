"""How a record can end: the closed vocabulary of outcomes, stages and reasons (DESIGN.md part 1).

Dead-letter headers, metrics, the log and the summaries use these words and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Every record read ends in exactly one of these."""

    DELIVERED = "delivered"
    """The API confirmed it."""
    DEAD_LETTER = "dead_letter"
    """Set aside on the dead-letter topic with a reason, acknowledged by the broker."""
    EXPIRED = "expired"
    """Too old to be called; dead-lettered with that reason."""
    FILTERED = "filtered"
    """Not a lead to call (a tombstone, or the configuration's filters say so); kept nowhere."""
    DUPLICATE = "duplicate"
    """Delivered before, as far as the duplicate window knows."""
    PARKED = "parked"
    """On the review or retry topic, acknowledged by the broker. From the retry topic it comes back by itself and then
    ends in another outcome."""


class Stage(StrEnum):
    """Where on its way a lead was set aside."""

    DECODE = "decode"
    CHECK = "check"
    FILTER = "filter"
    ROUTE = "route"
    MAP = "map"
    DELIVER = "deliver"


class Reason(StrEnum):
    """Why a lead was set aside. Bounded, so it can be a metric label."""

    TOMBSTONE = "tombstone"
    """The record has no value (filtered)."""
    UNKNOWN_FORMAT = "unknown_format"
    """The bytes are in none of the formats the topic may carry."""
    UNKNOWN_SCHEMA = "unknown_schema"
    """The registry (or configuration) does not know the schema the record names."""
    INCOMPATIBLE_SCHEMA = "incompatible_schema"
    """The writer's schema does not resolve to the reader schema, has a record type that is not read, or is not Avro."""
    UNDECODABLE = "undecodable"
    """The bytes do not decode with the schema they name."""
    INVALID_LEAD = "invalid_lead"
    """It decodes, but does not satisfy the reader schema (JSON topics)."""
    EXCLUDED = "excluded"
    """A filter's condition holds (filtered)."""
    SUPPRESSED = "suppressed"
    """The lead is on a filter's suppression list (filtered)."""
    NO_ROUTE = "no_route"
    """No route matches (filtered where ``unmatched`` says so)."""
    MISSING_FIELD = "missing_field"
    """A contact property that the channel requires is absent or empty."""
    INVALID_FIELD = "invalid_field"
    """A contact property has a value the channel does not take."""
    EXPRESSION_FAILED = "expression_failed"
    """An expression or function of the mapping raised."""
    INVALID_SCHEDULE = "invalid_schedule"
    """The call-back time cannot be read, or is in the past where that is refused."""
    NO_TIMEZONE = "no_timezone"
    """A call-back time without a time zone to express it in."""
    TOO_OLD = "too_old"
    """Older than the route's max_age (expired)."""
    REJECTED = "rejected"
    """The API refused this lead alone (400, 422)."""
    TOO_LARGE = "too_large"
    """The API refused this lead alone for its size (413)."""
    UNKNOWN_HUB = "unknown_hub"
    """The API does not know the hub, and the hub's name came from the event (404)."""
    INTERNAL_ERROR = "internal_error"
    """A defect of the connector met this lead; it is kept, and the log has the trace."""
    DELIVERED_BEFORE = "delivered_before"
    """A lead with the same key was delivered within the window (duplicate)."""
    AMBIGUOUS = "ambiguous"
    """It was sent and no answer came: it may have arrived (parked for review)."""
    IN_DOUBT = "in_doubt"
    """It was about to be sent when an earlier process ended: it may have arrived (parked for review)."""
    HUB_DOWN = "hub_down"
    """Its hub takes nothing for longer than park_after (parked on the retry topic until it does)."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A lead that will not be sent, and why.

    ``message`` is for people: it names the field and the way out and holds no personal data. ``filter`` is the name of
    the filter that took it. ``lead_id`` is known of filtered leads that have one: nothing else is kept of them.
    """

    outcome: Outcome
    stage: Stage
    reason: Reason
    message: str
    filter: str | None = None
    lead_id: str | None = None
