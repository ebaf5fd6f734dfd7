"""One Chromium for all tests, and a page that notes whatever goes wrong in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

from testbed.broker import Broker
from tests.conftest import MakeTopic
from tests.integration.conftest import Bed, bed  # noqa: F401 - a fixture

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120_000
"""Milliseconds; only a failing test waits so long."""
LIGHT: Literal["light"] = "light"
DARK: Literal["dark"] = "dark"
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 375, "height": 800}

Open = Callable[..., Page]


def chromium() -> str:
    """The first browser on the path; Playwright's own would have to be downloaded. Fails when there is none."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail(f"none of {', '.join(PROGRAMS)} is on the path: make browser installs Debian's Chromium")
    return program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window. For a module: while it is open, nobody else may run an event loop on this thread."""
    with sync_playwright() as playwright:
        # Without its sandbox, for it does not start as root with it; it sees nothing but pages of ours.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a URL: ``open_page(url, viewport=PHONE, color_scheme=DARK)``. In the end no page may have complained, or
    asked anybody else for anything."""
    contexts = []
    wrong: list[str] = []

    def opened(url: str, **how: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, **how})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        host = urlsplit(url).netloc

        def heard(message: ConsoleMessage) -> None:
            # That its server is gone is no mistake of the page's.
            if message.type in ("error", "warning") and "net::ERR_" not in message.text:
                wrong.append(f"console: {message.text}")

        def asked(request: Request) -> None:
            if urlsplit(request.url).scheme != "data" and urlsplit(request.url).netloc != host:
                wrong.append(f"asked {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("request", asked)
        page.goto(url)
        page.wait_for_selector("#link[data-up=yes]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong, wrong


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    return width


def poor_contrasts(page: Page) -> list[str]:
    """Texts whose contrast with their ground is below WCAG 2.2's AA (1.4.3): 4.5, or 3 for large ones."""
    found: list[str] = page.evaluate(_CONTRASTS)
    return found


_CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text("utf-8")

__all__ = ["Broker", "MakeTopic"]
