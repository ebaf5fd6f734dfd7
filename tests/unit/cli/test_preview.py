"""``lead-connector preview --input``: what would be sent, without anything that could be asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connector.leads.mapped import Destination, MappedLead
from connector.preview import Request
from connector.ucontact.client import UContact
from connector.ucontact.token import TokenFile
from tests.unit.cli.support import LEAD, cli, configuration, lead

GOOGLE = "http://127.0.0.1:1/api/dialer/id/Ventas%20d%C3%ADa%2F1/freshLeads"
META = "http://127.0.0.1:1/api/dialer/id/social/freshLeads"


def written(folder: Path, *leads: dict[str, Any] | str) -> Path:
    """A file with one lead on each line."""
    path = folder / "leads.json"
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in leads))
    return path


def test_requests_and_refusals_one_object_a_line_in_order(tmp_path: Path) -> None:
    """The keys that programs rely on come first, with the values that they had; setting leads aside is no failure."""
    no_route = lead(3, source={"platform": "fax"})
    leads = written(tmp_path, lead(1), "not JSON " + "x" * 600, lead(2, source={"platform": "meta"}), no_route, "7")
    ran = cli("preview", "-c", configuration(tmp_path), "--input", leads, "--output", "json")
    assert ran.code == 0, ran.err
    first, broken, second, unrouted, number = ran.lines
    assert list(first)[:4] == ["kind", "method", "url", "body"]
    assert (first["kind"], first["method"], first["url"]) == ("request", "POST", GOOGLE)
    assert first["body"] == {"leads": [{"clientIds": ["+59899123456"], "data": {"name": "Ana Peña"}}]}
    assert first["leads"] == [{"lead_id": "lead-1", "route": "google", "position": "line 1"}]
    assert list(broken)[:3] == ["kind", "reason", "lead"]
    assert (broken["kind"], broken["reason"], broken["position"]) == ("set_aside", "undecodable", "line 2")
    assert broken["lead"] == ("not JSON " + "x" * 600)[:500]
    assert (second["url"], second["hub"]) == (META, "social")
    assert (unrouted["reason"], unrouted["stage"], unrouted["outcome"]) == ("no_route", "route", "dead_letter")
    assert unrouted["lead"] == no_route and unrouted["message"]
    assert (number["reason"], number["lead"]) == ("invalid_lead", 7)
    assert "5 leads: 2 in 2 requests (google 1, meta 1), 3 set aside" in ran.err
    assert all(f"{reason} 1" in ran.err for reason in ("undecodable", "no_route", "invalid_lead"))


def test_numbers_that_are_left_out_are_told(tmp_path: Path) -> None:
    """With why and how many, in both forms; a lead that lacks none has no such key."""
    contact = {"clientIds": "person.phones"}
    rules = {"format": "e164", "region": "UY"}
    config = configuration(tmp_path, routes=[{"name": "all", "hub": "sales", "contact": contact, "phones": rules}])
    leads = written(tmp_path, lead(1, person={"phones": ["099 1", "099 123 456", "0991"]}), lead(2))
    requests = cli("preview", "-c", config, "--input", leads, "--output", "json").lines
    assert [each.get("dropped") for request in requests for each in request["leads"]] == [
        [{"property": "clientIds", "reason": "not_valid", "numbers": 2}],
        None,
    ]
    told = cli("preview", "-c", config, "--input", leads).out
    assert "line 1: lead lead-1, route all\n  clientIds: 2 left out: no valid number in its country\nPOST" in told


def test_text_is_for_people(tmp_path: Path) -> None:
    """Blocks with the URL and the body, and one line for a lead that is set aside; the counts are on stderr."""
    leads = written(tmp_path, lead(1), lead(2, person={"phones": []}))
    ran = cli("preview", "-c", configuration(tmp_path), "--input", leads)
    assert ran.code == 0, ran.err
    request, refusal, rest = ran.out.split("\n\n")
    head, url, body = request.split("\n", 2)
    assert head == "line 1: lead lead-1, route google" and url == f"POST {GOOGLE}"
    assert json.loads(body)["leads"][0]["data"] == {"name": "Ana Peña"} and "Peña" in body
    assert refusal.startswith("line 2: set aside: missing_field: clientIds") and rest == ""
    assert "2 leads: 1 in 1 request (google 1), 1 set aside (missing_field 1); nothing was sent" in ran.err


def test_filtered_leads_are_shown_with_their_filter(tmp_path: Path) -> None:
    """As they would end, with the same list; an unreadable one ends the preview before the first lead."""
    listed = tmp_path / "list"
    listed.write_text("+598 99 123 456\n")
    filters = [
        {"name": "test-leads", "when": "source.isTest"},
        {"name": "asked", "listed": {"value": "person.phones", "file": str(listed)}},
    ]
    config = configuration(tmp_path, filters=filters, unmatched="filter")
    other = {"phones": ["+59829012345"]}
    leads = written(
        tmp_path,
        lead(1, source={"isTest": True}),
        lead(2),
        lead(3, person=other),
        lead(4, person=other, source={"platform": "fax"}),
    )
    ran = cli("preview", "-c", config, "--input", leads, "--output", "json")
    assert [line.get("reason") for line in ran.lines] == ["excluded", "suppressed", None, "no_route"]
    assert [line.get("outcome") for line in ran.lines] == ["filtered", "filtered", None, "filtered"]
    assert ran.lines[0]["stage"] == "filter" and "3 set aside" in ran.err
    told = cli("preview", "-c", config, "--input", leads)
    assert "line 1: filtered: excluded: filter test-leads: its condition holds\n" in told.out
    assert "line 2: filtered: suppressed: filter asked: the lead is on its suppression list\n" in told.out
    listed.unlink()
    ran = cli("preview", "-c", config, "--input", leads)
    assert (ran.code, ran.out) == (2, "") and "filters[1].listed.file" in ran.err


def test_a_split_shows_the_hub_of_each_lead_and_counts_them(tmp_path: Path) -> None:
    """Those to which the service would send them."""
    routes = [{"name": "example", "hub": {"sales": 70, "social": 30}, "contact": {"clientIds": "person.phones"}}]
    leads = written(tmp_path, *({**LEAD, "eventId": f"g-100{number}"} for number in (1, 2, 3)))
    ran = cli("preview", "-c", configuration(tmp_path, routes=routes), "--input", leads, "--output", "json")
    assert [line["hub"] for line in ran.lines] == ["sales", "social", "sales"]
    assert "3 leads: 3 in 3 requests (example 3 (sales 2, social 1)), 0 set aside; nothing was sent" in ran.err


@pytest.mark.parametrize("layout", ["pretty", "list", "pretty list"])
def test_other_layouts_from_standard_input(tmp_path: Path, layout: str) -> None:
    """Pretty-printed leads one after another, a list, a pretty-printed list; ``-`` reads standard input."""
    leads = [lead(1), lead(2)]
    indent = 2 if "pretty" in layout else None
    text = (
        json.dumps(leads, indent=indent)
        if "list" in layout
        else "\n".join(json.dumps(each, indent=indent) for each in leads)
    )
    ran = cli("preview", "-c", configuration(tmp_path), "--input", "-", "--output", "json", stdin=text)
    assert [line["leads"][0]["lead_id"] for line in ran.lines] == ["lead-1", "lead-2"], ran.err


def test_batches_hold_what_follows_one_another(tmp_path: Path) -> None:
    """At most N leads, one destination, the order kept, and no more bytes than a batch may have."""
    meta = {"platform": "meta"}
    leads = written(tmp_path, *(lead(n, source=meta if n in (4, 5) else {}) for n in range(1, 8)))

    def batches(config: Path) -> list[list[str]]:
        ran = cli("preview", "-c", config, "--input", leads, "--output", "json", "--batch", "2")
        assert all(len(line["body"]["leads"]) == len(line["leads"]) for line in ran.lines)
        return [[each["lead_id"].removeprefix("lead-") for each in line["leads"]] for line in ran.lines]

    assert batches(configuration(tmp_path)) == [["1", "2"], ["3"], ["4", "5"], ["6", "7"]]
    large = [{"name": "a", "hub": "h", "contact": {"clientIds": "person.phones", "data": {"t": "'" + "x" * 600 + "'"}}}]
    config = configuration(tmp_path, routes=large, delivery={"batch": {"max_bytes": 1024}})
    assert batches(config) == [[str(number)] for number in range(1, 8)]


def test_every_request_of_a_lead_in_parts(tmp_path: Path) -> None:
    """In the order of the routes, with the part that is set aside; the counts are per part."""
    sms = {"clientId": "person.phones | first", "content": "'hello'"}
    calls = {"clientIds": "person.phones"}
    routes = [
        {"name": "message", "continue": True, "hub": "welcome", "channel": "sms", "contact": sms},
        {"name": "call", "hub": "sales", "contact": calls},
    ]
    leads = written(tmp_path, lead(1), lead(2, person={"phones": ["ask Ana", "+59899123456"]}))
    config = configuration(tmp_path, routes=routes)
    ran = cli("preview", "-c", config, "--input", leads, "--output", "json", "--batch", "5")
    message, call, refused, again = ran.lines
    assert [line["hub"] for line in (message, call, again)] == ["welcome", "sales", "sales"]
    assert message["leads"] == [{"lead_id": "lead-1", "route": "message", "position": "line 1"}]
    dropped = [{"property": "clientIds", "reason": "not_a_number", "numbers": 1}]
    assert again["leads"] == [{"lead_id": "lead-2", "route": "call", "position": "line 2", "dropped": dropped}]
    assert (refused["reason"], refused["route"], refused["position"]) == ("invalid_field", "message", "line 2")
    assert "2 leads in 4 parts: 3 in 3 requests (call 2, message 1), 1 set aside (invalid_field 1)" in ran.err
    assert "line 2, route message: set aside: invalid_field" in cli("preview", "-c", config, "--input", leads).out


def test_the_request_is_byte_by_byte_what_the_client_sends(tmp_path: Path) -> None:
    """The same URL and the same body as on the wire."""
    sent: list[tuple[str, bytes]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append((str(request.url), request.content))
        return httpx2.Response(200, json={})

    bodies = ['{"clientIds":["1"],"data":{"ñ":1.50}}'.encode(), b'{"clientIds":["2"]}']
    destination = Destination("Ventas día/1 100%")
    (tmp_path / "token").write_text("t")

    async def post() -> None:
        transport = httpx2.MockTransport(answer)
        token = TokenFile(tmp_path / "token")
        api = UContact("http://h/", token, timeout=9, connect_timeout=9, connections=1, transport=transport)
        await api.post(destination, bodies)
        await api.aclose()

    asyncio.run(post())
    leads = [("line 1", MappedLead(str(n), None, "r", destination, body)) for n, body in enumerate(bodies)]
    request = Request("http://h/", destination, leads)
    assert sent == [(request.url, request.body)]


def test_now_makes_a_preview_repeatable(tmp_path: Path) -> None:
    """A lead is too old or not by the time that is given."""
    routes = [{"name": "all", "hub": "h", "contact": {"clientIds": "person.phones"}, "max_age": "1h"}]
    config, leads = configuration(tmp_path, routes=routes), written(tmp_path, LEAD)
    for now, kind in (("2026-03-08T06:59:00-03:00", "request"), ("2026-03-08T10:01:00Z", "set_aside")):
        ran = cli("preview", "-c", config, "--input", leads, "--now", now, "--output", "json")
        assert [line["kind"] for line in ran.lines] == [kind], ran.err
    assert ran.lines[0]["reason"] == "too_old" and ran.lines[0]["outcome"] == "expired"


def test_the_topic_of_a_file(tmp_path: Path) -> None:
    """Leads count as of the first named topic, or of the one that is told; a note says so where it matters."""
    contact = {"clientIds": "person.phones"}
    routes = [
        {"name": "one", "topics": ["leads"], "hub": "one", "contact": contact},
        {"name": "two", "topics": ["leads.web"], "hub": "two", "contact": contact},
    ]
    config = configuration(tmp_path, routes=routes, kafka={"topics": ["^x.*", "leads", "leads.web"]})
    leads = written(tmp_path, LEAD)
    ran = cli("preview", "-c", config, "--input", leads, "--output", "json")
    assert ran.lines[0]["hub"] == "one" and "taken as leads of the topic leads" in ran.err
    ran = cli("preview", "-c", config, "--input", leads, "--output", "json", "--as-topic", "leads.web")
    assert ran.lines[0]["hub"] == "two" and "note" not in ran.err


def test_a_file_is_json_whatever_the_topics_carry(tmp_path: Path) -> None:
    """With a format that JSON could not be."""
    config = configuration(tmp_path, schemas={"format": "single_object"})
    assert cli("preview", "-c", config, "--input", written(tmp_path, LEAD), "--output", "json").lines[0]["body"]


def test_nothing_that_a_file_does_not_need_stops_a_preview(tmp_path: Path) -> None:
    """No token, no secrets, no CA, no registry, no broker."""
    gone = str(tmp_path / "gone")
    config = configuration(
        tmp_path,
        kafka={"property_files": {"sasl.password": gone}},
        ucontact={"token_file": gone, "ca_file": gone},
        schemas={"registry": {"url": "http://127.0.0.1:1", "username": "u", "password_file": gone}},
    )
    ran = cli("preview", "-c", config, "--input", written(tmp_path, LEAD), "--output", "json")
    assert ran.code == 0 and ran.lines[0]["kind"] == "request", ran.err


def test_an_empty_file_is_no_failure(tmp_path: Path) -> None:
    """Nothing to show is shown as nothing."""
    ran = cli("preview", "-c", configuration(tmp_path), "--input", written(tmp_path), "--output", "json")
    assert (ran.code, ran.out) == (0, "") and "0 leads: 0 in 0 requests, 0 set aside" in ran.err


def test_limit(tmp_path: Path) -> None:
    """So many leads of the file, from its beginning."""
    leads = written(tmp_path, lead(1), lead(2), lead(3))
    ran = cli("preview", "-c", configuration(tmp_path), "--input", leads, "--output", "json", "--limit", "2")
    assert [line["leads"][0]["lead_id"] for line in ran.lines] == ["lead-1", "lead-2"]


def test_a_configuration_with_mistakes(tmp_path: Path) -> None:
    """Exit 2 with every problem: a reader schema that is missing is one."""
    config = configuration(tmp_path, schemas={"reader": "nowhere.avsc"}, delivery={"max_in_flight": 0})
    ran = cli("preview", "-c", config, "--input", written(tmp_path, LEAD))
    assert (ran.code, ran.out) == (2, "")
    assert "schemas.reader: nowhere.avsc" in ran.err and "delivery.max_in_flight" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of --input FILE and --topic TOPIC"),
        (["--input", "FILE", "--topic", "leads"], "one of --input FILE and --topic TOPIC"),
        (["--input", "FILE", "--from", "earliest"], "goes with --topic"),
        (["--topic", "leads", "--as-topic", "x"], "goes with --input"),
        (["--topic", "leads", "--from", "soon"], "'soon' is none of earliest"),
        (["--topic", "leads", "--from", "2026-03-08T09:00:00"], "needs Z or an offset"),
        (["--input", "FILE", "--now", "2026-03-08T09:00:00"], "needs Z or an offset"),
        (["--input", "FILE", "--now", "noon"], "'noon' is not a time"),
        (["--input", "FILE", "--limit", "0"], "--limit"),
        (["--input", "FILE", "--batch", "0"], "--batch"),
        (["--input", "FILE", "--output", "xml"], "--output"),
        (["--input", "nowhere.json"], "no such file"),
        (["--input", "."], "is a directory"),
    ],
)
def test_bad_usage(tmp_path: Path, arguments: list[str], message: str) -> None:
    """Exit 2 and what is wrong."""
    leads = written(tmp_path, LEAD)
    named = [str(leads) if argument == "FILE" else argument for argument in arguments]
    ran = cli("preview", "-c", configuration(tmp_path), *named)
    assert (ran.code, ran.out) == (2, "") and message in ran.err, ran.err


def test_an_avro_file_is_refused_by_name(tmp_path: Path) -> None:
    """Rather than shown as one broken lead."""
    ran = cli("preview", "-c", configuration(tmp_path), "--input", "-", stdin=b"Obj\x01\x04\x16avro.schema")
    assert ran.code == 2 and "Avro file" in ran.err


def test_a_lead_nested_too_deeply_to_be_written_hides_no_other(tmp_path: Path) -> None:
    """JSON can be read deeper than it is written; such a lead is shown as text, and those after it come too."""
    leads = written(tmp_path, "[" * 500 + "]" * 500, lead(2))
    ran = cli("preview", "-c", configuration(tmp_path), "--input", leads, "--output", "json")
    assert ran.code == 0, ran.err
    deep, request = ran.lines
    assert deep["reason"] == "invalid_lead"
    assert isinstance(deep["lead"], str) and deep["lead"].startswith("[" * 400)
    assert request["kind"] == "request"


def test_a_limit_beyond_all_numbers_is_bad_usage(tmp_path: Path) -> None:
    """Exit 2 and what would be right."""
    ran = cli("preview", "-c", configuration(tmp_path), "--input", written(tmp_path), "--limit", "9" * 30)
    assert ran.code == 2 and "--limit" in ran.err and "Traceback" not in ran.err
