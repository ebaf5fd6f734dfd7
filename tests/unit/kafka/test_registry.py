"""Look-ups at a registry that answers, refuses, fails, hangs, or is something else: real HTTP on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest

from connector.kafka.registry import FetchedSchema, Registry, RegistryUnavailable
from connector.leads.decode import Decoder, SchemaKey
from connector.leads.outcome import Reason, SetAside
from tests.unit.decode.support import confluent, decoder, encode, field, record

GUID = "0f1e2d3c-4b5a-4697-8877-665544332211"
NO_GUID = "00000000-0000-0000-0000-000000000000"
TEXT = '{"type": "record", "name": "A", "fields": []}'
LINKS = {
    "b": [{"name": "C", "subject": "c/1", "version": 1}],
    "c/1": [{"name": "D", "subject": "d", "version": 2}],
    "d": [{"name": "B", "subject": "b", "version": 1}],  # round in a circle, as no registry should have it
}


def part(name: str, *fields: tuple[str, object], needs: tuple[tuple[str, str, int], ...] = ()) -> dict[str, Any]:
    """A record as registered, with the types that it refers to as (name, subject, version)."""
    schema = {"type": "record", "name": name, "fields": [{"name": each, "type": kind} for each, kind in fields]}
    links = [{"name": link, "subject": subject, "version": version} for link, subject, version in needs]
    return {"schema": json.dumps(schema), "references": links}


def version(subject: str, number: int, registered: dict[str, Any]) -> dict[str, tuple[int, object]]:
    return {
        f"/subjects/{subject}/versions/{number}": (
            200,
            {"subject": subject, "version": number, "id": 900 + number, **registered},
        )
    }


TEL = ("s.Tel", "tel", 1)
PARTS: dict[str, tuple[int, object]] = {
    # Lead refers to Home and Work; both refer to Tel, Work to an older version of it.
    "/schemas/ids/20": (
        200,
        part("s.Lead", ("home", "s.Home"), ("work", "s.Work"), needs=(("s.Home", "home", 1), ("s.Work", "work", 1))),
    ),
    **version("home", 1, part("s.Home", ("tel", "s.Tel"), needs=(TEL,))),
    **version(
        "work",
        1,
        part("s.Work", ("tel", "s.Tel"), ("more", "s.Home"), needs=(("s.Tel", "tel", 2), ("s.Home", "home", 1))),
    ),
    **version("tel", 1, part("s.Tel", ("number", "string"))),
    **version("tel", 2, part("s.Tel", ("number", "long"))),
    # A circle of references.
    "/schemas/ids/21": (200, part("s.Lead", ("one", "s.One"), needs=(("s.One", "one", 1),))),
    **version("one", 1, part("s.One", ("two", "s.Two"), needs=(("s.Two", "two", 1),))),
    **version("two", 1, part("s.Two", ("one", "s.One"), needs=(("s.One", "one", 1),))),
}
ANSWERS: dict[str, tuple[int, object]] = {
    "/schemas/ids/1": (200, {"schema": TEXT}),
    f"/schemas/guids/{GUID}": (200, {"schema": TEXT, "guid": GUID, "schemaType": "AVRO"}),
    "/schemas/ids/2": (
        200,
        {
            "schema": '"A"',
            "references": [
                {"name": "B", "subject": "b", "version": 1},
                {"name": "C", "subject": "c/1", "version": 1},
                {"name": "Gone", "subject": "gone", "version": 1},
            ],
        },
    ),
    "/subjects/b/versions/1": (200, {"subject": "b", "version": 1, "id": 11, "schema": "b", "references": LINKS["b"]}),
    "/subjects/c%2F1/versions/1": (
        200,
        {"subject": "c/1", "version": 1, "id": 12, "schema": "c", "references": LINKS["c/1"]},
    ),
    "/subjects/d/versions/2": (200, {"subject": "d", "version": 2, "id": 13, "schema": "d", "references": LINKS["d"]}),
    "/subjects/gone/versions/1": (404, {"error_code": 40401, "message": "Subject 'gone' not found."}),
    "/schemas/ids/3": (200, {"schema": "{}", "schemaType": "JSON"}),
    "/schemas/ids/4": (
        200,
        {
            "schema": 'syntax = "proto3"; import "other.proto"; message Lead { string event_id = 1; }',
            "schemaType": "PROTOBUF",
            "references": [{"name": "other.proto", "subject": "other", "version": 1}],
        },
    ),
    **PARTS,
    "/schemas/ids/404": (404, {"error_code": 40403, "message": "Schema 404 not found"}),
    f"/schemas/guids/{NO_GUID}": (404, {"error_code": 40403, "message": "not found"}),
    "/schemas/ids/40": (404, "<html>no such page</html>"),
    "/schemas/ids/41": (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
    "/schemas/ids/401": (401, {"error_code": 401, "message": "Unauthorized"}),
    "/schemas/ids/403": (403, "Forbidden"),
    "/schemas/ids/429": (429, {"error_code": 429, "message": "slow down"}),
    "/schemas/ids/500": (500, {"error_code": 50001, "message": "backend"}),
    "/schemas/ids/503": (503, "<html>starting</html>"),
    "/schemas/ids/60": (200, "<html>log in, please</html>"),
    "/schemas/ids/61": (200, ["a list"]),
    "/schemas/ids/62": (200, {"nothing": "of use"}),
    "/schemas/ids/63": (200, {"schema": {"not": "text"}}),
    "/schemas/ids/64": (200, ""),
    "/schemas/ids/65": (200, {"schema": "x", "references": [{"name": "B"}]}),
    "/schemas/ids/66": (302, ""),
}
Result = TypeVar("Result")


class Handler(BaseHTTPRequestHandler):
    """Answers from the table; hangs for ids 90 (before the answer) and 91 (within it)."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str | None]]
    released: threading.Event

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.asked.append((self.path, self.headers["Authorization"]))
        if path == "/schemas/ids/90":
            self.released.wait(30)
            self.close_connection = True
            return
        status, body = ANSWERS.get(path, (404, "?"))
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) + (9 if path == "/schemas/ids/91" else 0)))
        self.end_headers()
        self.wfile.write(content)
        if path == "/schemas/ids/91":
            self.released.wait(30)
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at `asked`."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """The server's URL and what it was asked: (path, Authorization)."""
    asked: list[tuple[str, str | None]] = []
    released = threading.Event()
    handler = type("ThisHandler", (Handler,), {"asked": asked, "released": released})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}", asked
        finally:
            released.set()
            running.shutdown()
            thread.join()


def use(url: str, work: Callable[[Registry], Awaitable[Result]], **settings: Any) -> Result:
    """What the work with a registry gives; it is closed twice afterwards, which has to do no harm."""

    async def run() -> Result:
        registry = Registry(url, **settings)
        try:
            return await work(registry)
        finally:
            await registry.aclose()
            await registry.aclose()

    return asyncio.run(run())


def fetch(url: str, key: SchemaKey, **settings: Any) -> FetchedSchema | None:
    return use(url, lambda registry: registry.fetch(key), **settings)


@pytest.mark.parametrize("key", [SchemaKey("id", 1), SchemaKey("guid", GUID)])
def test_a_schema_is_fetched_by_id_and_by_guid(server: tuple[str, Any], key: SchemaKey) -> None:
    """Either name of a schema gives its text."""
    assert fetch(server[0], key) == FetchedSchema(TEXT)


def test_a_path_in_the_url_is_kept(server: tuple[str, Any]) -> None:
    """A registry below a path, with a slash at its end, is asked there."""
    with pytest.raises(RegistryUnavailable):
        fetch(f"{server[0]}/apis/ccompat/v7/", SchemaKey("id", 1))
    assert server[1][0][0] == "/apis/ccompat/v7/schemas/ids/1"


def test_references_come_dependencies_first(server: tuple[str, Any]) -> None:
    """References of references are fetched too, each once, deleted ones included, and a circle ends."""
    found = fetch(server[0], SchemaKey("id", 2))
    assert found == FetchedSchema('"A"', (("D", "d"), ("C", "c"), ("B", "b")))
    assert all("deleted=true" in path.lower() for path, _ in server[1] if path.startswith("/subjects"))


def learnt(url: str, number: int, reader: dict[str, Any]) -> Decoder:
    """A decoder that has learnt the schema of an id from the registry."""
    key, under_test = SchemaKey("id", number), decoder(reader)
    found = fetch(url, key)
    assert found is not None
    under_test.learn(key, found.text, found.references, found.kind)
    return under_test


PHONE = record(field("number", "string"), name="s.Tel")
HOME = record(field("tel", PHONE), name="s.Home")
WORK = record(field("tel", "s.Tel"), field("more", "s.Home"), name="s.Work")
LEAD = record(field("home", HOME), field("work", WORK), name="s.Lead")


def test_references_of_references_are_read_with(server: tuple[str, Any]) -> None:
    """A schema of four parts, one of which two others need: a type has one definition, the first that is referred to,
    as the registry itself has it."""
    tel = {"number": "1"}
    lead = {"home": {"tel": tel}, "work": {"tel": tel, "more": {"tel": tel}}}
    under_test = learnt(server[0], 20, LEAD)
    assert under_test.decode("leads", confluent(20, encode(LEAD, lead)), None) == lead
    paths = [path.partition("?")[0] for path, _ in server[1]]
    assert paths.count("/subjects/tel/versions/1") == 1 and paths.count("/subjects/home/versions/1") == 1


def test_a_circle_of_references_is_refused(server: tuple[str, Any]) -> None:
    """Such a type has no end; its records are set aside with the name that is missing."""
    result = learnt(server[0], 21, record(name="s.Lead")).decode("leads", confluent(21, b"\0"), None)
    assert isinstance(result, SetAside) and result.reason is Reason.INCOMPATIBLE_SCHEMA
    assert "schema id 21 is not usable" in result.message and "the type s.One" in result.message


@pytest.mark.parametrize(
    ("number", "frame", "message"),
    [
        (4, b"\0", "schema id 4 is a Protobuf schema, and Protobuf is not read"),
        (4, b"\4\2\0", "schema id 4 is a Protobuf schema, and Protobuf is not read"),
        (3, b"", "schema id 3 is a JSON Schema, and JSON in a registry's frame is not read"),
    ],
    ids=["the first message", "message indexes 1, 0", "JSON"],
)
def test_protobuf_and_json_schema_topics_are_refused_by_name(
    server: tuple[str, Any], number: int, frame: bytes, message: str
) -> None:
    """Confluent's frames for them (Protobuf: with message indexes behind the id) end as dead letters that say so."""
    under_test = learnt(server[0], number, LEAD)
    result = under_test.decode("leads", confluent(number, frame + b'{"eventId": "e-1"}'), None)
    assert isinstance(result, SetAside) and result.reason is Reason.INCOMPATIBLE_SCHEMA
    assert result.message.startswith(f"{message}: have the leads produced as Avro, or as plain JSON (format: json)")
    assert not any(path.startswith("/subjects/other") for path, _ in server[1])


def test_other_kinds_of_schema_are_said_to_be(server: tuple[str, Any]) -> None:
    """A JSON Schema is fetched as what it is."""
    found = fetch(server[0], SchemaKey("id", 3))
    assert found is not None and found.kind == "JSON"


@pytest.mark.parametrize("key", [SchemaKey("id", 404), SchemaKey("guid", NO_GUID)])
def test_none_when_the_registry_says_so(server: tuple[str, Any], key: SchemaKey) -> None:
    """A registry's own 'schema not found' is the only thing that means there is none."""
    assert fetch(server[0], key) is None


def test_a_registry_without_guids_has_no_schema_for_one(
    server: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare 404 for a GUID is 'no such schema' where another question shows a registry, and a wrong URL elsewhere."""
    unheard_of = SchemaKey("guid", GUID.replace("0f", "ff"))
    with pytest.raises(RegistryUnavailable, match="check the path in its URL"):
        fetch(server[0], unheard_of)
    monkeypatch.setitem(ANSWERS, "/schemas/types", (200, ["AVRO", "JSON"]))
    assert fetch(server[0], unheard_of) is None


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (40, "check the path in its URL"),
        (41, "check the path in its URL"),
        (401, "check its username and password"),
        (403, "check its username and password"),
        (429, "fewer requests"),
        (500, "HTTP 500"),
        (503, "HTTP 503"),
        (60, "no schema registry"),
        (61, "no schema registry"),
        (62, "no schema registry"),
        (63, "no schema registry"),
        (64, "no schema registry"),
        (65, "no schema registry"),
        (66, "HTTP 302"),
    ],
)
def test_anything_else_is_unavailable_with_advice(server: tuple[str, Any], number: int, message: str) -> None:
    """Refusals, failures and answers from something else say nothing about the schema, and are asked only once."""
    with pytest.raises(RegistryUnavailable, match=message):
        fetch(server[0], SchemaKey("id", number))
    assert len(server[1]) == 1


@pytest.mark.parametrize("number", [90, 91])
def test_a_registry_that_hangs_is_unavailable_in_time(server: tuple[str, Any], number: int) -> None:
    """No answer, or half of one, ends after the time-out."""
    with pytest.raises(RegistryUnavailable):
        fetch(server[0], SchemaKey("id", number), timeout=0.3)


def test_a_registry_that_is_not_there_is_unavailable() -> None:
    """A refused connection says that the registry cannot be reached."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        with pytest.raises(RegistryUnavailable, match="cannot be reached"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}", SchemaKey("id", 1))


def test_a_failed_look_up_does_not_stick(server: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure or a 'not found' the registry is asked again."""

    async def twice(registry: Registry) -> FetchedSchema | None:
        assert await registry.fetch(SchemaKey("id", 404)) is None
        monkeypatch.setitem(ANSWERS, "/schemas/ids/404", (200, {"schema": TEXT}))
        return await registry.fetch(SchemaKey("id", 404))

    assert use(server[0], twice) == FetchedSchema(TEXT)


def test_credentials_are_sent_and_never_quoted(server: tuple[str, Any]) -> None:
    """Basic authentication goes with the request; a refusal's message does not hold it."""
    with pytest.raises(RegistryUnavailable) as refusal:
        fetch(server[0], SchemaKey("id", 401), username="ana", password="s:cret")
    assert server[1][0][1] == "Basic YW5hOnM6Y3JldA=="
    assert "s:cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("nonsense", {}),
        ("http://127.0.0.1:1", {"username": "a:b"}),
        ("http://127.0.0.1:1", {"ca_file": Path("no-such-file.pem")}),
        ("http://x:y@127.0.0.1:1", {"username": "a", "password": "b"}),
    ],
)
def test_settings_that_cannot_be_used_are_refused_at_once(url: str, settings: dict[str, Any]) -> None:
    """A wrong URL, user or CA file fails before anything connects."""
    with pytest.raises(ValueError, match=r"."):
        Registry(url, **settings)
