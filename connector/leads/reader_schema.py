"""The reader schema: the contract that every lead is read to, whatever its writer's schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.leads.avro_schema import RECORDS, AvroSchema, SchemaError, canonical_fingerprint, kind_of, parse_schema
from connector.leads.datum import prepare
from connector.leads.json_check import compile_check
from connector.leads.json_types import Reader
from connector.leads.resolve import distinct


@dataclass(frozen=True, slots=True, eq=False)
class ReaderSchema:
    """A reader schema, parsed and found usable. Made by `parse`."""

    raw: dict[str, Any]
    """The schema as written."""
    parsed: dict[str, Any]
    """The same as fastavro parses it (full names)."""
    fullname: str
    """The record's full name, for example ``leads.LeadEvent``."""
    fingerprint: bytes
    """CRC-64-AVRO of the parsing canonical form, 8 bytes little-endian, as in single-object encoding."""
    plain: AvroSchema = field(repr=False)
    """`parsed` with its named types."""
    target: AvroSchema = field(repr=False)
    """What fastavro resolves to: as `plain`, with defaults as the values that leads hold (not as JSON), and with names
    of its own (``resolve.distinct``)."""
    check: Reader = field(repr=False)
    """Reads natural JSON, or raises Mismatch."""

    @staticmethod
    def parse(text: str) -> ReaderSchema:
        """Parse and check the text of an ``.avsc`` file. Raises SchemaError for all but a usable record schema."""
        plain = parse_schema(text)
        parsed = plain.root
        if kind_of(parsed) not in RECORDS:
            raise SchemaError(f"the reader schema has to be a record, not {kind_of(parsed)}")
        raw = orjson.loads(text)
        target = parse_schema(text)  # parsed again, because compile_check and prepare write into it
        check = compile_check(target)
        target = distinct(prepare(target))
        return ReaderSchema(raw, parsed, plain.fullname, canonical_fingerprint(raw), plain, target, check)
