"""The results of a preview as text or as lines of JSON, and their numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

import orjson

from connector.cli.output import Output
from connector.leads.mapped import MappedLead
from connector.leads.outcome import Outcome
from connector.preview import Refused, Request, Result, as_json

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Report:
    """Writes results one by one, as UTF-8, and counts them."""

    def __init__(self, output: Output, write: Callable[[bytes], object]) -> None:
        self._shown = _line if output is Output.JSON else _block
        self._write = write
        self._requests = 0
        self._further = 0
        self._routes: dict[str, Counter[str]] = {}
        self._reasons: Counter[str] = Counter()

    def show(self, result: Result) -> None:
        """Write one result."""
        if isinstance(result, Request):
            self._requests += 1
            for _, lead in result.leads:
                self._routes.setdefault(lead.route, Counter())[lead.destination.hub] += 1
            self._further += result.further
        else:
            self._further += result.further
            self._reasons[result.why.reason.value] += 1
        self._write(self._shown(result))

    def counts(self) -> str:
        """One line: leads, or their parts, by route (and its hubs, where they are several) and by reason."""
        routes = Counter({name: hubs.total() for name, hubs in self._routes.items()})
        hubs = {name: _each(hubs) for name, hubs in self._routes.items() if len(hubs) > 1}
        sent, refused = routes.total(), self._reasons.total()
        leads = _number(sent + refused - self._further, "lead")
        if self._further:
            leads += f" in {sent + refused} parts"
        return (
            f"{leads}: {sent} in {_number(self._requests, 'request')}{_each(routes, hubs)},"
            f" {refused} set aside{_each(self._reasons)}; nothing was sent"
        )


def _line(result: Result) -> bytes:
    """One JSON object. The body is not read and written again: it stands there byte by byte."""
    if isinstance(result, Request):
        leads = [_lead(place, lead) for place, lead in result.leads]
        return (
            as_json(
                {
                    "kind": "request",
                    "method": "POST",
                    "url": result.url,
                    "body": orjson.Fragment(result.body),
                    "hub": result.destination.hub,
                    "leads": leads,
                }
            )
            + b"\n"
        )
    why = result.why
    refusal = {
        "kind": "set_aside",
        "reason": why.reason.value,
        "lead": result.lead,
        "message": why.message,
        "stage": why.stage.value,
        "outcome": why.outcome.value,
        "position": result.place,
    }
    if result.route is not None:
        refusal["route"] = result.route
    return as_json(refusal) + b"\n"


def _block(result: Result) -> bytes:
    """For people, with an empty line after it."""
    if isinstance(result, Refused):
        why = result.why
        end = "filtered" if why.outcome is Outcome.FILTERED else "set aside"
        place = result.place if result.route is None else f"{result.place}, route {result.route}"
        text = f"{place}: {end}: {why.reason.value}: {why.message}\n"
    else:
        heads = "".join(_head(place, lead) for place, lead in result.leads)
        body = json.dumps(json.loads(result.body), indent=2, ensure_ascii=False)
        text = f"{heads}POST {result.url}\n{body}\n"
    return f"{text}\n".encode()


def _lead(place: str, lead: MappedLead) -> dict[str, object]:
    """``dropped`` is there only where the contact lacks phone numbers of the lead."""
    about: dict[str, object] = {"lead_id": lead.lead_id, "route": lead.route, "position": place}
    if lead.dropped:
        about["dropped"] = [
            {"property": each.property, "reason": each.why.value, "numbers": each.numbers} for each in lead.dropped
        ]
    return about


def _head(place: str, lead: MappedLead) -> str:
    dropped = "".join(f"  {each}\n" for each in lead.dropped)
    return f"{place}: lead {lead.lead_id}, route {lead.route}\n{dropped}"


def _each(counts: Counter[str], more: Mapping[str, str] = _NOTHING) -> str:
    each = [f"{name} {count}{more.get(name, '')}" for name, count in counts.most_common()]
    return f" ({', '.join(each)})" if each else ""


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
