"""Letters as text or as lines of JSON. What others may have written is made printable; personal data is masked."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from connector.cli.output import Output
from connector.kafka.decisions import Decision, Mark
from connector.kafka.found_letters import UNKNOWN, FoundLetter, sent_contact
from connector.leads.mapped import MappedLead
from connector.leads.outcome import Reason
from connector.preview import Refused, Request, as_json
from connector.repair import wording
from connector.repair.masking import masked, masked_answer, printable
from connector.repair.selection import OPEN
from connector.repair.wording import moment, number

_REASONS = frozenset(reason.value for reason in Reason)
_SHOWN_IN_CONTACT = ("timezone", "scheduleDate", "template", "priority")
"""Properties of contacts that say nothing of a person."""


class Listing:
    """Counts letters, keeps the newest ``limit`` of those that were asked for, and writes them, the oldest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[tuple[int, int, FoundLetter, str]] = []
        self._states: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()

    def add(self, letter: FoundLetter, decision: Decision | None, *, wanted: bool) -> None:
        """One more letter of the topic; ``wanted``: it was asked for."""
        state = OPEN if decision is None else decision.value
        self._states[state] += 1
        if not wanted:
            return
        # Others may write what they like: their reasons are counted as one.
        self._reasons[letter.reason if letter.reason in _REASONS else UNKNOWN] += 1
        # The value is not shown, and would be most of what is kept.
        kept = (
            letter.time_ms,
            self._states.total(),
            letter._replace(record=replace(letter.record, value=None, headers=None)),
            state,
        )
        if len(self._kept) < self._limit:
            heapq.heappush(self._kept, kept)
        else:
            heapq.heappushpop(self._kept, kept)

    def write(self, output: Output, write: Callable[[bytes], object]) -> None:
        """All that there is to say."""
        for _, _, letter, state in sorted(self._kept, key=lambda kept: kept[:2]):
            if output is Output.JSON:
                write(as_json({"kind": "letter", **_fields(letter, state)}) + b"\n")
            else:
                write(f"{_line(letter, state)}\n".encode())
        wanted = self._reasons.total()
        if output is Output.JSON:
            counts = {"letters": self._states.total(), "selected": wanted, "shown": len(self._kept)}
            write(orjson.dumps({"kind": "summary", **counts, "states": self._states, "reasons": self._reasons}) + b"\n")
            return
        if older := wanted - len(self._kept):
            write(f"… and {number(older, 'older one')} (--limit)\n".encode())
        write(f"{number(wanted, 'letter')}{f': {wording.each(self._reasons)}' if wanted else ''}\n".encode())
        if self._states:
            write(f"{number(self._states.total(), 'letter')} on the topic: {wording.each(self._states)}\n".encode())


def _fields(letter: FoundLetter, state: str) -> dict[str, object]:
    origin = letter.origin
    return {
        "position": str(letter.position),
        "state": state,
        "time": moment(letter.time_ms),
        "outcome": letter.outcome,
        "stage": letter.stage,
        "reason": letter.reason,
        "message": letter.message,
        "lead": letter.lead,
        "route": letter.route,
        "hub": letter.hub,
        "part": letter.part,
        "read_at": None if origin is None else str(origin.position),
        "attempts": letter.attempts,
        "status": letter.status,
        "damage": letter.damage,
    }


def _line(letter: FoundLetter, state: str) -> str:
    about = [str(letter.position), moment(letter.time_ms), state, letter.reason]
    about += [f"{name} {text}" for name, text in (("route", letter.route), ("hub", letter.hub)) if text]
    about += [f"part {letter.part}"] if letter.part else []
    about += [f"lead {letter.lead}"] if letter.lead else []
    text = letter.message or letter.damage
    return printable("  ".join(about)) + (f"\n    {printable(text)}" if text else "")


def show_letter(
    letter: FoundLetter,
    state: str,
    mark: Mark | None,
    lead: object,
    now: list[MappedLead | Refused] | str,
    *,
    whole: bool,
    known: frozenset[str],
    base_url: str,
    output: Output,
) -> bytes:
    """One letter, all of it. ``lead`` as it was decoded (None: it cannot be); ``now``: what the mapping makes of it, or
    why that cannot be told; ``known``: texts that are not personal. ``whole``: nothing is masked."""
    answer = letter.answer if letter.answer is None or whole else masked_answer(letter.answer, lead)
    shown = (lead if whole else masked(lead, known)) if isinstance(lead, Mapping) else None
    masked_ = "" if whole else "_masked"
    results = [_now(each, base_url, masked_) for each in now] if isinstance(now, list) else [{"unknown": now}]
    if output is Output.JSON:
        decided = None if mark is None else _mark(mark)
        more = {
            "sent_at": letter.sent_at,
            "answer": answer,
            "decided": decided,
            f"lead{masked_}": shown,
            "now": results,
        }
        if whole:
            more["contact_sent"] = _sent(letter)
        return as_json({"kind": "letter", **_fields(letter, state), **more}) + b"\n"
    lines = [f"{letter.position}: {state}"]
    lines.append(f"set aside  {moment(letter.time_ms)}, at stage {letter.stage or '?'}: {letter.reason}")
    lines += [f"because    {letter.message}"] if letter.message else []
    lines += [f"damaged    {letter.damage}"] if letter.damage else []
    if letter.origin is not None:
        when = letter.origin.timestamp_ms
        lines.append(f"read at    {letter.origin.position}{'' if when is None else f', of {moment(when)}'}")
    names = [f"{name} {text}" for name, text in (("route", letter.route), ("hub", letter.hub)) if text]
    lines += [f"lead       {'  '.join([letter.lead or 'of unknown id', *names])}"] if letter.lead or names else []
    if letter.attempts and letter.attempts != "0":
        told = " ".join(each for each in (letter.status, answer) if each)
        lines.append(f"requests   {letter.attempts}{f'; the answer: {told}' if told else ''}")
    if letter.sent_at:
        after = f", and waited for {letter.seconds} s" if letter.seconds else ""
        lines.append(f"sent at    {letter.sent_at}{after}")
    if mark is not None:
        to = "" if mark.to is None else f", to {mark.to}"
        lines.append(
            f"decided    {moment(mark.time_ms)}: {mark.decision}{to}{f': {mark.reason}' if mark.reason else ''}"
        )
    lines = [printable(line) for line in lines]
    if shown is not None:
        lines += [f"the lead{'' if whole else ', masked'}:", _indented(shown)]
    if whole and (contact := _sent(letter)) is not None:
        lines.append(f"the contact as it was sent: {contact}")
    lines += [_now_text(result) for result in results]
    return ("\n".join(lines) + "\n").encode()


def _indented(value: object) -> str:
    text = json.dumps(json.loads(as_json(value)), indent=2, ensure_ascii=False)
    return "\n".join(map(printable, text.split("\n")))


def _sent(letter: FoundLetter) -> str | None:
    """The contact as it was posted, JSON in a line; None where the letter has none."""
    contact = sent_contact(letter)
    return None if contact is None else printable(contact)


def _mark(mark: Mark) -> dict[str, object]:
    to = None if mark.to is None else str(mark.to)
    return {"decision": mark.decision.value, "time": moment(mark.time_ms), "reason": mark.reason, "to": to}


def _now(result: MappedLead | Refused, base_url: str, masked_: str) -> dict[str, object]:
    if isinstance(result, Refused):
        why = result.why
        return {"set_aside": why.reason.value, "stage": why.stage.value, "message": why.message, "route": result.route}
    url = Request(base_url, result.destination).url
    contact = json.loads(result.body)
    kept = {name: contact[name] for name in _SHOWN_IN_CONTACT if name in contact}
    hidden = masked(contact) if masked_ else contact
    shown = {**hidden, **kept} if isinstance(hidden, dict) else hidden
    return {"route": result.route, "hub": result.destination.hub, "url": url, f"contact{masked_}": shown}


def _now_text(now: Mapping[str, object]) -> str:
    if "unknown" in now:
        return f"now: not known: {printable(str(now['unknown']))}"
    if "set_aside" in now:
        route = f"route {now['route']}: " if now["route"] else ""
        return f"now: {route}it would be set aside: {now['set_aside']}: {printable(str(now['message']))}"
    contact = _indented(now.get("contact_masked", now.get("contact")))
    return f"now: route {now['route']} would POST to {now['url']}\n{contact}"
