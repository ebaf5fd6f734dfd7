"""Every kind of hub and both endpoints, from a real Kafka to the sandbox's page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from testbed.waiting import until
from tests.integration.bed import LIMIT, ROOT, as_json, produce, read_all
from tests.integration.conftest import Bed
from tests.sandbox.page import Node

HUBS = {
    "call": ("sales", "predictive", "telephony", "telephony, predictive"),
    "recording": ("reminders", "broadcast", "telephony", "telephony, broadcast"),
    "adviser": ("advisers", "preview", "preview", "preview"),
    "sms": ("texts", "sms", "sms", "sms"),
    "whatsapp": ("chats", "whatsapp", "whatsapp", "whatsapp"),
    "email": ("mails", "email", "email", "email"),
}
"""What the lead asks for (``attributes.by``): hub, its kind, its channel, and both as the page has them."""
ZONES = {
    "call": "America/Montevideo",
    "recording": "Europe/Madrid",
    "adviser": "America/Chicago",
    "sms": "America/Sao_Paulo",
    "whatsapp": "America/Buenos_Aires",
    "email": "America/Santiago",
}
"""Where the people who have asked for a time are."""
NUMBER_ZONES = {"+5511961234567": "America/Sao_Paulo", "+5491123456789": "America/Buenos_Aires"}
"""Of the numbers that have one zone; Spain's have two."""
BROCHURE = "20251103/06ee53cc-0a90-4f18-8d07-09cc73910293-brochure.pdf"
BY_COUNT = ("call", "recording", "adviser")
"""Their lists go when they have two leads; the others' after a second."""


def example() -> dict[str, Any]:
    """The example's configuration, with lists that go sooner."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "every-hub.yaml").read_text("utf-8"))
    for route in config["routes"]:
        if "list" in route:
            by_count = route["name"].removesuffix("-list") in BY_COUNT
            rule = {"max_leads": 2, "max_wait": "1h"} if by_count else {"max_wait": "1s"}
            route["list"] = {**route["list"], **rule}
    return config


def events() -> Iterator[dict[str, Any]]:
    """The example's leads as if they came today, and for each list that goes by count a second lead."""
    leads = json.loads((ROOT / "examples" / "every-hub-leads.json").read_text("utf-8"))
    days = timedelta(days=(datetime.now(UTC) - datetime(2026, 3, 6, tzinfo=UTC)).days)
    for lead in leads:
        lead["occurredAt"] = (datetime.fromisoformat(lead["occurredAt"]) + days).isoformat()
        at = lead.get("schedule", {}).get("at")
        if isinstance(at, dict):
            at["local"] = (datetime.fromisoformat(at["local"]) + days).isoformat()
        elif at is not None:
            lead["schedule"]["at"] = (datetime.fromisoformat(at) + days).isoformat()
        yield lead
        if "list" in lead["attributes"] and lead["attributes"]["by"] in BY_COUNT:
            yield {**deepcopy(lead), "eventId": f"{lead['eventId']}-2"}


def contact_of(lead: dict[str, Any]) -> dict[str, Any]:
    """The contact that the API's page asks for, made without the connector."""
    person, attributes = lead["person"], lead["attributes"]
    by, is_list = attributes["by"], "list" in attributes
    name, product = person["firstName"], attributes["product"]
    contact: dict[str, Any] = {
        "priority": lead["priority"],
        "contactId": attributes["crmId"],
        "data": {"id": lead["eventId"], "name": f"{name} {person['lastName']}", "product": product},
        "timezone": person.get("timezone") or NUMBER_ZONES.get(person["phones"][0], "America/Montevideo"),
    }
    if by in ("sms", "whatsapp"):
        contact["clientId"] = person["phones"][0]
    elif by == "email":
        quote = [attributes["quote"]] if "quote" in attributes else []
        contact |= {"clientId": person["email"], "subject": f"{name}, about {product}"}
        contact["attachments"] = [BROCHURE, *quote]
    else:
        contact["clientIds"] = person["phones"]
    if by == "adviser":
        contact["agent"] = attributes["adviser"]
    texts: dict[tuple[str, bool], dict[str, str]] = {
        ("sms", True): {"template": "spring_sms"},
        ("sms", False): {"content": f"{name}, thank you for asking about {product}."},
        ("whatsapp", True): {"content": f"{name}, this week there is an offer for {product}."},
        ("whatsapp", False): {"template": "welcome_whatsapp"},
        ("email", True): {"template": "spring_mail"},
        ("email", False): {"content": f"Dear {name}, here is what you asked for."},
    }
    contact |= texts.get((by, is_list), {})
    if (at := lead.get("schedule", {}).get("at")) is not None:
        contact["timezone"] = ZONES[by]
        zone = ZoneInfo(ZONES[by])
        local = (
            datetime.fromisoformat(at["local"]) if isinstance(at, dict) else datetime.fromisoformat(at).astimezone(zone)
        )
        contact["scheduleDate"] = local.strftime("%Y-%m-%d %H:%M:%S")
    return contact


def place_of(lead: dict[str, Any]) -> tuple[str, str, str | None]:
    """Hub, endpoint and list."""
    attributes = lead["attributes"]
    hub = HUBS[attributes["by"]][0]
    if "list" not in attributes:
        return hub, "freshLeads", None
    return hub, "lists", f"{attributes['list']} {lead['occurredAt'][:10]}"


def as_shown(contact: dict[str, Any]) -> dict[str, str]:
    """A contact's properties as the page has them: by the API's names, texts as they are, the rest as JSON."""
    shown = {}
    for name, value in {**contact, **{f"data.{key}": each for key, each in contact["data"].items()}}.items():
        if name not in ("clientId", "clientIds", "data"):
            shown[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown


def lists_on(page: Node) -> list[tuple[str, ...]]:
    """Name, hub, contacts, called and state of each list on the page."""
    (part,) = page.find("div", id="lists")
    return sorted(tuple(cell.text for cell in row.find("td")[:5]) for row in part.find("tr")[1:])


def test_every_kind_of_hub_and_both_endpoints(bed: Bed) -> None:
    """Each lead once, on the hub, endpoint and list that the example sends it to, exactly as the API's page has it; and
    a person sees each on the sandbox's page, with its channel, all its values, and what has become of it."""
    bed.replace_sandbox(hubs={hub: kind for hub, kind, _, _ in HUBS.values()})
    config = example()
    review = bed.new_topic("review", partitions=1)
    changes = {"routes": config["routes"], "delivery": config["delivery"], "review": {"topic": review}}
    connector = bed.connector(changes=changes).start()
    produced = list(events())
    produce(bed.bootstrap, bed.topic, map(as_json, produced))
    connector.wait_done()

    sent = {lead["eventId"]: lead for lead in produced if lead["eventId"] not in ("email-without", "by-letter")}
    ledger = bed.sandbox.ledger()
    assert sorted(line["lead"] for line in ledger) == sorted(sent)
    for line in ledger:
        lead = sent[line["lead"]]
        assert (line["hub"], line["endpoint"], line.get("filename")) == place_of(lead)
        assert line["contact"] == contact_of(lead)
    assert {(line["hub"], line["endpoint"]) for line in ledger} == {
        (hub, endpoint) for hub, _, _, _ in HUBS.values() for endpoint in ("freshLeads", "lists")
    }
    letters = read_all(bed.bootstrap, bed.dead, 2)
    reasons = sorted(letter["headers"]["lead-connector.reason"] for letter in letters)
    assert reasons == [b"missing_field", b"no_route"]

    until(
        lambda: all(row[4] == "inactive inactiva" for row in lists_on(bed.sandbox.page())), limit=LIMIT, what="loaded"
    )
    until(lambda: "called" in states(bed.sandbox.page()).values(), limit=LIMIT, what="the lead that is called at once")
    page = bed.sandbox.page()
    assert lists_on(page) == sorted(
        (place_of(sent[f"{by}-list"])[2], hub, "2" if by in BY_COUNT else "1", "0", "inactive inactiva")
        for by, (hub, _, _, _) in HUBS.items()
    )
    for hub, _, channel, named in HUBS.values():
        (card,) = page.find("section", data_hub=hub)
        assert card.attributes["data-channel"] == channel
        assert [each.text for each in card.find("span", **{"class": "kind"})] == [named]
        for article in card.find("article"):
            contact = contact_of(sent[article.attributes["data-lead"]])
            ids = contact.get("clientIds", [contact.get("clientId")])
            assert article.find("strong")[0].text == ", ".join(ids)
            assert dict(article.pairs()) == as_shown(contact)
    expected = dict.fromkeys(sent, "held") | {lead: "scheduled" for lead in sent if "schedule" in sent[lead]}
    assert states(page) == expected | {"call-at-once": "called"}

    for button in page.find("button"):
        if button.attributes.get("id", "").startswith("activate-"):
            bed.sandbox.press(button)
    until(lambda: "held" not in states(bed.sandbox.page()).values(), limit=LIMIT, what="the lists' people contacted")
    assert {row[4] for row in lists_on(bed.sandbox.page())} == {"active activa"}
    assert connector.stop() == 0


def states(page: Node) -> dict[str, str]:
    """What has become of each lead that the page shows."""
    return {
        article.attributes["data-lead"]: article.find("span")[0].attributes["data-state"]
        for article in page.find("article")
    }
