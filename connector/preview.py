"""What would become of leads: the requests they would be in, or why they are in none. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from connector.leads.decode import Decoder, SchemaKey
from connector.leads.framing import Headers
from connector.leads.mapped import Destination, MappedLead, Parts
from connector.leads.mapper import Mapper
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.record_types import MapperByRecord
from connector.ucontact.client import request_body, request_url

LONGEST_TEXT = 500
"""Characters shown of a lead that cannot be read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A lead as it came. ``place`` says where it stands: "line 7", or topic/partition/offset."""

    place: str
    topic: str
    value: bytes | None
    headers: Headers = None
    part: str | None = None
    """The one route that is to be asked; None: all of them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A lead that would not be sent. ``lead``: as it was given, as far as JSON can say it. ``route``: of a part of it,
    and ``further`` of one that is not its first."""

    place: str
    why: SetAside
    lead: object
    route: str | None = None
    further: bool = False


@dataclass(slots=True)
class Request:
    """A request that would be sent, with its leads and their places. ``further``: so many of them are parts of leads
    of which another part came before."""

    base_url: str
    destination: Destination
    leads: list[tuple[str, MappedLead]] = field(default_factory=list)
    further: int = 0

    @property
    def url(self) -> str:
        """Where it would be posted."""
        return request_url(self.base_url, self.destination)

    @property
    def body(self) -> bytes:
        """The very bytes."""
        return request_body(self.destination, [lead.body for _, lead in self.leads])

    @property
    def size(self) -> int:
        """Bytes of its contacts: what ``delivery.batch.max_bytes`` bounds."""
        return sum(len(lead.body) for _, lead in self.leads)


class SchemaUnavailable(Exception):
    """What ``Preview.learn`` raises when it cannot be said whether there is such a schema; ends the preview."""


Result: TypeAlias = Request | Refused


@dataclass(frozen=True, slots=True)
class Preview:
    """Decodes and maps as the service does, with its decoder and mapper, at the time ``now_ms``.

    ``learn`` is called for a schema that the decoder lacks; it tells the decoder, or raises what ends the preview.
    Up to ``max_leads`` leads that follow one another to the same destination share a request, while they fit into
    ``max_bytes``.
    """

    decoder: Decoder
    mapper: Mapper | MapperByRecord
    base_url: str
    now_ms: int
    max_leads: int
    max_bytes: int
    learn: Callable[[SchemaKey], None]

    def results(self, samples: Iterable[Sample]) -> Iterator[Result]:
        """Requests and refusals in the order of the leads. Raises what ``learn`` raises."""
        request: Request | None = None
        for sample in samples:
            try:
                parts = self.parts(sample)
            except SchemaUnavailable:
                if request is not None:
                    yield request
                raise
            for number, result in enumerate(parts):
                if isinstance(result, MappedLead) and request is not None and self._fits(request, result):
                    request.leads.append((sample.place, result))
                    request.further += number > 0
                    continue
                if request is not None:
                    yield request
                    request = None
                if isinstance(result, MappedLead):
                    request = Request(self.base_url, result.destination, [(sample.place, result)], int(number > 0))
                else:
                    yield result
        if request is not None:
            yield request

    def _fits(self, request: Request, lead: MappedLead) -> bool:
        if lead.destination != request.destination:
            return False
        if lead.collect is not None:
            return len(request.leads) < lead.collect.max_leads
        return len(request.leads) < self.max_leads and request.size + len(lead.body) <= self.max_bytes

    def parts(self, sample: Sample) -> list[MappedLead | Refused]:
        """What becomes of a lead: one thing, or one for each route that takes it. Raises what ``learn`` raises."""
        lead: dict[str, object] | None = None
        try:
            decoded = self._decoded(sample)
            if isinstance(decoded, dict):
                lead = decoded
                mapped = self.mapper.map(lead, sample.topic, self.now_ms, sample.part)
                if isinstance(mapped, MappedLead):
                    return [mapped]
                if isinstance(mapped, Parts):
                    given = _given(sample.value, lead)
                    return [
                        Refused(sample.place, result, given, route, number > 0)
                        if isinstance(result, SetAside)
                        else result
                        for number, (route, result) in enumerate(mapped.each)
                    ]
                why = mapped
            else:
                why = decoded
        except SchemaUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as in the service: one lead must not hide the others
            message = f"the connector failed on this lead ({type(error).__name__}); please report it"
            why = SetAside(Outcome.DEAD_LETTER, Stage.MAP, Reason.INTERNAL_ERROR, message)
        return [Refused(sample.place, why, _given(sample.value, lead))]

    def lead(self, sample: Sample) -> dict[str, object] | None:
        """The lead as it is decoded; None where there is none. Raises what ``learn`` raises."""
        try:
            decoded = self._decoded(sample)
        except SchemaUnavailable:
            raise
        except Exception:  # noqa: BLE001 - ``parts`` says that the connector failed on it
            return None
        return decoded if isinstance(decoded, dict) else None

    def lead_id(self, sample: Sample) -> str | None:
        """The id of the lead, whatever would become of it; None where it has none, or is no lead. Raises what ``learn``
        raises."""
        lead = self.lead(sample)
        return None if lead is None else self.mapper.lead_id(lead, sample.topic)

    def _decoded(self, sample: Sample) -> dict[str, object] | SetAside:
        decoded = self.decoder.decode(sample.topic, sample.value, sample.headers)
        if isinstance(decoded, SchemaKey):
            self.learn(decoded)
            decoded = self.decoder.decode(sample.topic, sample.value, sample.headers)
        if isinstance(decoded, SchemaKey):
            raise SchemaUnavailable(f"{decoded} was not learnt")
        return decoded


def as_json(value: object) -> bytes:
    """One line of JSON. What JSON has no words for is written as Avro's JSON encoding does (bytes), or as text."""
    return orjson.dumps(
        value, default=lambda other: other.decode("latin-1") if isinstance(other, bytes) else str(other)
    )


def _given(value: bytes | None, lead: dict[str, object] | None) -> object:
    """A lead as it was given: its JSON, else what was decoded, else the beginning of its text. ``as_json`` takes it."""
    if value is None:
        return None
    text = value.decode("utf-8", "backslashreplace")[:LONGEST_TEXT]
    try:
        document: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        document = lead if lead is not None else text
    try:
        as_json(document)
    except orjson.JSONEncodeError:
        return text  # nested deeper than can be written: orjson reads 1,024 levels and writes 254
    return document
