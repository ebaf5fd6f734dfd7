"""Headers of a record on the retry topic, which anybody may have written, and what is written because of them."""

from __future__ import annotations

from collections.abc import Iterable

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.letters import PREFIX, dead_letter, read_back, retry_letter, review_letter
from connector.kafka.receipts import read_receipt, receipt_letter, receipt_of
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from fuzz.claims import bounded, claim
from fuzz.inputs import Source, choices, chunk

OURS = ("topic", "partition", "offset", "not-before", "attempts", "timestamp", "unanswered", "in-doubt", "part", "hub")
LONGEST = 1_024
WORDS = (
    b"leads",
    b"2147483647",
    b"2147483648",
    b"999999999999999999",
    b"0",
    b"-1",
    "\N{ARABIC-INDIC DIGIT ONE}".encode(),
)
_NOW_MS = 1_768_489_200_000


def one(data: bytes) -> None:
    """Headers are read, or are not ours; letters and receipts can be written for the record either way."""
    source = Source(data)
    headers: list[tuple[str, bytes | str | None]] = []
    for _ in range(source.number() % 16):
        name, content = source.number(), source.chunk()
        text = content.decode("utf-8", "surrogateescape")
        prefix = PREFIX if name < 128 else ""
        headers.append((prefix + OURS[name % len(OURS)], None if name % 64 == 63 else text if name & 64 else content))
    lead_id, hub = source.text() or "lead-1", source.text()  # a mapping gives no empty id
    with bounded():
        origin = read_back(headers)
        record = Record(_claim(), 7, None, b"key", b"value", headers, origin=origin)
        mapped = MappedLead(lead_id, None, "route", Destination(hub), b"{}")
        shipment = Shipment(record, mapped, 0.0, attempts=1)
        why = SetAside(Outcome.PARKED, Stage.DELIVER, Reason.HUB_DOWN, "the hub is down")
        answer = Answer(AnswerClass.UNAVAILABLE, 503, None, hub)
        dead_letter("dead", record, why, shipment, answer, version="1", now_ms=_NOW_MS)
        review_letter("review", record, why, shipment, answer, version="1", now_ms=_NOW_MS, sent_at_ms=None)
        later = retry_letter(
            "retry", record, why, shipment, answer, version="1", now_ms=_NOW_MS, not_before_ms=_NOW_MS + 1
        )
        parked = read_back(later.headers)
        claim(parked is not None and parked.position == record.first_position, "a lead forgets where it came from")
        receipt = receipt_of(record, Outcome.PARKED, shipment, now_ms=_NOW_MS, reason=Reason.HUB_DOWN)
        claim(read_receipt(receipt_letter("receipts", receipt).value) == receipt, "another receipt is read again")


def seeds() -> Iterable[bytes]:
    """What the outbox writes, and damage to it."""
    texts = (b"leads", b"3", b"4567", b"1768489200000", b"2", b"1768489100000", b"1", b"1", b"sms", b"sales")
    for count in range(len(texts) + 1):
        head = b"".join(choices(place) + chunk(text) for place, text in enumerate(texts[:count]))
        yield choices(count) + head + chunk(b"lead-1") + chunk(b"sales")
    yield choices(2, 0) + chunk(b"leads") + choices(0) + chunk(b"leads") + chunk("J\u00f6".encode()) + chunk(b"\xff")


def _claim() -> Claim:
    return Claim("leads.retry", 1, PartitionProgress(7))
