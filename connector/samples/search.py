"""Looks for a made-up lead that a route takes, by trying: each is decoded and mapped as a real one.

What keeps a lead from its route (a filter, a route above) is asked of the mapper, and the next try avoids it. The
number of tries is bounded, and so are the values made for all routes together.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connector.leads.cloud_event import ATTRIBUTES
from connector.leads.decode import Decoder, Format
from connector.leads.mapper import Mapper
from connector.leads.outcome import Reason, SetAside
from connector.leads.reader_schema import ReaderSchema
from connector.leads.record_types import MapperByRecord
from connector.leads.scope import CLOUD_EVENT, TOPIC
from connector.leads.spec import MappingSpec, RouteSpec
from connector.leads.topic_patterns import matches
from connector.preview import Preview, Refused, Request, Sample
from connector.samples.event import EventMaker
from connector.samples.made_up import MadeUp
from connector.samples.reading import needs_of, region_of
from connector.samples.wishes import Way, ways

MOST_TRIES = 40
"""For one route."""
MOST_MADE = 300_000
"""Values of all leads that are made for a configuration."""
A_TRY = 100
"""What a try counts for beside its values."""
_MOST_TOPICS = 4


@dataclass(frozen=True, slots=True)
class RouteSample:
    """What was found for a route: a lead (natural JSON) of a topic, and the request that it becomes.

    Without a request, ``why`` says what became of the last lead tried (None: there was none).
    """

    route: str
    topic: str
    lead: dict[str, Any] | None
    request: Request | None
    why: str = ""


@dataclass(slots=True)
class _Try:
    """A lead, and what became of it."""

    topic: str
    lead: dict[str, Any]
    sample: Sample
    request: Request | None = None
    why: str = ""
    avoid: list[Way] | None = None
    """Ways in which it might not happen again."""


class Samples:
    """Looks for samples of a configuration's routes. ``topics`` are names and patterns that are read; ``now_ms`` is
    milliseconds since the epoch: with the same, the same is found."""

    def __init__(
        self,
        spec: MappingSpec,
        readers: Sequence[ReaderSchema],
        mapper: Mapper | MapperByRecord,
        *,
        base_url: str,
        topics: Sequence[str],
        now_ms: int,
    ) -> None:
        self._spec = spec
        self._readers = readers
        self._mapper = mapper
        self._base_url = base_url
        self._topics = topics
        self._now_ms = now_ms
        self._decoders = {
            form: Decoder(readers[0], others=readers[1:], default=form) for form in (Format.JSON, Format.CLOUDEVENTS)
        }
        self._made = 0

    def of(self, route: RouteSpec) -> RouteSample:
        """The sample of one route. Runs the mapping's expressions and functions on made-up leads; does not raise."""
        try:
            return self._found(route)
        except RecursionError:
            return RouteSample(route.name, "", None, None, "its expressions are nested too deeply to be looked through")

    def _found(self, route: RouteSpec) -> RouteSample:
        last: _Try | None = None
        tried = 0
        for reader in self._readers:
            if route.records and reader.fullname not in route.records:
                continue
            for each in self._tries(route, reader):
                last, tried = each, tried + 1
                if each.request is not None:
                    return RouteSample(route.name, each.topic, each.lead, each.request)
        if last is None:
            why = "its condition never holds" if self._made < MOST_MADE else "enough leads were made for other routes"
            return RouteSample(route.name, "", None, None, why)
        leads = "the one lead that was made up" if tried == 1 else f"the last of {tried} made-up leads"
        return RouteSample(route.name, last.topic, last.lead, None, f"{leads} {last.why}")

    def _tries(self, route: RouteSpec, reader: ReaderSchema) -> Iterator[_Try]:
        maker = EventMaker(reader.plain, MadeUp(*region_of(route), self._now_ms))
        needs = needs_of(self._spec, route)
        holds = ways(route.when, holds=True)
        waiting = deque([(topic, way) for topic in self._topics_of(route) for way in holds])
        for _ in range(MOST_TRIES):
            if not waiting or self._made >= MOST_MADE:
                return
            topic, way = waiting.popleft()
            tried = self._try(route, reader, maker, topic, (*needs, *way))
            yield tried
            # What avoids the obstacle comes first: where the two contradict each other, the route's own wish counts.
            waiting.extend((topic, (*avoid, *way)) for avoid in tried.avoid or ())

    def _try(self, route: RouteSpec, reader: ReaderSchema, maker: EventMaker, topic: str, wishes: Way) -> _Try:
        before = maker.made
        document = maker.event(wishes)  # which knows nothing of what is no field
        self._made += A_TRY + maker.made - before
        fields = {field["name"] for field in reader.parsed["fields"]}
        outside = {wish.place: wish.value for wish in wishes if wish.place[0] in {TOPIC, CLOUD_EVENT} - fields}
        if isinstance(named := outside.get((TOPIC,)), str):
            topic = named
        value: dict[str, Any] = {reader.fullname: document} if len(self._readers) > 1 else document
        asked = any(place[0] == CLOUD_EVENT for place in outside)
        if asked:
            value = _in_envelope(value, outside)
        tried = _Try(topic, value, Sample("made up", topic, orjson.dumps(value)))
        decoder = self._decoders[Format.CLOUDEVENTS if asked else Format.JSON]
        preview = Preview(decoder, self._mapper, self._base_url, self._now_ms, 1, 1 << 30, lambda _key: None)
        results = list(preview.results([tried.sample]))
        tried.request = next((each for each in results if isinstance(each, Request) and _is_of(each, route)), None)
        if tried.request is None:
            self._explain(tried, route, decoder, results)
        return tried

    def _explain(self, tried: _Try, route: RouteSpec, decoder: Decoder, results: Sequence[Request | Refused]) -> None:
        """Say what became of a lead that did not reach its route, and how that might be avoided."""
        of_route = next((each for each in results if isinstance(each, Refused) and each.route == route.name), None)
        refused = of_route or next((each for each in results if isinstance(each, Refused)), None)
        taker = None
        if refused is not None and refused.why.filter is not None:
            tried.why = f"was filtered: {refused.why.message}"
            found = next(each for each in self._spec.filters if each.name == refused.why.filter)
            tried.avoid = ways(found.when, holds=False) if found.listed is None else []
            return
        if of_route is None:
            taker = self._taker(tried, route, decoder)
        if taker is not None:
            above = taker.when is None and not taker.topics and not taker.records
            tried.why = f"went to the route {taker.name} above it" + (", which takes every lead" if above else "")
            tried.avoid = ways(taker.when, holds=False)
        elif refused is not None:
            tried.why = f"ended as {refused.why.reason.value}: {refused.why.message}"

    def _taker(self, tried: _Try, route: RouteSpec, decoder: Decoder) -> RouteSpec | None:
        """The route above that keeps the lead for itself."""
        lead = decoder.decode(tried.topic, tried.sample.value, None)
        if not isinstance(lead, dict):
            return None
        for other in self._spec.routes:
            if other.name == route.name:
                return None
            if other.goes_on:
                continue
            result = self._mapper.map(lead, tried.topic, self._now_ms, only=other.name)
            if not isinstance(result, SetAside) or result.reason is not Reason.NO_ROUTE:
                return other
        return None

    def _topics_of(self, route: RouteSpec) -> list[str]:
        """Topics whose leads the route may take, names before what is made of patterns."""
        read = [each for each in self._topics if not each.startswith("^")]
        if route.topics:
            named = [each for each in route.topics if not each.startswith("^")]
            patterns = [each for each in route.topics if each.startswith("^")]
            read = named + [each for each in read if any(matches(pattern, each) for pattern in patterns)]
        else:
            patterns = list(self._topics)
        made = [name for pattern in patterns if pattern.startswith("^") and (name := _fitting(pattern)) is not None]
        return list(dict.fromkeys(read + made))[:_MOST_TOPICS] or [""]


def _is_of(request: Request, route: RouteSpec) -> bool:
    return any(lead.route == route.name for _, lead in request.leads)


def _in_envelope(document: object, outside: dict[Any, object]) -> dict[str, Any]:
    """A CloudEvent in structured mode."""
    made: dict[str, object] = {"id": "sample-1", "source": "sample", "type": "sample", "time": "2026-01-01T00:00:00Z"}
    for place, value in outside.items():
        if place[0] == CLOUD_EVENT and len(place) == 2 and place[1] in ATTRIBUTES and isinstance(value, str):
            made[str(place[1])] = value
    return {**made, "specversion": "1.0", "datacontenttype": "application/json", "data": document}


def _fitting(pattern: str) -> str | None:
    """A topic's name that a pattern takes, made of the text that it begins with."""
    begin = re.match(r"(?:[A-Za-z0-9_-]|\\[.])*", pattern[1:])
    literal = begin[0].replace("\\", "") if begin is not None else ""
    names = (f"{literal}sample", literal, literal[:-1]) if literal[-1:] in "-_." else (literal, literal[:-1])
    return next((name for name in names if name and matches(pattern, name)), None)
