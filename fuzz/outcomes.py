"""What decoding and mapping may give, whatever they were given."""

from __future__ import annotations

import orjson

from connector.leads.decode import Format, SchemaKey
from connector.leads.mapped import MappedLead, Parts
from connector.leads.mapper import Mapper
from connector.leads.outcome import Reason, SetAside
from connector.leads.record_types import MapperByRecord
from fuzz import samples
from fuzz.claims import claim
from fuzz.samples import Contract

LONGEST_MESSAGE = 1_000
"""Characters; the mapping's messages name what stands in a configuration."""


def check_decoded(result: object) -> dict[str, object] | None:
    """The lead, where there is one; otherwise a reason or a schema to learn. Raises Finding."""
    if isinstance(result, dict):
        return result
    claim(isinstance(result, SetAside | SchemaKey), f"decoding gave a {type(result).__name__}")
    if isinstance(result, SetAside):
        check_reason(result)
    return None


def check_reason(why: SetAside) -> None:
    """A reason is told to people, in a message of a sane length, and none is a defect of ours. Raises Finding."""
    claim(why.message and len(why.message) <= LONGEST_MESSAGE, f"a message of {len(why.message)} characters")
    claim(why.reason is not Reason.INTERNAL_ERROR, "a defect")
    why.message.encode()  # it becomes a header


def check_mapped(lead: dict[str, object], mapper: Mapper | MapperByRecord, topic: str = "leads") -> None:
    """Whatever satisfies the schema ends in a request or a reason. Raises Finding."""
    result = mapper.map(lead, topic, samples.NOW_MS)
    for part in (each for _, each in result.each) if isinstance(result, Parts) else (result,):
        if isinstance(part, MappedLead):
            claim(isinstance(orjson.loads(part.body), dict), "a contact is an object")
        else:
            check_reason(part)


def check_rewritten(lead: dict[str, object], contract: Contract) -> None:
    """A lead can be written as Avro, and is the same when it is read again. Raises Finding."""
    again = contract.again.decode(Format.BARE, samples.encoded(contract.text, lead), None)
    # As text: of two values that are not a number neither equals the other.
    claim(again == lead or str(again) == str(lead), "written as Avro and read again it is another lead")
