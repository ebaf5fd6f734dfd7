"""A configuration file: bytes, then values, then checks, then the plan that it stands for."""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from connector.cli import summary
from connector.config import ConfigurationError
from connector.config.loading import examine
from connector.config.problems import Problem
from connector.config.yaml_nodes import Unreadable
from connector.config.yaml_tree import parse
from connector.leads.decode import Format
from connector.plan import Connection, draft_plan
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source
from fuzz.outcomes import check_decoded, check_mapped

LONGEST = 8_192
LARGEST = 48 * 1024
"""Bytes of a stretched one. YAML takes some microseconds a byte."""
CONNECTIONS = frozenset({Connection.REGISTRY, Connection.API})
"""Not librdkafka's, which would start threads for each input."""
WORDS = (
    b"kafka:", b"bootstrap_servers: ", b"topics: [", b"schemas: {reader: schemas/lead_event.avsc}", b"routes:", b"  - ",
    b"ucontact: {domain: acme, token_file: /dev/null}", b"base_url: ", b"when: ", b"hub: ", b"contact: {",
    b"clientIds: ",
    b"channel: email", b"endpoint: lists", b"list: {name: ", b"filters:", b"listed: {", b"delivery:", b"batch: {",
    b"&a ",
    b"*a", b"<<: ", b"!!str ", b"? ", b"|\n", b">-\n", b"%YAML 1.2\n---\n", b"\\u", b"'", b'"', b"{{ ", b" }}", b"{% ",
    b"contact_window: {days: [mon-fri], from: \"09:00\", to: \"19:00\"}", b"past_dates: {policy: asap}", b"^", b"16MiB",
    b"duplicates: {key: eventId}", b"phones: {format: e164, region: UY}", b"continue: true", b"0x", b"1e", b"100ms",
)  # fmt: skip


def one(data: bytes) -> None:
    """Problems, each with a place in the file, or a plan, which is summed up and takes a lead."""
    content = Source(data).stretched(LARGEST)
    with bounded():
        try:
            if _names_a_function(parse(content).plain()):
                return
        except Unreadable:
            pass
        path = _file()
        path.write_bytes(content)
        try:
            loaded, problems = examine(path, {}, check_files=False)
        except ConfigurationError as error:
            claim(error.problems, "a refusal without a problem")
            _check_problems(error.problems, content)
            return
        draft = draft_plan(loaded, connections=CONNECTIONS)
        _check_problems([*problems, *draft.problems, *loaded.warnings], content)
        claim(draft.plan is not None or problems or draft.problems, "there is no plan and no problem")
        if draft.plan is None or problems:
            return
        _check_problems(list(draft.plan.warnings), content)
        summary.as_text(summary.summary(loaded, draft.plan, samples.NOW_MS))
        for _, document in samples.documents():
            lead = check_decoded(draft.plan.decoder.decode(Format.JSON, document, None))
            if lead is not None:
                check_mapped(lead, draft.plan.mapper)


def seeds() -> Iterable[bytes]:
    """The examples, whole and without their comments."""
    for content in samples.configurations():
        yield AS_IT_IS + content
        lines = (line.split(b" #")[0].rstrip() for line in content.split(b"\n"))
        yield AS_IT_IS + b"\n".join(line for line in lines if line and not line.startswith(b"#"))
    yield AS_IT_IS + b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: {<<: {e: *c}}\n"


def _check_problems(problems: list[Problem], content: bytes) -> None:
    # Line ends of YAML, which are more than that of a file's text.
    most = sum(map(content.decode("utf-8", "replace").count, "\n\r\x85\u2028\u2029")) + 2
    for problem in problems:
        claim(problem.message, "a problem says nothing")
        claim(problem.line is None or 1 <= problem.line <= most, f"line {problem.line} of {most}")
        claim(len(str(problem)) <= 10_000, f"a problem of {len(str(problem))} characters")


def _names_a_function(values: object) -> bool:
    """``{python: …}`` imports what it names: whoever writes a configuration may run code, which a fuzzer had better
    not make up."""
    if isinstance(values, dict):
        return "python" in values or any(map(_names_a_function, values.values()))
    return isinstance(values, list) and any(map(_names_a_function, values))


@cache
def _file() -> Path:
    """A file of this process's own, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it
    place = mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(rmtree, place)
    return Path(place) / "connector.yaml"
