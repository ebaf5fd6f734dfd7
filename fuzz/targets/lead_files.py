"""A file of leads for ``preview``, taken apart."""

from __future__ import annotations

from collections.abc import Iterable

from connector.cli.lead_file import leads
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source

LONGEST = 2_048
LARGEST = 200 * 1024
"""Bytes of a stretched one: a line in which all that follow nest takes 0.1 ms, up to the depth that JSON is read to."""
WORDS = (b"[", b"]", b"{", b"}", b",", b"\n", b"\n{", b'"', b"\\", b"\xef\xbb\xbf", b"\xff")


def one(data: bytes) -> None:
    """Leads are pieces of the file, in order, each with its line."""
    content = Source(data).stretched(LARGEST)
    with bounded():
        at, line, last = 0, 1, content.count(b"\n") + 1
        for lead in leads(content):
            found = content.find(lead.value, at)
            claim(found >= at, "a lead is no piece of the file, or is out of order")
            claim(line <= lead.line <= last, "a line that the file does not have")
            at, line = found + len(lead.value), lead.line


def seeds() -> Iterable[bytes]:
    """The examples' events in a list, one a line, and over several lines."""
    documents = [document for _, document in samples.documents()]
    yield AS_IT_IS + b"[" + b",\n".join(documents[-2:]) + b"]"
    yield AS_IT_IS + b"\n".join(document.replace(b"\n", b" ") for document in documents[-2:])
    yield AS_IT_IS + documents[0] + b"\n" + documents[1]
    yield AS_IT_IS + b'{"a": 1\n{\n"b": [2]\n}\n[broken\n'
