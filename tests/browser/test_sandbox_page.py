"""The sandbox's page: live, pressed by a person, read on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from tests.browser.conftest import DARK, LIGHT, PHONE, WIDE, Open, overflow, poor_contrasts
from tests.sandbox.harness import Client, lead, serving

pytestmark = pytest.mark.browser

HOSTILE = "</article><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>"
LONG = "a-hub-with-a-name-that-somebody-chose-without-thinking-of-phones-at-all"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A sandbox with two hubs."""
    with serving(tmp_path, hubs={"sales": "telephony", LONG: "preview"}, call_rate=0.0) as client:
        yield client


def fill(client: Client) -> None:
    """Leads of every state, a list, and a fault."""
    soon = (datetime.now(UTC) + timedelta(hours=30)).strftime("%Y-%m-%d %H:%M:00")
    for number in range(30):
        zone = ("America/Montevideo", "Europe/Madrid", "America/Argentina/ComodRivadavia")[number % 3]
        client.fresh("sales", lead(f"later-{number}", scheduleDate=soon, timezone=zone, priority=number))
    client.fresh("sales", lead("now"))
    client.fresh(LONG, lead("advised", agent="an_agent"))
    client.upload("sales", f"spring {LONG}", lead("listed"))
    client.fault("status", status=503, hub=LONG)


def test_leads_appear_without_a_reload(client: Client, open_page: Open) -> None:
    """Also those that hold markup: it is text."""
    page = open_page(client.url)
    page.evaluate("window.same = true")
    client.fresh("sales", lead("one", data={"id": "one", "note": HOSTILE}))
    page.get_by_text("window.pwned").first.wait_for()
    assert page.evaluate("[window.same, window.pwned]") == [True, None]
    assert page.locator("#totals dd").first.text_content() == "1"


def test_a_fault_is_switched_on_and_off_by_its_button(client: Client, open_page: Open) -> None:
    """By mouse and by keyboard; the button keeps the focus and says that it is pressed."""
    page = open_page(client.url)
    page.get_by_role("button", name="503 for all").click()
    page.locator("#faults td").get_by_text("status: 503").wait_for()
    assert client.fresh("sales", lead("refused")).status_code == 503
    pressed = page.locator("button[aria-pressed=true]")
    assert pressed.count() == 1 and page.evaluate("document.activeElement.textContent") == "503 for all"
    page.keyboard.press("Enter")
    page.get_by_text("none active").wait_for()
    assert client.fresh("sales", lead("taken")).status_code == 200


def test_a_list_is_activated(client: Client, open_page: Open) -> None:
    """As people do in uContact, which the API cannot."""
    client.upload("sales", "spring", lead("listed"))
    page = open_page(client.url)
    page.get_by_role("button", name="activate").click()
    page.locator("#lists .state[data-state=active]").wait_for()
    assert client.list_states() == ["active"]


def test_every_button_is_reached_by_tab(client: Client, open_page: Open) -> None:
    """In the order in which they stand, and each shows that it has the focus."""
    fill(client)
    page = open_page(client.url)
    page.get_by_role("button", name="activate").wait_for()
    buttons: list[str] = page.evaluate("[...document.querySelectorAll('button')].map((button) => button.id)")
    reached = []
    for _ in buttons:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == buttons


def test_the_time_line_has_a_day_for_each_zone(client: Client, open_page: Open) -> None:
    """With a mark at the local time; leads at the same time share one, which says how many."""
    fill(client)
    page = open_page(client.url)
    page.locator("#timeline .day").nth(2).wait_for()
    at = (datetime.now(UTC) + timedelta(hours=30)).date()
    assert page.locator("#timeline .day").first.text_content() is not None
    days = page.locator("#timeline .day strong").all_text_contents()
    assert set(days) <= {each.strftime("%a %-d %b") for each in (at, at + timedelta(days=1))} and len(days) == 3
    assert page.locator("#timeline .mark").count() == 3
    assert all("sales: 10" in title for title in page.locator("#timeline .mark title").all_text_contents())


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_can_be_read(client: Client, open_page: Open, scheme: str, viewport: ViewportSize) -> None:
    """Every text has enough contrast, light and dark, and nothing sticks out of a phone."""
    fill(client)
    page = open_page(client.url, viewport=viewport, color_scheme=scheme)
    page.locator("#faults table").wait_for()
    page.locator("#timeline .mark").first.wait_for(state="attached")  # a line has no area to see
    assert overflow(page) <= 0
    assert poor_contrasts(page) == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 26)"
    assert dark is (scheme == DARK)
