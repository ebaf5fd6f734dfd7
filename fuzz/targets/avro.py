"""Bytes as a datum of a writer's schema: canonical, before an evolution, of the platforms, and of every type."""

from __future__ import annotations

from collections.abc import Iterable

from connector.leads.decode import Format
from fuzz import samples
from fuzz.claims import bounded
from fuzz.inputs import AS_IT_IS, Source, choices
from fuzz.outcomes import check_decoded, check_mapped, check_rewritten

LONGEST = 4_096
DECODES = True
WORDS = (
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # the least long
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # the greatest
    b"\x80\x80\x80\x80\x80\x40",  # a count of 2**40
    b"\xff\xff\xff\xff\x0f",
    b"\x7f\xf8\0\0\0\0\0\0",
)


def one(data: bytes) -> None:
    """It is a lead, which says the same when it is written and read again, and is mapped; or it has a reason."""
    source = Source(data)
    contract = source.pick(samples.contracts())
    value = source.stretched()
    with bounded():
        lead = check_decoded(contract.decoder.decode(Format.BARE, value, None))
        if lead is None:
            return
        check_rewritten(lead, contract)
        if contract.mapper is not None:
            check_mapped(lead, contract.mapper)


def seeds() -> Iterable[bytes]:
    """The examples' events in binary."""
    for place, datum in samples.data():
        yield choices(place) + AS_IT_IS + datum
        if samples.contracts()[place].name == "canonical":
            yield choices(place + 1) + AS_IT_IS + datum
    yield choices(2) + AS_IT_IS + bytes(200)
