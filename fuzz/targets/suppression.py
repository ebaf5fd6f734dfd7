"""The content of a suppression list's file."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from connector.leads.suppression import NotAList, normalised, read_entries
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source

LONGEST = 2_048
WORDS = (b"\n", b"\r\n", b"#", b" #", b"\xef\xbb\xbf", b"+598 99 123 456", b"\0", "\N{NO-BREAK SPACE}".encode(), b"00")


def one(data: bytes) -> None:
    """Entries are found again, or the file is refused with the line's number."""
    content = Source(data).stretched(1 << 16)
    with bounded():
        try:
            entries = read_entries(BytesIO(content))
        except NotAList as error:
            claim("line" in str(error), "a refusal names the line")
            return
        claim(len(entries) <= content.count(b"\n") + 1, "more entries than lines")
        for line in content.decode("utf-8-sig").split("\n")[:100]:
            entry = line.strip()
            if entry and "#" not in entry:
                claim(entry in entries, "an entry is not found")
                claim(
                    normalised(entry) in entries or normalised(entry).isdigit(), "an entry is not found as normalised"
                )


def seeds() -> Iterable[bytes]:
    """A list as people write it."""
    yield AS_IT_IS + "# do not call\n+598 99 123-456\n0059829012345  # Ana\nANA@Example.com\nJosé\n\n".encode()
    yield AS_IT_IS + b"\xef\xbb\xbf099 123 456\r\nlead-7\r\n"
    yield bytes([3, 0, 4]) + b"a@b\n"
