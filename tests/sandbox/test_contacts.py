"""Each channel's rules, as the API page has them ("Contactos"), over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.contacts import lead_identity
from tests.sandbox.harness import Client

# Hub (its name says its kind), a contact with only what is required.
PHONE: dict[str, Any] = {"clientIds": ["1567890"]}
TEXT: dict[str, Any] = {"clientId": "+1 (312) 548-7701"}
MAIL: dict[str, Any] = {"clientId": "john.smith@mycompany.net"}
REQUIRED = {"sales": PHONE, "broadcast": PHONE, "preview": PHONE, "sms": TEXT, "whatsapp": TEXT, "mails": MAIL}

GENERAL: dict[str, list[Any]] = {
    "timezone": ["America/Montevideo", "UTC", "Asia/Calcutta"],
    "data": [{}, {"name": "John Smith", "birthday": "2003-06-08"}, {"deep": {"er": [1, None]}}],
    "priority": [0, 67, -1],
    "contactId": ["1365", ""],
    "scheduleDate": ["2025-12-25 00:00:00", "2024-02-29 23:59:59"],
}
MESSAGE: dict[str, list[Any]] = {"content": ["Hola, este es un mensaje"], "template": ["sales_awesome_template"]}
CALLED: dict[str, list[Any]] = {
    "clientIds": [["+1 (425) 671-5523", "(+1) 312 548-7701"], ["1567890", "1234567"], [1567890]]
}
OWN: dict[str, dict[str, list[Any]]] = {
    "sales": CALLED,
    "broadcast": CALLED,
    "preview": {"clientIds": [["+598 2 123-4567"], [99123456]], "agent": ["my_best_agent"]},
    "sms": {"clientId": ["1567890", "+1 (312) 548-7701"], **MESSAGE},
    "whatsapp": {"clientId": ["1567890", "+1 (312) 548-7701"], **MESSAGE},
    "mails": {
        "clientId": ["johnsmith@mail.com"],
        "subject": ["Very important matter"],
        "attachments": [[], ["20251103/06ee53cc-0a90-4f18-8d07-09cc73910293-my_image.png"]],
        **MESSAGE,
    },
}
GOOD = [
    (hub, name, value) for hub, own in OWN.items() for name, values in {**GENERAL, **own}.items() for value in values
]

WRONG_GENERAL: dict[str, list[Any]] = {
    "timezone": [None, 3, "", "america/montevideo", "Uruguay Standard Time", "+03:00", "GMT+3", "localtime", "Factory"],
    "data": [None, [], "text", 1, True],
    "priority": [None, "1", 1.5, 1.0, True, []],
    "contactId": [None, 1365, True],
    "scheduleDate": [
        None,
        1766620800,
        "",
        "2025-12-25",
        "2025-12-25T00:00:00",
        "2025-12-25 00:00",
        "2025-12-25 00:00:00Z",
        "2025-12-25 00:00:00.000",
        "25-12-2025 00:00:00",
        "2025-12-25 24:00:00",
        "2025-12-25 23:60:00",
        "2025-12-25 23:59:60",
        "2025-02-29 12:00:00",
        "2025-13-01 12:00:00",
        "0000-01-01 00:00:00",
        "２０２５-12-25 00:00:00",  # noqa: RUF001
    ],
}
WRONG_TEXT: dict[str, list[Any]] = {"content": [None, 1, {}], "template": [None, 1, []]}
WRONG_PHONES: list[Any] = [
    None,
    "1567890",
    1567890,
    [],
    [None],
    [""],
    ["12"],
    ["call me"],
    [1.5],
    [True],
    [["1567890"]],
    [-5],
]
WRONG_PHONE: list[Any] = [None, 1567890, "", "12", "john@mail.com", ["1567890"], "++1567890", "12+34567", "1" * 21]
WRONG: dict[str, dict[str, list[Any]]] = {
    "sales": {
        "clientIds": [*WRONG_PHONES, ["1567890", "x"]],
        "agent": ["me"],
        "clientId": ["1567890"],
        "content": ["Hi"],
    },
    "broadcast": {"clientIds": WRONG_PHONES, "agent": ["me"], "template": ["t"]},
    "preview": {"clientIds": WRONG_PHONES, "agent": [None, 7], "template": ["t"], "subject": ["s"]},
    "sms": {"clientId": WRONG_PHONE, **WRONG_TEXT, "subject": ["s"], "attachments": [[]], "clientIds": [["1567890"]]},
    "whatsapp": {"clientId": WRONG_PHONE, **WRONG_TEXT, "subject": ["s"], "agent": ["me"]},
    "mails": {
        "clientId": [
            None,
            1,
            "",
            "john",
            "john@",
            "@mail.com",
            "john@mail",
            "a b@mail.com",
            "a@b@mail.com",
            "a@mail..com",
        ],
        "subject": [None, 1],
        "attachments": [None, "file.png", [1], [None], {}],
        **WRONG_TEXT,
        "agent": ["me"],
        "clientIds": [["1567890"]],
    },
}
BAD = [
    (hub, name, value)
    for hub, own in WRONG.items()
    for name, values in {**WRONG_GENERAL, **own, "ScheduleDate": ["2025-12-25 00:00:00"], "id": ["1"]}.items()
    for value in values
]


@pytest.mark.parametrize(("hub", "name", "value"), GOOD)
def test_a_property_the_page_lists_is_accepted(shared: Client, hub: str, name: str, value: Any) -> None:
    answer = shared.fresh(hub, {**REQUIRED[hub], name: value})
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.text


@pytest.mark.parametrize(("hub", "name", "value"), BAD)
def test_a_wrong_property_is_named_with_its_index(shared: Client, hub: str, name: str, value: Any) -> None:
    answer = shared.fresh(hub, REQUIRED[hub], {**REQUIRED[hub], name: value})
    assert answer.status_code == 422
    assert [(problem["index"], problem["property"]) for problem in answer.json()["problems"]] == [(1, name)]
    assert f"contact 1: {name} " in answer.json()["error"]


@pytest.mark.parametrize(("hub", "required"), REQUIRED.items())
def test_the_client_id_is_required(shared: Client, hub: str, required: dict[str, Any]) -> None:
    answer = shared.fresh(hub, {"priority": 1})
    assert answer.status_code == 422
    assert answer.json()["problems"] == [{"index": 0, "property": next(iter(required)), "message": "is required"}]


@pytest.mark.parametrize("hub", REQUIRED)
def test_a_list_takes_the_same_contacts_without_a_schedule_date(shared: Client, hub: str) -> None:
    everything = {name: values[0] for name, values in {**GENERAL, **OWN[hub]}.items()}
    refused = shared.upload(hub, "June sales clients", everything)
    assert refused.status_code == 422
    assert [problem["property"] for problem in refused.json()["problems"]] == ["scheduleDate"]
    del everything["scheduleDate"]
    assert shared.upload(hub, "June sales clients", everything).status_code == 200


def test_every_problem_is_reported_not_only_the_first(shared: Client) -> None:
    answer = shared.fresh("sales", {"clientIds": [], "priority": "1"}, 7, PHONE, {"data": None})  # type: ignore[arg-type]
    found = [(problem["index"], problem["property"]) for problem in answer.json()["problems"]]
    assert found == [(0, "clientIds"), (0, "priority"), (1, ""), (3, "data"), (3, "clientIds")]


@pytest.mark.parametrize(
    ("contact", "identity"),
    [
        ({"clientIds": ["1567890"], "contactId": "c", "data": {"id": "i", "eventId": "e"}}, "i"),
        ({"clientIds": ["1567890"], "contactId": "c", "data": {"eventId": "e"}}, "e"),
        ({"clientIds": ["1567890"], "contactId": "c", "data": {"id": None, "name": "n"}}, "c"),
        ({"clientIds": ["1567890"], "data": {"id": 7}}, "7"),
        ({"clientIds": [1567890, 2], "data": {}}, "1567890"),
        ({"clientId": "a@mail.com", "data": {"id": {}}}, "a@mail.com"),
    ],
)
def test_whom_a_contact_stands_for(contact: dict[str, Any], identity: str) -> None:
    """data.id, data.eventId, contactId, then the first client id."""
    assert lead_identity(contact) == identity
