"""A batch on its way through a lane, and what becomes of its leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.delivery.nagle import Flush
from connector.delivery.record import Shipment
from connector.leads.answer import AnswerClass
from connector.leads.outcome import Outcome, Reason, SetAside, Stage


@dataclass(slots=True, eq=False)
class Batch:
    """Leads that share one request. ``sent_at`` is in seconds on the lane's clock, ``ticket`` the request's number in
    its lane. A ``probe`` is sent alone, to see whether the destination takes anything."""

    shipments: list[Shipment]
    flush: Flush
    sent_at: float
    ticket: int
    probe: bool = False


@dataclass(slots=True)
class Verdict:
    """What an answer decided. Leads in neither list stay in the lane and are sent again."""

    delivered: list[Shipment] = field(default_factory=list)
    set_aside: list[tuple[Shipment, SetAside]] = field(default_factory=list)


SET_ASIDE = {
    AnswerClass.REJECTED: SetAside(
        Outcome.DEAD_LETTER,
        Stage.DELIVER,
        Reason.REJECTED,
        "the API refuses this lead; `dlq show` has its answer",
    ),
    AnswerClass.TOO_LARGE: SetAside(
        Outcome.DEAD_LETTER,
        Stage.DELIVER,
        Reason.TOO_LARGE,
        "the API refuses this lead alone as too large; shorten what it carries",
    ),
    AnswerClass.UNKNOWN_HUB: SetAside(
        Outcome.DEAD_LETTER,
        Stage.DELIVER,
        Reason.UNKNOWN_HUB,
        "the API does not know the hub that the event names",
    ),
    AnswerClass.AMBIGUOUS: SetAside(
        Outcome.PARKED,
        Stage.DELIVER,
        Reason.AMBIGUOUS,
        "it was sent and no answer came, so it may have arrived: look in uContact, then decide",
    ),
}
"""Why a lead is not sent again after an answer of this class, where that is what follows from it."""
