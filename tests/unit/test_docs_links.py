"""Every link in every page of the repository leads somewhere; of those to elsewhere only the form is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.markdown import Page

ROOT = Path(__file__).parents[2]
_MADE = {"out", "dist", "node_modules", "__pycache__", "sandbox-data"}
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}|localhost|127\.0\.0\.1", re.IGNORECASE)


def pages(root: Path) -> Iterator[Path]:
    """Every Markdown file but those that something made or brought."""
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".") and each not in _MADE]
        yield from (Path(folder, each) for each in files if each.endswith(".md"))


PAGES = sorted(pages(ROOT))


def broken(path: Path, root: Path) -> list[str]:
    """What is wrong with the links of a page, each with its line."""
    found = []
    for link in Page.read(path).links:
        problem = _problem(link.target, path, root)
        if problem:
            found.append(f"{path.relative_to(root)}:{link.line}: {link.target}: {problem}")
    return found


def _problem(target: str, path: Path, root: Path) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return _elsewhere(target)
    if parts.path.startswith("/"):
        return "absolute: only a path from the page's own folder works everywhere"
    aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not aim.is_relative_to(root.resolve()):
        return "outside of the repository"
    if not aim.exists():
        return "there is no such file"
    if parts.fragment and aim.suffix == ".md" and unquote(parts.fragment) not in Page.read(aim).anchors:
        return "there is no such heading"
    return ""


def _elsewhere(target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https"):
        return "neither http, https nor a path"
    if not _HOST.fullmatch(parts.hostname or ""):
        return "no name of a host"
    local = parts.hostname in ("localhost", "127.0.0.1")
    return "" if local or parts.scheme == "https" else "https, please"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    """Pages, headings, images and files; relative to the page."""
    assert broken(path, ROOT) == []


def test_the_pages_are_found() -> None:
    """Those of all rooms."""
    names = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert {"README.md", "docs/mapping.md", "examples/README.md", "helm/lead-connector/README.md"} <= names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a](b.md)", "there is no such file"),
        ("![a](b.png)", "there is no such file"),
        ('<img src="b.svg">', "there is no such file"),
        ("[a](page.md#Two-words)", "there is no such heading"),
        ("[a](#three)", "there is no such heading"),
        ("[a](other%20page.md#x)", "there is no such heading"),
        ("[a][b]\n\n[b]: c.md", "there is no such file"),
        ("| a |\n|---|\n| [a](b.md) |", "there is no such file"),
        ("[a](/page.md)", "absolute"),
        ("[a](../../page.md)", "outside of the repository"),
        ("<ftp://example.com>", "neither http"),
        ("[a](https://example)", "no name of a host"),
        ("[a](http://example.com)", "https, please"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text: str, said: str, tmp_path: Path) -> None:
    """Whatever it is written as."""
    (tmp_path / "other page.md").write_text("# One", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"# One\n\n## Two `words`, and more\n\n{text}\n", "utf-8")
    assert said in broken(page, tmp_path)[0]


def test_a_link_that_leads_somewhere_is_not(tmp_path: Path) -> None:
    """Headings twice, code and punctuation in headings, anchors of HTML; code is no link."""
    (tmp_path / "other page.md").write_text("# Año `a_b`: (c)\n\n# Twice\n\n# Twice\n\n<a id='x'></a>\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other%20page.md#año-a_b-c) [b](other%20page.md#twice-1) [c](<other page.md#x>) `[d](e.md)`\n"
        "<https://example.com/#x> <http://localhost:8090> [e](.)\n\n```\n[f](g.md)\n```\n",
        "utf-8",
    )
    assert broken(page, tmp_path) == []
