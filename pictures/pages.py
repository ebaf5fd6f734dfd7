"""``python -m pictures.pages FOLDER LEADS``: runs the demo, and photographs both pages when that many leads came."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from testbed.process import Process
from testbed.waiting import until
from tests.browser.conftest import DARK, LIGHT, PHONE, WIDE, chromium

RATE = 12
"""Leads a second: some minutes' worth, so that the curves have something to show."""
HOUR = 3600.0
TALL: ViewportSize = {"width": WIDE["width"], "height": 1160}
SHOTS = (("", TALL, LIGHT), ("-dark", TALL, DARK), ("-phone", PHONE, LIGHT))


@contextmanager
def demo(leads: int) -> Iterator[dict[str, str]]:
    """A running demo: where its parts are, by their names."""
    command = [sys.executable, "-m", "connector", "demo", "--leads", str(leads * 2), "--rate", str(RATE), "--port", "0"]
    with TemporaryDirectory() as folder:
        process = Process("the demo", command, Path(folder) / "log")
        process.start()
        try:
            process.wait_ready(lambda: "delivered" in process.log_text(), limit=HOUR)
            yield dict(re.findall(r"(?m)^(\w+) +(http://[^ ,\n]+)", process.log_text()))
        finally:
            process.signal(signal.SIGINT)
            process.wait(limit=HOUR)


def shoot(browser: Browser, name: str, url: str, leads: int, folder: Path) -> None:
    """The page wide, light and dark, and on a phone, as soon as its first figure is so large."""
    for suffix, viewport, scheme in SHOTS:
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("#link[data-up=yes]")
        until(partial(_reached, page, leads), limit=HOUR, what=f"{leads} leads on the page", interval=1)
        page.screenshot(path=folder / f"{name}{suffix}.png")
        context.close()


def _reached(page: Page, leads: int) -> bool:
    return int(page.locator("dl.figures dd").first.inner_text().replace(",", "")) >= leads


def main(folder: Path, leads: int) -> None:
    """Both pages."""
    with demo(leads) as urls, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        shoot(browser, "status", urls["connector"], leads, folder)
        shoot(browser, "sandbox-demo", urls["sandbox"], leads, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
