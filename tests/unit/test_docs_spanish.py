"""The pages in Spanish say what the English ones say: the same commands, links and entries.

What is compared is what a translation must not touch. A page whose English side has changed fails here until its
Spanish side has too.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.markdown import Fence, Page

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "README.es.md",
    "docs/quickstart.md": "docs/es/quickstart.md",
    "docs/runbook.md": "docs/es/runbook.md",
}
"""English to Spanish."""
_ENGLISH = {spanish: english for english, spanish in PAGES.items()}
_DO, _QUE_HACER = "**Do**: ", "**Qué hacer**: "
_COMMENT = re.compile(r"(?:^|\s+)#.*$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")

pairs = pytest.mark.parametrize(("english", "spanish"), PAGES.items(), ids=PAGES)


def _commands(path: str) -> list[Fence]:
    """The fenced blocks; comments of what a machine reads are for people, in their language."""
    return [
        Fence(each.kind, _COMMENT.sub("", each.text)) if each.kind in ("sh", "yaml") else each
        for each in Page.read(ROOT / path).fences
    ]


def _target(target: str, page: str) -> str:
    """Where a link leads from the repository's root: the English page for either language."""
    if "://" in target:
        return target
    path, hash_, fragment = target.partition("#")
    aim = page if not path else os.path.normpath(Path(page).parent / path)
    return f"{_ENGLISH.get(aim, aim)}{hash_}{fragment}"


def _entries(path: str) -> dict[str, str]:
    """The runbook's entries by name, in their order."""
    text = (ROOT / path).read_text("utf-8")
    parts = re.split(r"^###? ", text, flags=re.MULTILINE)[1:]
    return {name: body for name, _, body in (each.partition("\n") for each in parts)}


@pairs
def test_each_page_begins_with_a_link_to_its_other_language(english: str, spanish: str) -> None:
    """Whoever lands on the wrong one sees it at once."""
    for here, there in ((english, spanish), (spanish, english)):
        first = Page.read(ROOT / here).links[0]
        assert first.line == 3
        assert os.path.normpath(Path(here).parent / first.target) == there


@pairs
def test_the_commands_are_the_same(english: str, spanish: str) -> None:
    """All fenced blocks, in their order; only comments differ."""
    assert _commands(spanish) == _commands(english)


@pairs
def test_the_parts_and_links_are_the_same(english: str, spanish: str) -> None:
    """As many headings of each level in the same order; links to what is there in Spanish lead to that."""
    one, other = Page.read(ROOT / english), Page.read(ROOT / spanish)
    assert [level for level, _ in other.headings] == [level for level, _ in one.headings]
    aims = {page: [each.target for each in Page.read(ROOT / page).links[1:]] for page in (english, spanish)}
    missed = [
        each for each in aims[spanish] if os.path.normpath(Path(spanish).parent / each.partition("#")[0]) in PAGES
    ]
    assert missed == []
    theirs = Counter(_target(each, spanish) for each in aims[spanish])
    assert Counter(_target(each, english) for each in aims[english]) - theirs == Counter()


def test_the_runbook_has_every_entry() -> None:
    """Under the same name and in the same order, each with what to do."""
    english, spanish = (_entries(path) for path in ("docs/runbook.md", "docs/es/runbook.md"))
    alarms = [name for name in english if _DO in english[name]]
    assert [name for name in spanish if _QUE_HACER in spanish[name]] == alarms
    assert len(alarms) > 20


@pytest.mark.parametrize("name", [name for name, text in _entries("docs/runbook.md").items() if _DO in text])
def test_an_entry_names_the_same_commands_keys_and_metrics(name: str) -> None:
    """All that stands in code."""
    english, spanish = (_entries(path).get(name, "") for path in ("docs/runbook.md", "docs/es/runbook.md"))
    assert set(_CODE.findall(spanish)) == set(_CODE.findall(english))
