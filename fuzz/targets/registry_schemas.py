"""Whatever text a registry, or a file, has for a schema, and whatever it refers to: learnt, refused or used."""

from __future__ import annotations

from collections.abc import Iterable

from connector.leads.decode import Decoder, ReaderSchema, SchemaError, SchemaKey
from fuzz import samples
from fuzz.claims import bounded
from fuzz.inputs import AS_IT_IS, Source, choices, chunk
from fuzz.outcomes import check_decoded

LONGEST = 8_192
DECODES = True
WORDS = (
    b'{"type":"record","name":"', b'"fields":[', b'{"name":"', b'","type":', b'{"type":"array","items":',
    b'"aliases":["',
    b'{"type":"map","values":', b'{"type":"enum","name":"E","symbols":[', b'{"type":"fixed","name":"F","size":',
    b'"logicalType":"decimal","precision":', b'"namespace":"', b'"default":', b'"null"', b'["null",',
    b'"leads.LeadEvent"',
    b'"timestamp-micros"', b'"uuid"', b'"error"',
)  # fmt: skip
_SMALL = (
    '{"type":"record","name":"leads.LeadEvent","fields":'
    '[{"name":"eventId","type":["null","string","long"],"default":null}]}'
)
"""So little that many schemas resolve to it."""
_READERS = (ReaderSchema.parse(_SMALL), ReaderSchema.parse(samples.CANONICAL), ReaderSchema.parse(samples.EVERY_TYPE))


def one(data: bytes) -> None:
    """Learning never raises, and what was learnt decodes any bytes. As the reader schema it is refused or used."""
    source = Source(data)
    number = source.number()
    value = source.chunk()
    text = source.stretched().decode("utf-8", "replace")
    reader = _READERS[number % len(_READERS)]
    with bounded():
        decoder = Decoder(reader, others=_READERS[2:] if number & 64 and reader is not _READERS[2] else ())
        referring, _, referred = text.partition("\0")
        references = [("leads.Other", referred), ("b", referring)] if referred else []
        decoder.learn(SchemaKey("id", 1), referring, references)
        check_decoded(decoder.decode("leads", b"\0\0\0\0\1" + value, None))
        if number & 128:
            try:
                own = ReaderSchema.parse(referring)
            except SchemaError:
                return
            check_decoded(Decoder(own).decode("leads", value, None))


def seeds() -> Iterable[bytes]:
    """The schemas of this repository, as a writer's and as the reader's."""
    texts = {text for pair in samples.WRITERS.values() for text in pair} | {_SMALL}
    for text in sorted(texts):
        for number in (0, 1, 128):
            yield choices(number) + chunk(bytes(8)) + AS_IT_IS + " ".join(text.split()).encode()
    union = '["leads.LeadEvent", "leads.Other"]\0' + _SMALL.replace("LeadEvent", "Other")
    yield choices(66) + chunk(b"\2\0") + AS_IT_IS + union.encode()
