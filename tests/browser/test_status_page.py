"""The status page of a running connector on a real Kafka: whether leads flow, and where they stop."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DARK, LIGHT, PATIENCE, PHONE, WIDE, Open, overflow, poor_contrasts
from tests.integration.bed import as_json, lead, produce
from tests.integration.conftest import Bed

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>"


def test_it_tells_live_whether_leads_flow_and_where_they_stop(bed: Bed, open_page: Open) -> None:
    """Without a reload: leads come, the API goes away and comes back; and what a lead holds is text."""
    [route] = bed.connector().config["routes"]
    changes = {"routes": [{**route, "hub": "{{ attributes.hub }}"}], "delivery": {"breaker": {"failures": 2}}}
    connector = bed.connector(changes=changes).start()
    page = open_page(connector.admin)
    page.evaluate("window.same = true")
    produce(bed.bootstrap, bed.topic, [as_json(lead(n) | {"attributes": {"hub": "sales"}}) for n in range(200)])
    verdict, delivered = page.locator("#verdict h2"), page.locator("#figures dd").first
    expect(verdict).to_have_text("Leads flow", timeout=PATIENCE)
    expect(delivered).to_have_text("200", timeout=PATIENCE)

    bed.sandbox.fault(kind="status", status=503)
    produce(bed.bootstrap, bed.topic, [as_json(lead(n) | {"attributes": {"hub": "sales"}}) for n in range(200, 210)])
    expect(page.locator("#verdict")).not_to_have_attribute("data-tone", "good", timeout=PATIENCE)
    expect(page.locator("#verdict")).to_contain_text("sales", timeout=PATIENCE)
    expect(page.locator("#hubs .state.bad, #hubs .state.warn").first).to_be_visible(timeout=PATIENCE)
    bed.sandbox.heal()
    expect(delivered).to_have_text("210", timeout=PATIENCE)
    expect(page.locator("#verdict")).to_have_attribute("data-tone", "good", timeout=PATIENCE)

    produce(bed.bootstrap, bed.topic, [as_json(lead(0) | {"attributes": {"hub": HOSTILE}})])
    expect(page.locator("#aside tbody")).to_contain_text("unknown_hub", timeout=PATIENCE)
    expect(page.locator("#hubs tbody")).to_contain_text("<script>", timeout=PATIENCE)
    assert page.evaluate("[window.same, window.pwned]") == [True, None]
    connector.kill()
    expect(page.locator("#link")).to_have_text("no answer: what stands here is old", timeout=PATIENCE)


def test_it_can_be_read(bed: Bed, open_page: Open) -> None:
    """Light and dark, wide and on a phone, with sixty partitions and a route with a long name: every text has enough
    contrast, and nothing sticks out."""
    topic = bed.new_topic("many", partitions=60)
    [route] = bed.connector().config["routes"]
    long = "a-route-whose-name-says-all-about-the-campaign-of-last-spring-in-montevideo"
    routes = [{**route, "name": long, "when": "priority > 2"}, {**route, "name": "rest", "max_age": "1s"}]
    connector = bed.connector(topics=[topic], changes={"routes": routes}).start()
    old = [as_json({**lead(n), "occurredAt": 1_700_000_000_000}) for n in range(40)]
    produce(bed.bootstrap, topic, [*old, b"\x00not avro", *(as_json(lead(n)) for n in range(40))])
    connector.wait_done()
    for scheme in (LIGHT, DARK):
        for viewport in (WIDE, PHONE):
            page = open_page(connector.admin, viewport=viewport, color_scheme=scheme)
            expect(page.locator("#partitions tbody tr")).to_have_count(60, timeout=PATIENCE)
            expect(page.locator("#aside tbody")).to_contain_text("too_old", timeout=PATIENCE)
            assert overflow(page) <= 0, (scheme, viewport)
            assert poor_contrasts(page) == [], (scheme, viewport)
    assert connector.stop() == 0
