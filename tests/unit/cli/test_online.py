"""What ``check --online`` asks the registry and the API, on loopback; the brokers are asked in tests/integration."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import pytest

from connector.cli import online_registry
from connector.cli.finding import Finding
from connector.cli.online_api import ask_api
from connector.cli.online_registry import ask_registry
from connector.cli.problems import load_and_plan
from tests.unit.cli.support import READER, cli, configuration
from tests.unit.cli.test_record_types import ORDER, two_types

LEADS = json.loads(READER.read_text())
WITHOUT_PHONES = {**LEADS, "fields": [each for each in LEADS["fields"] if each["name"] not in ("person", "attributes")]}
WITHOUT_ATTRIBUTES = {**LEADS, "fields": [each for each in LEADS["fields"] if each["name"] != "attributes"]}
Answer: TypeAlias = "Callable[[str, str | None], tuple[int, object]]"
"""From a path and the header Authorization to a status and a body."""


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = answer(unquote(self.path.partition("?")[0]), self.headers["authorization"])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def subjects(registered: dict[str, list[Any]]) -> Answer:
    """A registry with these subjects; a schema that is text is no Avro."""
    ids = {json.dumps(schema): number for number, schema in enumerate((s for v in registered.values() for s in v), 1)}

    def answer(path: str, _token: str | None) -> tuple[int, object]:
        _, _, subject, _, *version = path.split("/")
        if subject not in registered:
            return 404, {"error_code": 40401, "message": "no such subject"}
        schemas = registered[subject]
        if not version:
            return 200, list(range(1, len(schemas) + 1))
        schema = schemas[int(version[0]) - 1]
        kind = {"schemaType": "JSON"} if isinstance(schema, str) else {}
        about = {"subject": subject, "version": int(version[0]), "id": ids[json.dumps(schema)], **kind}
        return 200, {**about, "schema": json.dumps(schema)}

    return answer


def asked(config: Path, *topics: str) -> dict[str, Finding]:
    loaded, plan = load_and_plan(config)
    return {finding.what: finding for finding in asyncio.run(ask_registry(loaded, plan, topics))}


def with_registry(folder: Path, url: str, **changes: Any) -> Path:
    return configuration(folder, schemas={"registry": {"url": url}}, **changes)


def test_every_version_is_read(tmp_path: Path) -> None:
    """The newest that does not resolve is a failure, an older one a warning, each with subject, version and why."""
    registered = {
        "good-value": [WITHOUT_ATTRIBUTES, LEADS],
        "old-value": [WITHOUT_PHONES, LEADS],
        "new-value": [LEADS, WITHOUT_PHONES],
        "json-value": ["no Avro"],
    }
    with serving(subjects(registered)) as url:
        found = asked(with_registry(tmp_path, url), "good", "old", "new", "json", "none")
    good, old, new, other, none = (found[f"subject {each}-value"] for each in ("good", "old", "new", "json", "none"))
    assert good.message == "2 versions (1 to 2) can be read as the reader schema"
    assert not good.failures and not good.warnings
    [warning] = old.warnings
    assert not old.failures and "old-value, version 1 (id " in warning.message and warning.path == "schemas.reader"
    assert "does not resolve to leads.LeadEvent: person: the reader needs it" in warning.message
    [failure] = new.failures
    assert not new.warnings and "new-value, version 2 (id " in failure.message and failure.line is not None
    assert new.message == "1 of 2 versions (1 to 2) can be read as the reader schema"
    assert "JSON Schema" in other.failures[0].message
    assert none.message == "not registered yet" and not none.failures


def test_subjects_by_record(tmp_path: Path) -> None:
    """With several types, or where a topic has no subject of its own: under the type's name, alone and with the
    topic's; each subject once."""
    bad = {**ORDER, "fields": ORDER["fields"][:-1]}
    registered = {"a-value": [LEADS], "a-shop.Order": [ORDER], "shop.Order": [ORDER, bad], "leads.LeadEvent": [LEADS]}
    with serving(subjects(registered)) as url:
        folder = tmp_path / "two"
        folder.mkdir()
        config = two_types(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONNECTOR__SCHEMAS__REGISTRY__URL", url)
            found = asked(config, "a", "b")
        one = asked(with_registry(tmp_path, url), "a", "b")
    assert list(found) == [
        "registry",
        "subject a-value",
        "subject leads.LeadEvent",
        "subject a-shop.Order",
        "subject shop.Order",
        "subject b-value",
    ]
    [failure] = found["subject shop.Order"].failures
    assert "shop.Order, version 2" in failure.message and "phone: the reader needs it" in failure.message
    assert found["subject b-value"].message == "not registered, but subject leads.LeadEvent and subject shop.Order"
    assert list(one) == ["registry", "subject a-value", "subject leads.LeadEvent", "subject b-value"]


def test_very_many_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are asked for, and how many were not is said."""
    monkeypatch.setattr(online_registry, "MOST_VERSIONS", 2)
    with serving(subjects({"a-value": [WITHOUT_PHONES, {**LEADS, "doc": "1"}, LEADS]})) as url:
        finding = asked(with_registry(tmp_path, url), "a")["subject a-value"]
    assert finding.message == ("2 versions (2 to 3) can be read as the reader schema (1 older not asked for)")


def test_a_registry_that_fails(tmp_path: Path) -> None:
    """One finding, whatever was asked; topics without framing ask for nothing of theirs."""
    with serving(lambda _path, _token: (500, {"error_code": 50001, "message": "?"})) as url:
        [finding] = asked(with_registry(tmp_path, url), "a").values()
        assert finding.failures and "the registry failed" in finding.message
    with serving(subjects({})) as url:
        config = with_registry(tmp_path, url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONNECTOR__SCHEMAS__FORMAT", "json")
            assert list(asked(config, "a")) == ["registry"]


@pytest.mark.parametrize(
    ("without", "with_it", "failures", "warnings", "message"),
    [
        (401, 405, 0, 0, "taken, as it seems: a GET without it is refused (HTTP 401), with it not (405)"),
        (405, 405, 0, 0, "not checked: a GET says nothing of it (HTTP 405)"),
        (401, 401, 0, 1, "refuses a GET with it as one without it (HTTP 401)"),
        (404, 403, 1, 0, "refuses it (HTTP 403 to a GET with it, 404 to one without)"),
    ],
)
def test_what_can_be_learnt_of_the_token(
    tmp_path: Path, without: int, with_it: int, failures: int, warnings: int, message: str
) -> None:
    """By reading requests only, to the address for leads."""
    seen: list[tuple[str, str | None]] = []

    def answer(path: str, token: str | None) -> tuple[int, object]:
        seen.append((path, token))
        return (200 if path == "/" else with_it if token else without), {}

    with serving(answer) as url:
        loaded, plan = load_and_plan(configuration(tmp_path, ucontact={"base_url": url}))
        api, token = asyncio.run(ask_api(loaded, plan))
    assert api.message.endswith("answers (HTTP 200)") and message in token.message
    assert (len(token.failures), len(token.warnings)) == (failures, warnings)
    address = "/api/dialer/id/Ventas día/1/freshLeads"
    assert seen == [("/", None), (address, None), (address, "Bearer a-token")]
    assert "a-token" not in f"{token}"


def test_hubs_that_only_events_know(tmp_path: Path) -> None:
    """No address to ask for, so nothing is said of the token."""
    routes = [{"name": "all", "hub": "{{ source.platform }}", "contact": {"clientIds": "person.phones"}}]
    with serving(lambda _path, token: (500 if token else 200, {})) as url:
        loaded, plan = load_and_plan(configuration(tmp_path, ucontact={"base_url": url}, routes=routes))
        _, token = asyncio.run(ask_api(loaded, plan))
    assert "not checked" in token.message and not token.failures and not token.warnings


def test_replicas_need_brokers(tmp_path: Path) -> None:
    """Bad usage without --online."""
    ran = cli("check", "-c", configuration(tmp_path), "--replicas", "3")
    assert ran.code == 2 and "goes with --online" in ran.err
