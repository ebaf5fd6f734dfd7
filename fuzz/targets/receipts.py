"""Messages on the receipts topic, which anybody may have written."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from connector.delivery.duplicates import Duplicate
from connector.delivery.position import Position, read_position
from connector.kafka.receipts import Receipt, name_of, read_receipt, receipt_letter
from connector.leads.outcome import Outcome
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source

LONGEST = 2_048
WORDS = (
    b'"version":1', b'"outcome":"delivered"', b'"position":"leads/0/1"', b'"time":0', b'"attempts":1', b'"key":"',
    b'"delivered":{"position":"a/0/0","time":1}', b'"sent_again":', b'"part":"', b'"filter":"', b"253402300799999",
)  # fmt: skip


def one(data: bytes) -> None:
    """A receipt, which is the same when it is written again; or nothing. Any text has a name and may be a position."""
    value = Source(data).stretched()
    with bounded():
        receipt = read_receipt(value)
        if receipt is not None:
            letter = receipt_letter("receipts", receipt)
            claim(letter.value is not None and letter.key, "a receipt without a value or key")
            again = read_receipt(letter.value)
            hubless = receipt.hub is None  # then no route is written
            claim(again == (receipt._replace(route=None) if hubless else receipt), "another receipt is read again")
        text = value.decode("utf-8", "surrogateescape")
        claim(len(name_of(text).encode()) <= 512, "a name that is too long")
        position = read_position(text)
        claim(position is None or read_position(str(position)) == position, "another position is read again")


def seeds() -> Iterable[bytes]:
    """Receipts as they are written."""
    position = Position("leads", 3, 4567)
    first = Duplicate(Position("leads", 0, 1), 1_768_489_200_000)
    receipts = (
        Receipt("lead-1", Outcome.DELIVERED, position, 1_768_489_200_123, None, "sales", "main", 1, 0, bytes(16)),
        Receipt("lead-2", Outcome.DUPLICATE, position, 0, "delivered_before", "sales", "main", 0, 0, bytes(16), first),
        Receipt(None, Outcome.FILTERED, position, 1, "excluded", filter="tests", part="sms"),
    )
    for receipt in receipts:
        yield AS_IT_IS + orjson.dumps(orjson.loads(receipt_letter("receipts", receipt).value or b""))
    yield AS_IT_IS + b"leads/3/4567"
