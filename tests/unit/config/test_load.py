from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.config import ConfigurationError, Loaded, Place, load
from connector.leads.spec import Channel, ContactWindow, Endpoint, PastDates, PhoneFormat, PhoneSpec, SpecProblem
from tests.unit.config.conftest import VALID, Writer, changed

TEN_MISTAKES = """\
kafka:
  bootstrap_server: localhost:9092
  topics: [leads, "bad topic"]
  properties: {enable.auto.commit: true}
schemas:
  reader: schemas/lead_event.avsc
ucontact:
  domain: acme
  token_file: /run/secrets/ucontact/token
  timeout: 10
routes:
  - name: all
    hub: sales
    channel: telefony
    contact: {clientIds: person.phones}
  - name: all
    contact: {clientIds: person.phones}
delivery:
  batch: {max_leads: 50000}
  on_ambiguous: park
dead_letters: {topic: leads.dead, retention: 3d}
"""

DESIGN_SAMPLE = """\
kafka:
  bootstrap_servers: localhost:9092
  group_id: lead-connector
  topics: [leads]                  # or a pattern beginning with ^
  properties: {}                   # any librdkafka property, e.g. security.protocol
schemas:
  registry: {url: http://localhost:8081}    # optional
  reader: schemas/lead_event.avsc
  format: auto
ucontact:
  domain: acme                     # or base_url: http://localhost:8090
  token_file: /run/secrets/ucontact/token
  timeout: 10s
routes:
  - name: google-sales
    when: source.platform == 'google'
    hub: sales
    channel: telephony
    contact:
      clientIds: [person.phones]
      timezone: [person.timezone, phone, America/Montevideo]
      scheduleDate: schedule.at
      priority: priority
      data: {name: "{{ person.firstName }} {{ person.lastName }}", campaign: source.campaignId}
delivery:
  batch: {max_leads: 50, max_bytes: 256KiB, linger: 100ms}
  max_in_flight: 8
  on_ambiguous: resend
dead_letters: {topic: leads.dead}
receipts: {topic: leads.receipts}  # optional: trace, dedupe across restarts
telemetry: {listen: 0.0.0.0:9464, log_format: json}
"""


def test_ten_mistakes_are_ten_problems_each_at_its_place(config: Writer) -> None:
    problems = config.problems(TEN_MISTAKES)
    assert [(problem.line, problem.path) for problem in problems] == [
        (2, "kafka.bootstrap_server"),
        (3, "kafka.topics[1]"),
        (4, "kafka.properties[enable.auto.commit]"),
        (10, "ucontact.timeout"),
        (14, "routes[0].channel"),
        (16, "routes[1].hub"),
        (16, "routes[1].name"),
        (19, "delivery.batch.max_leads"),
        (20, "delivery.on_ambiguous"),
        (21, "dead_letters.retention"),
    ]
    assert all(problem.message and problem.file == str(config.path) for problem in problems)
    assert str(problems[0]) == (
        f"{config.path}:2:3: kafka.bootstrap_server: there is no such key. Did you mean bootstrap_servers?"
    )


def test_the_sample_of_the_design_loads(config: Writer) -> None:
    loaded = config.load(DESIGN_SAMPLE)
    settings_ = loaded.settings
    assert settings_.kafka.topics == ("leads",)
    assert settings_.ucontact.url == "https://acme.ucontactcloud.com"
    assert settings_.delivery.batch.linger == timedelta(milliseconds=100)
    assert settings_.delivery.batch.max_bytes == 262_144
    assert settings_.telemetry.listen == ("0.0.0.0", 9464)  # noqa: S104 (compared, not bound)
    [route] = settings_.mapping().routes
    assert route.contact["clientIds"] == ["person.phones"]
    assert settings_.receipts is not None
    assert settings_.receipts.topic == "leads.receipts"
    assert not loaded.warnings


def test_the_mapping_has_everything_a_route_says(config: Writer) -> None:
    extra = """\
    topics: leads
    when: source.isTest
    channel: sms
    endpoint: lists
    max_age: 3d
    past_dates: {policy: reject, grace: 5m}
    phones: {format: national, region: [person.country, UY]}
    contact_window: {days: [mon-wed, sat], from: 09:00, to: "24:00"}
"""
    text = changed("    hub: sales\n", "    hub: sales\n" + extra) + "lead: {id: source.externalLeadId}\n"
    mapping = config.load(text).settings.mapping()
    [route] = mapping.routes
    assert (route.name, route.hub, route.when, route.topics) == ("all", "sales", "source.isTest", ("leads",))
    assert (route.channel, route.endpoint, route.max_age) == (Channel.SMS, Endpoint.LISTS, timedelta(days=3))
    assert (route.schedule.past_dates, route.schedule.grace) == (PastDates.REJECT, timedelta(minutes=5))
    assert route.schedule.window == ContactWindow(frozenset({1, 2, 3, 6}), 540, 1440)
    assert route.phones == PhoneSpec(PhoneFormat.NATIONAL, ["person.country", "UY"])
    assert (mapping.lead_id, mapping.event_time) == ("source.externalLeadId", "occurredAt")


def test_a_problem_found_later_gets_its_place(config: Writer) -> None:
    loaded = config.load(VALID + "lead: {id: eventID}\n")
    found = SpecProblem(("routes", 0, "contact", "clientIds"), "there is no such field", "Did you mean x?")
    assert str(loaded.problem(found.path, found.message, found.hint)) == (
        f"{config.path}:13:18: routes[0].contact.clientIds: there is no such field. Did you mean x?"
    )
    assert loaded.problem(("lead_id",), "there is no such field").line == 15
    assert loaded.locate(("routes", 0, "when")) == Place(str(config.path), 10, 5)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_names_every_required_section(config: Writer, text: str) -> None:
    assert [problem.path for problem in config.problems(text)] == [
        "kafka",
        "schemas",
        "ucontact",
        "routes",
        "dead_letters",
    ]


def test_a_section_with_nothing_under_it_has_its_defaults(config: Writer) -> None:
    assert config.load(VALID + "delivery:\ntelemetry:\nreceipts:\n").settings.delivery.max_in_flight == 8


@pytest.mark.parametrize("text", ["- a\n", "text\n", "7\n"])
def test_a_file_that_is_no_section_is_one_problem(config: Writer, text: str) -> None:
    [problem] = config.problems(text)
    assert (problem.line, problem.column) == (1, 1)


def test_a_configuration_file_that_is_not_there_is_a_plain_problem(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path, Path("a\0b"), tmp_path / ("x" * 5000)):
        with pytest.raises(ConfigurationError) as caught:
            load(path, {})
        [problem] = caught.value.problems
        assert problem.line is None


def test_settings_do_not_change_and_show_no_secret(config: Writer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    reader = tmp_path / "reader.avsc"
    reader.write_text("{}")
    text = changed("/run/secrets/ucontact/token", str(token)).replace("schemas/lead_event.avsc", str(reader))
    loaded = config.load(text, check_files=True)
    assert "s3cret" not in repr(loaded)
    with pytest.raises(ValidationError):
        loaded.settings.kafka.group_id = "other"
    with pytest.raises(FrozenInstanceError):
        loaded.warnings = ()  # type: ignore[misc]


_WORDS = st.sampled_from(
    ["kafka", "topics", "routes", "name", "hub", "contact", "delivery", "batch", "linger", "10s", "<<", "*a", "&a", "x"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
_SECTIONS = st.dictionaries(
    st.sampled_from(["kafka", "schemas", "ucontact", "routes", "delivery", "dead_letters", "telemetry", "lead"]),
    _VALUES | st.dictionaries(_WORDS, _VALUES, max_size=5) | st.lists(st.dictionaries(_WORDS, _VALUES), max_size=2),
)


def _loads_or_refuses(config: Writer, source: bytes, environ: dict[str, str]) -> None:
    try:
        assert isinstance(config.load(source, environ), Loaded)
    except ConfigurationError as error:
        assert error.problems
        for problem in error.problems:
            str(problem).encode()  # can be printed
            assert problem.message


@given(source=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_load_or_are_refused(config: Writer, source: bytes) -> None:
    _loads_or_refuses(config, source, {})


@given(text=st.text(alphabet="abk:-[]{}&*!|>'\"%@#?,<~ \n\t\\0x1u.", max_size=80))
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_like_yaml_loads_or_is_refused(config: Writer, text: str) -> None:
    _loads_or_refuses(config, text.encode(), {})


@given(document=_SECTIONS, variable=_VALUES)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_yaml_loads_or_is_refused(config: Writer, document: object, variable: object) -> None:
    text = yaml.safe_dump(document, allow_unicode=True).encode(errors="replace")
    environ = {"CONNECTOR__ROUTES__0__HUB": str(variable), "CONNECTOR__DELIVERY": str(variable)}
    _loads_or_refuses(config, text, environ)


@given(cut=st.integers(0, len(VALID)), noise=st.text(max_size=5), drop=st.integers(0, 20))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_loads_or_is_refused(config: Writer, cut: int, noise: str, drop: int) -> None:
    damaged = VALID[:cut] + noise + VALID[cut + drop :]
    _loads_or_refuses(config, damaged.encode(errors="surrogatepass"), {})
