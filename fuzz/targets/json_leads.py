"""JSON checked against Avro: what passes can be written as Avro, and is then the same lead."""

from __future__ import annotations

from collections.abc import Iterable

from connector.leads.decode import Format
from connector.preview import LONGEST_TEXT, Preview, Refused, Sample, as_json
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source, choices
from fuzz.outcomes import check_decoded, check_mapped, check_rewritten

LONGEST = 4_096
WORDS = (
    b'{"', b'":', b"null", b"true", b"1e999", b"-0.0", b'"\\ud800"', b"9223372036854775807", b"[[[[[[[[", b'{"a":{"a":',
    b'"2026-02-30"', b'"2026-03-08T02:30:00.123456789Z"', b'"string":', b'"9999-12-31T23:59:59-23:59"',
)  # fmt: skip


def one(data: bytes) -> None:
    """A lead that can be written as Avro, or a reason; and ``preview`` has words for either."""
    source = Source(data)
    contract = source.pick(samples.contracts())
    value = source.stretched()
    with bounded():
        lead = check_decoded(contract.decoder.decode(Format.JSON, value, None))
        if lead is not None:
            if _is_unicode(lead):
                check_rewritten(lead, contract)
            if contract.mapper is not None:
                check_mapped(lead, contract.mapper)
        if contract.mapper is not None:
            made = Preview(
                contract.decoder, contract.mapper, "http://a", samples.NOW_MS, 10, 1 << 20, lambda _key: None
            )
            for result in made.results([Sample("line 1", Format.JSON, value)]):
                if isinstance(result, Refused):
                    shown = as_json(result.lead)
                    claim(not isinstance(result.lead, str) or len(result.lead) <= LONGEST_TEXT, "a long text is shown")
                    claim(shown, "nothing is shown")


def _is_unicode(lead: dict[str, object]) -> bool:
    """JSON can say half of a surrogate pair, and Avro cannot."""
    try:
        str(lead).encode()
    except UnicodeEncodeError:
        return False
    return True


def seeds() -> Iterable[bytes]:
    """The examples' events."""
    for place, document in samples.documents():
        yield choices(place) + AS_IT_IS + document
