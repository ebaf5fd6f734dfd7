"""What works, but hardly as meant: warnings, not problems."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from connector.config.delivery import CrashSafety, OnAmbiguous
from connector.config.kafka import GroupProtocol
from connector.config.problems import Finding
from connector.config.quantities import format_duration
from connector.config.settings import Settings
from connector.leads.spec import Endpoint


def warnings(settings: Settings) -> Iterator[Finding]:
    """Yield the remarks on settings that are complete."""
    for remark in _REMARKS:
        yield from remark(settings)


def _duplicates_without_receipts(s: Settings) -> Iterator[Finding]:
    if s.duplicates is not None and s.receipts is None:
        message = "without receipts what was delivered is forgotten at a restart and when partitions move"
        yield Finding(("duplicates",), message, "Add receipts: {topic: leads.receipts}", at_key=True)


def _heartbeats_are_the_brokers(s: Settings) -> Iterator[Finding]:
    if s.kafka.group_protocol is GroupProtocol.CONSUMER and "heartbeat_interval" in s.kafka.model_fields_set:
        message = "is ignored with group_protocol consumer: the broker decides"
        hint = "Set group.consumer.heartbeat.interval.ms on the broker"
        yield Finding(("kafka", "heartbeat_interval"), message, hint, at_key=True)


def _drain_covers_a_request(s: Settings) -> Iterator[Finding]:
    if s.delivery.drain_timeout < s.ucontact.timeout:
        message = f"is shorter than ucontact.timeout ({format_duration(s.ucontact.timeout)})"
        yield Finding(("delivery", "drain_timeout"), message, "A shutdown may cut off requests, whose leads go twice")


def _lists_go_twice(s: Settings) -> Iterator[Finding]:
    if s.delivery.on_ambiguous is OnAmbiguous.RESEND:
        for index, route in enumerate(s.routes):
            if route.endpoint is Endpoint.LISTS:
                message = "a list whose upload gets no answer is uploaded again, with the same contacts"
                yield Finding(("routes", index, "endpoint"), message, "Set delivery.on_ambiguous to park")


def _parts_go_twice(s: Settings) -> Iterator[Finding]:
    index = next((index for index, route in enumerate(s.routes) if route.goes_on), None)
    if index is None:
        return
    place = ("routes", index, "continue")
    if s.delivery.crash_safety is CrashSafety.PARK:
        if s.delivery.park_after is None:
            message = "while one part of a lead waits for its hub and another was sent, the lead is in doubt"
            yield Finding(place, message, "Set delivery.park_after, which moves the part that waits to the retry topic")
    elif s.duplicates is None or s.receipts is None:
        message = "a stop or a move of the partition while one part of a lead waits sends its other parts again"
        yield Finding(place, message, "Add duplicates and receipts: they know what was delivered")


def _partitions_wait_for_connecting(s: Settings) -> Iterator[Finding]:
    connecting = s.ucontact.connect_timeout
    if connecting >= s.delivery.revoke_timeout:
        message = f"is not longer than ucontact.connect_timeout ({format_duration(connecting)})"
        hint = "A request that is still connecting may go when its partition has left, and its leads go twice"
        yield Finding(("delivery", "revoke_timeout"), message, hint)
    if connecting > 0.7 * s.kafka.session_timeout:
        message = f"is close to kafka.session_timeout ({format_duration(s.kafka.session_timeout)})"
        hint = "A member that is cut off may send what another owns: make it shorter"
        yield Finding(("ucontact", "connect_timeout"), message, hint)


def _token_is_encrypted(s: Settings) -> Iterator[Finding]:
    parts = urlsplit(s.ucontact.base_url or "")
    if parts.scheme == "http" and parts.hostname and not _is_local(parts.hostname):
        yield Finding(("ucontact", "base_url"), "http sends the token and the leads unencrypted", "Use https")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or "." not in host


_REMARKS = (
    _duplicates_without_receipts,
    _heartbeats_are_the_brokers,
    _drain_covers_a_request,
    _partitions_wait_for_connecting,
    _lists_go_twice,
    _parts_go_twice,
    _token_is_encrypted,
)
