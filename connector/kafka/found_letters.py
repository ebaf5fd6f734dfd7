"""A letter as it is found on a topic, whoever wrote it: what its headers say, and whether it can be replayed. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from connector.delivery.position import Position, Returned
from connector.delivery.record import Headers
from connector.kafka.letters import PREFIX, Letter, read_back
from connector.kafka.reading import Peeked

UNKNOWN = "unknown"
"""The reason of a letter that names none."""
_LONGEST_SHOWN = 1000
_REPLAYABLE = frozenset({"dead_letter", "expired", "parked"})


class FoundLetter(NamedTuple):
    """A record of a letters' topic that is no decision. Texts are as its headers have them, None where they are absent
    or empty; ``damage`` says why it cannot be replayed: it is somebody else's, or a header is missing or damaged."""

    record: Peeked
    origin: Returned | None
    """Where its lead was first read; None with damage."""
    damage: str | None
    time_ms: int
    """When it was set aside, in milliseconds since the epoch; where that is not told, Kafka's time."""
    outcome: str | None
    stage: str | None
    reason: str
    message: str | None
    hub: str | None
    route: str | None
    part: str | None
    lead: str | None
    attempts: str | None
    status: str | None
    answer: str | None
    sent_at: str | None = None
    """When its last request was sent, and ``seconds`` how long that took: letters for review have both."""
    seconds: str | None = None

    @property
    def position(self) -> Position:
        """Where the letter stands."""
        return Position(self.record.topic, self.record.partition, self.record.offset)

    @property
    def topic(self) -> str | None:
        """The topic that its lead came from."""
        return None if self.origin is None else self.origin.position.topic


def find_letter(record: Peeked) -> FoundLetter:
    """Read a letter. Never raises, whatever somebody wrote."""
    texts, twice = _texts(record.headers)
    origin, damage = None, None
    if not texts:
        damage = "it has none of the connector's headers: somebody else wrote it"
    elif twice:
        damage = f"the header {PREFIX}{twice[0]} is there more than once"
    else:
        # What the retry topic needs and dead letters lack is put in: the one reader of these headers is enough.
        filled = {"not-before": "0", "attempts": "0", **texts}
        origin = read_back([(PREFIX + name, text) for name, text in filled.items()])
        if origin is None:
            damage = "its headers do not say where its lead was read: one is missing or damaged"
        elif texts.get("outcome") not in _REPLAYABLE:
            origin, damage = None, f"its outcome is {texts.get('outcome')!r}, which no letter has"
    return FoundLetter(
        record,
        origin,
        damage,
        _time_ms(texts.get("time") or texts.get("parked-at")) or record.timestamp_ms,
        texts.get("outcome"),
        texts.get("stage"),
        texts.get("reason") or UNKNOWN,
        texts.get("message"),
        texts.get("hub"),
        texts.get("route"),
        texts.get("part"),
        texts.get("lead"),
        texts.get("attempts"),
        texts.get("status"),
        texts.get("answer"),
        texts.get("sent-at"),
        texts.get("seconds"),
    )


def sent_contact(letter: FoundLetter) -> str | None:
    """The contact as it was posted, whole and personal: JSON that letters for review have. None where it is absent."""
    for name, content in letter.record.headers or ():
        if name == f"{PREFIX}contact":
            return content if isinstance(content, str) else (content or b"").decode("utf-8", "replace")
    return None


def replay_letter(topic: str, letter: FoundLetter, *, returns: bool, now_ms: int) -> Letter:
    """The letter as a record that the connector reads. ``returns``: ``topic`` is the retry topic, from which the lead
    comes back with its first position and its part; otherwise it is the lead's own topic, and it is a new record there,
    in the partition of the first. With the time of writing, for retention counts from it. Raises ValueError for a
    damaged letter."""
    if letter.origin is None:
        raise ValueError(letter.damage)
    record, origin = letter.record, letter.origin
    own = [header for header in record.headers or () if not header[0].startswith(PREFIX)]
    if not returns:
        return Letter(topic, record.key, record.value, own, None, origin.position.partition)
    texts = {
        "topic": origin.position.topic,
        "partition": str(origin.position.partition),
        "offset": str(origin.position.offset),
        "timestamp": "" if origin.timestamp_ms is None else str(origin.timestamp_ms),
        "part": origin.part or "",
        "attempts": str(origin.attempts),
        "not-before": "0",
        "replayed-from": str(letter.position),
        "replayed-at": str(now_ms),
    }
    ours = [(PREFIX + name, text.encode()) for name, text in texts.items() if text]
    # As a parked lead: those of a hub are in one partition, in order.
    return Letter(topic, record.key, record.value, [*own, *ours], None, spread_by=letter.hub or str(origin.position))


def _texts(headers: Headers | None) -> tuple[dict[str, str], list[str]]:
    """Our headers without their prefix, and the names that are there more than once."""
    texts: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name, content in headers or ():
        if name.startswith(PREFIX):
            text = content if isinstance(content, str) else (content or b"").decode("utf-8", "replace")
            texts[name.removeprefix(PREFIX)] = text[:_LONGEST_SHOWN]
            counts[name.removeprefix(PREFIX)] += 1
    texts.pop("contact", None)  # the lead itself, long and personal
    return texts, sorted(name for name, count in counts.items() if count > 1)


def _time_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)
