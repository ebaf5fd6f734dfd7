"""``lead-connector check``: every problem with its place, or what the configuration will do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.support import ROOT, cli, configuration


def test_a_configuration_that_is_right(tmp_path: Path) -> None:
    """Exit 0, and what will happen on standard output."""
    config = configuration(tmp_path)
    ran = cli("check", "-c", config)
    assert (ran.code, ran.err) == (0, "")
    assert "has no mistakes" in ran.out
    for told in (
        "leads at 127.0.0.1:1",
        "lead-connector, from the earliest",
        "leads.LeadEvent",
        "google: leads with source.platform == 'google' to telephony hub Ventas día/1",
        "POST http://127.0.0.1:1/api/dialer/id/Ventas%20d%C3%ADa%2F1/freshLeads",
        "leads.dead",
    ):
        assert told in ran.out


def test_the_summary_for_programs(tmp_path: Path) -> None:
    """One object; a hub that the event names has no URL."""
    routes = [{"name": "all", "hub": "hub-{{ source.platform }}", "contact": {"clientIds": "person.phones"}}]
    ran = cli("check", "-c", configuration(tmp_path, routes=routes), "--output", "json")
    report = json.loads(ran.out)
    assert (ran.code, ran.err, report["ok"], report["problems"], report["online"]) == (0, "", True, [], None)
    summary = report["summary"]
    assert (summary["topics"], summary["group_id"], summary["schema"]) == (
        ["leads"],
        "lead-connector",
        "leads.LeadEvent",
    )
    [route] = summary["routes"]
    assert (route["name"], route["channel"], route["endpoint"], route["url"]) == (
        "all",
        "telephony",
        "freshLeads",
        None,
    )


def test_the_summary_of_a_split(tmp_path: Path) -> None:
    """Each hub with its share and its URL, in both forms."""
    routes = [{"name": "all", "hub": {"sales": 2, "día": 1}, "contact": {"clientIds": "person.phones"}}]
    config = configuration(tmp_path, routes=routes)
    told = cli("check", "-c", config)
    assert told.code == 0 and "to telephony hubs by id, 33.3 % día, 66.7 % sales\n" in told.out
    urls = [f"http://127.0.0.1:1/api/dialer/id/{hub}/freshLeads" for hub in ("d%C3%ADa", "sales")]
    assert all(f"             POST {url}\n" in told.out for url in urls)
    [route] = json.loads(cli("check", "-c", config, "--output", "json").out)["summary"]["routes"]
    assert route["url"] is None
    assert route["split"] == [
        {"hub": "día", "weight": 1, "url": urls[0]},
        {"hub": "sales", "weight": 2, "url": urls[1]},
    ]


def test_the_summary_of_filters(tmp_path: Path) -> None:
    """What each takes, how long its list is, and what becomes of leads without a route, in both forms."""
    listed = tmp_path / "list"
    listed.write_text("# asked\nana@example.com\nbea@example.com\n")
    filters = [
        {"name": "test-leads", "when": "source.isTest"},
        {"name": "asked", "listed": {"value": "person.email", "file": str(listed)}},
    ]
    config = configuration(tmp_path, filters=filters, unmatched="filter")
    told = cli("check", "-c", config)
    assert (told.code, told.err) == (0, "")
    for line in (
        "filter       test-leads: no lead with source.isTest",
        f"filter       asked: no lead with person.email in {listed} (2 entries)",
        "unmatched    leads that no route takes are filtered",
    ):
        assert f"{line}\n" in told.out
    summary = json.loads(cli("check", "-c", config, "--output", "json").out)["summary"]
    nothing = dict.fromkeys(("when", "value", "file", "entries"))
    assert summary["unmatched"] == "filter" and summary["filters"] == [
        {**nothing, "name": "test-leads", "when": "source.isTest"},
        {**nothing, "name": "asked", "value": "person.email", "file": str(listed), "entries": 2},
    ]


def test_filters_that_cannot_work(tmp_path: Path) -> None:
    """Each with its place, files included; a mistake in one does not hide those in another."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "latin").write_bytes(b"a\ncaf\xe9@example.com\n")
    filters = [
        {"name": "a", "when": "source.isTset"},
        {"name": "a", "when": True, "listed": {"value": "person.fone", "file": str(tmp_path / "gone")}},
        {"name": "b", "listed": {"value": "person.email", "file": str(tmp_path / "empty")}},
        {"name": "c", "listed": {"value": "person.email", "file": str(tmp_path / "latin")}},
    ]
    ran = cli("check", "-c", configuration(tmp_path, filters=filters), "--output", "json")
    problems = {problem["path"]: problem for problem in json.loads(ran.out)["problems"]}
    assert ran.code == 2 and list(problems) == [
        "filters[0].when",
        "filters[1].name",
        "filters[1].when",
        "filters[1].listed.value",
        "filters[1].listed.file",
        "filters[2].listed.file",
        "filters[3].listed.file",
    ]
    assert all(problem["line"] for problem in problems.values())
    assert "line 2 is not UTF-8" in problems["filters[3].listed.file"]["message"]
    assert "caf" not in ran.out


def test_the_summary_tells_which_routes_go_on(tmp_path: Path) -> None:
    """For people and for programs."""
    contact = {"clientIds": "person.phones"}
    routes = [{"name": name, "hub": name, "contact": contact, "continue": name == "a"} for name in "ab"]
    config = configuration(tmp_path, routes=routes, receipts={"topic": "leads.receipts"}, duplicates={"key": "eventId"})
    summary = json.loads(cli("check", "-c", config, "--output", "json").out)["summary"]
    assert [route["continue"] for route in summary["routes"]] == [True, False]
    text = cli("check", "-c", config).out
    assert "a: every lead to telephony hub a; continue: the routes below are tried too\n" in text
    assert "b: every lead to telephony hub b\n" in text


def test_a_sample_request_for_each_route(tmp_path: Path) -> None:
    """Made up, whole for programs and short for people; where none is found, that is said and no mistake."""
    data = {"name": "{{ person.firstName }}", "text": "'" + "x" * 200 + "'"}
    routes = [
        {"name": "sms", "when": "source.platform == 'a'", "hub": "{{ source.formId }}", "channel": "sms",
         "contact": {"clientId": "person.phones | first", "data": data}},
        {"name": "all", "hub": "sales", "contact": {"clientIds": "person.phones"}},
        {"name": "none", "hub": "never", "contact": {"clientIds": "person.phones"}},
    ]  # fmt: skip
    config = configuration(tmp_path, routes=routes)
    ran = cli("check", "-c", config, "--output", "json")
    sms, _, none = (route["sample"] for route in json.loads(ran.out)["summary"]["routes"])
    assert ran.code == 0 and sms["made_up"] and sms["topic"] == "leads" and sms["lead"]["source"]["platform"] == "a"
    assert sms["url"] == "http://127.0.0.1:1/api/dialer/id/sample%20formId/freshLeads" and sms["why"] is None
    assert sms["body"]["leads"] == [{"clientId": "+59894231234", "data": {"name": "Ana", "text": "x" * 200}}]
    assert (none["url"], none["body"]) == (None, None) and none["lead"]
    leads = tmp_path / "leads.json"
    leads.write_text(json.dumps(sms["lead"]))
    again = cli("preview", "-c", config, "--input", leads, "--output", "json").lines
    assert [(each["url"], each["body"]) for each in again] == [(sms["url"], sms["body"])]
    text = cli("check", "-c", config).out
    assert f"a made-up lead as its body, POST {sms['url']}:\n" in text and '"clientId": "+59894231234",\n' in text
    assert '"text": "xxx' in text and "x" * 101 not in text
    assert "no made-up lead becomes a request: the one lead that was made up went to the route all above it" in text


def test_every_problem_at_once_each_with_its_place(tmp_path: Path) -> None:
    """Mistakes in values, in rules between them, in files and in the mapping come together, in file order."""
    routes = [{"name": "all", "hub": "sales", "contact": {"clientIds": "person.fone", "nonsense": "eventId"}}]
    config = configuration(
        tmp_path,
        routes=routes,
        ucontact={"token_file": str(tmp_path / "gone")},
        dead_letters={"topic": "leads"},
        delivery={"drain_timeout": 20},
    )
    ran = cli("check", "-c", config, "--output", "json")
    report = json.loads(ran.out)
    assert ran.code == 2 and not report["ok"] and report["summary"] is None
    assert [problem["path"] for problem in report["problems"]] == [
        "ucontact.token_file",
        "routes[0].contact.clientIds",
        "routes[0].contact.nonsense",
        "dead_letters.topic",
        "delivery.drain_timeout",
    ]
    lines = config.read_text().splitlines()
    for problem, text in zip(report["problems"], ("gone", "fone", "nonsense", "leads", "20"), strict=True):
        assert problem["kind"] == "configuration" and problem["file"] == str(config)
        assert text in lines[problem["line"] - 1] and problem["message"]
    told = cli("check", "-c", config)
    assert (told.code, told.out) == (2, "") and "5 problems in the configuration" in told.err
    assert told.err.splitlines()[0].startswith(f"{config}:")


def test_a_mistake_seen_twice_is_told_once(tmp_path: Path) -> None:
    """A reader schema, a writer schema and a property file that are missing cannot be read either."""
    gone = str(tmp_path / "gone")
    config = configuration(
        tmp_path,
        schemas={"reader": gone},
        kafka={"property_files": {"sasl.password": gone}},
        ucontact={"ca_file": gone},
    )
    paths = [problem["path"] for problem in json.loads(cli("check", "-c", config, "--output", "json").out)["problems"]]
    assert paths == ["kafka.property_files[sasl.password]", "schemas.reader", "ucontact.ca_file"]


def test_what_could_not_be_checked_is_said(tmp_path: Path) -> None:
    """Of a route without a contact nothing can be said; of one without a hub everything else can, as of the rest."""
    routes = [{"name": "all", "contact": {"clientIds": "person.fone"}}, {"name": "none", "hub": "sales"}]
    config = configuration(tmp_path, routes=routes, kafka={"properties": {"no.such.property": "1"}})
    ran = cli("check", "-c", config, "--online")
    assert ran.code == 2
    assert "routes[0].hub" in ran.err and "no.such.property" in ran.err
    assert "routes[0].contact.clientIds: there is no field 'fone'" in ran.err
    assert "routes[1].contact" in ran.err and "checked when these are mended: routes[1]\n" in ran.err
    assert "nothing was asked online" in ran.err
    ran = cli("check", "-c", configuration(tmp_path, kafka=None, schemas=None, routes=None))
    assert ran.code == 2 and ran.err.count("required") + ran.err.count("missing") >= 3, ran.err


def test_what_would_keep_the_clients_from_being_made(tmp_path: Path) -> None:
    """A token that no header takes, and CA files without a certificate."""
    (tmp_path / "bad").write_text("two words")
    bad = str(tmp_path / "bad")
    config = configuration(
        tmp_path,
        ucontact={"token_file": bad, "ca_file": bad},
        schemas={"registry": {"url": "http://127.0.0.1:1", "ca_file": bad}},
    )
    ran = cli("check", "-c", config)
    assert ran.code == 2 and "3 problems" in ran.err
    for place in ("ucontact.token_file", "ucontact.ca_file", "schemas.registry"):
        assert f": {place}: " in ran.err
    assert "two words" not in ran.err


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    """They are told, in both forms."""
    config = configuration(tmp_path, delivery={"drain_timeout": "1s"})
    told, report = cli("check", "-c", config), cli("check", "-c", config, "--output", "json")
    assert told.code == report.code == 0
    assert "warning: " in told.err and "delivery.drain_timeout" in told.err
    assert [warning["path"] for warning in json.loads(report.out)["warnings"]] == ["delivery.drain_timeout"]


def test_the_environment_is_part_of_it(tmp_path: Path) -> None:
    """A problem there is told with the variable's name."""
    ran = cli("check", "-c", configuration(tmp_path), environ={"CONNECTOR__DELIVERY__MAX_IN_FLIGHT": "0"})
    assert ran.code == 2 and ran.err.startswith("CONNECTOR__DELIVERY__MAX_IN_FLIGHT: delivery.max_in_flight:")


def test_no_configuration(tmp_path: Path) -> None:
    """A missing file, a missing option, and a file that is no YAML are bad usage."""
    assert cli("check").code == 2
    ran = cli("check", "-c", tmp_path / "gone.yaml")
    assert ran.code == 2 and "there is no such file" in ran.err
    (tmp_path / "odd.yaml").write_text("kafka: [")
    ran = cli("check", "-c", tmp_path / "odd.yaml", "--output", "json")
    assert ran.code == 2 and len(json.loads(ran.out)["problems"]) == 1


def test_the_examples_lack_only_their_token(tmp_path: Path) -> None:
    """What the examples show is right, and they can be previewed as they are."""
    token = tmp_path / "token"
    token.write_text("t")
    for example in sorted((ROOT / "examples").glob("*.yaml")):
        ran = cli("check", "-c", example, environ={"CONNECTOR__UCONTACT__TOKEN_FILE": str(token)})
        assert ran.code == 0, ran.err


def test_a_pattern_that_librdkafka_cannot_read(tmp_path: Path) -> None:
    """Python reads lookahead, the client does not: said here, and not by a crash of `run`."""
    config = configuration(tmp_path, kafka={"topics": ["leads", "^leads(?!-dead).*"]}, dead_letters={"topic": "dead"})
    ran = cli("check", "-c", config)
    assert ran.code == 2
    assert "kafka.topics" in ran.err and "^leads(?!-dead).*" in ran.err and "lookahead" in ran.err
    assert "Traceback" not in ran.err


def test_addresses_that_no_request_can_be_made_to(tmp_path: Path) -> None:
    """A host that is none is a problem at the start, not a crash with the first lead."""
    broken = "http://[v1.x]"
    config = configuration(tmp_path, ucontact={"base_url": broken}, schemas={"registry": {"url": broken}})
    ran = cli("check", "-c", config, "--output", "json")
    problems = {problem["path"]: problem for problem in json.loads(ran.out)["problems"]}
    assert (ran.code, ran.err) == (2, "")
    assert set(problems) == {"ucontact.base_url", "schemas.registry"}
    assert all("no request can be made to" in problem["message"] for problem in problems.values())


def test_a_pattern_that_takes_for_ever(tmp_path: Path) -> None:
    """Python would try it on the other topics' names until the machine is scrapped."""
    topics = ["^(a+)+$", "leads"]
    routes = [{"name": "a", "topics": ["^(l+e*)+$"], "hub": "h", "contact": {"clientIds": "person.phones"}}]
    config = configuration(tmp_path, kafka={"topics": topics}, dead_letters={"topic": "a" * 60 + "b"}, routes=routes)
    assert cli("check", "-c", config).code == 0


@pytest.mark.parametrize("kind", ["pipe", "endless"])
def test_files_that_are_no_files_are_not_waited_for(tmp_path: Path, kind: str) -> None:
    """A pipe without a writer or a device without end, wherever a file is named, is a problem and read no further."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    name = str(path) if kind == "pipe" else "/dev/zero"
    config = configuration(
        tmp_path,
        schemas={
            "reader": name,
            "writer": name,
            "writers": [name],
            "registry": {"url": "http://127.0.0.1:1", "ca_file": name},
        },
        ucontact={"token_file": name, "ca_file": name},
        kafka={"properties": {"ssl.ca.location": name, "plugin.library.paths": f"/gone;{name}"}},
    )
    limited = ["bash", "-c", 'ulimit -v 4000000; exec timeout 60 "$@"', "-"]
    done = subprocess.run(
        [*limited, sys.executable, "-m", "connector", "check", "-c", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    keys = ["reader", "writer", "writers[0]", "registry.ca_file", "token_file", "ca_file"]
    keys += ["properties[ssl.ca.location]", "properties[plugin.library.paths]"]
    assert all(f"{key}: " in done.stderr for key in keys)


@pytest.mark.parametrize("key", ["reader", "writer"])
def test_a_schema_that_is_a_pipe_is_not_waited_for_at_the_mapping(tmp_path: Path, key: str) -> None:
    """A preview, which does not look for the other files, reads the schemas in the same bounded way."""
    os.mkfifo(tmp_path / "pipe")
    leads = tmp_path / "leads.json"
    leads.write_text("")
    config = configuration(tmp_path, schemas={key: str(tmp_path / "pipe")})
    ran = cli("preview", "-c", config, "--input", leads)
    assert ran.code == 2 and "this is not a regular file" in ran.err
