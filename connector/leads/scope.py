"""What an expression can see while one lead is mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from jinja2.runtime import Context
    from phonenumbers import PhoneNumber

    from connector.leads.dropped import Dropped

TOPIC = "topic"
"""The Kafka topic: with CLOUD_EVENT the only names beside the event's own fields. A field of that name wins."""
CLOUD_EVENT = "ce"
"""The attributes of the CloudEvent that the lead came in, put there by ``decode``; absent if it came in none."""


class Scope:
    """One lead on its way through the mapping.

    The Jinja2 context is made by the first expression that needs one, and shared by the rest: it is most of what a
    Jinja2 call costs (DESIGN.md, "Mapping side").
    """

    __slots__ = ("context", "dropped", "lead", "phone", "topic")

    def __init__(self, lead: Mapping[str, object], topic: str) -> None:
        self.lead = lead
        self.topic = topic
        self.context: Context | None = None
        self.phone: str | PhoneNumber | None = None
        """The first number, where it was parsed: a valid one as it is, so that nobody parses it again, else text."""
        self.dropped: tuple[Dropped, ...] = ()
        """Numbers that the contact lacks."""

    def forget_contact(self) -> None:
        """What was found out for a route's contact means nothing for the next route's."""
        self.phone = None
        self.dropped = ()


Evaluate: TypeAlias = Callable[[Scope], object]
"""A compiled value: gives an Avro or JSON value or None (absent); may raise anything an expression can."""


def always(value: object) -> Evaluate:
    """A value that does not depend on the lead."""

    def evaluate(_scope: Scope) -> object:
        return value

    return evaluate
