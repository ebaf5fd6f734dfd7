"""Each rule of the models, broken alone: one problem, at its key, with a way out."""

from __future__ import annotations

import pytest

from tests.unit.config.conftest import VALID, Writer, changed

KAFKA = "  topics: [leads]\n"
UCONTACT = "  domain: acme\n"
ROUTE = "    hub: sales\n"
READER = "  reader: schemas/lead_event.avsc\n"


def _with(anchor: str, addition: str) -> str:
    return changed(anchor, anchor + addition)


BROKEN = [
    # kafka
    (changed("localhost:9092", "localhost"), "kafka.bootstrap_servers", "host:port"),
    (changed("localhost:9092", "SSL://localhost:9092"), "kafka.bootstrap_servers", "security.protocol"),
    (changed("localhost:9092", "localhost:99999"), "kafka.bootstrap_servers", "host:port"),
    (changed("[leads]", "[]"), "kafka.topics", "empty"),
    (changed("[leads]", '"^leads-("'), "kafka.topics[0]", "regular expression"),
    (_with(KAFKA, "  group_protocol: consumr\n"), "kafka.group_protocol", "Did you mean consumer?"),
    (_with(KAFKA, "  group.id: x\n"), "kafka[group.id]", "Did you mean group_id?"),
    (_with(KAFKA, "  sessionTimeout: 10s\n"), "kafka.sessionTimeout", "Did you mean session_timeout?"),
    (_with(KAFKA, "  linger: 10s\n"), "kafka.linger", "delivery.batch.linger"),
    (_with(KAFKA, "  zzzz: 1\n"), "kafka.zzzz", "Known here: bootstrap_servers"),
    (_with(KAFKA, "  heartbeat_interval: 9s\n"), "kafka.heartbeat_interval", "third"),
    (_with(KAFKA, "  session_timeout: 6m\n"), "kafka.session_timeout", "max.poll.interval.ms"),
    (_with(KAFKA, "  properties: {group.id: x}\n"), "kafka.properties[group.id]", "kafka.group_id"),
    (_with(KAFKA, "  properties: {sasl.password: x}\n"), "kafka.properties[sasl.password]", "kafka.property_files"),
    (_with(KAFKA, "  properties: {ssl.key.password: x}\n"), "kafka.properties[ssl.key.password]", "property_files"),
    (_with(KAFKA, "  properties: {on_commit: x}\n"), "kafka.properties.on_commit", "callback"),
    (_with(KAFKA, "  properties: {client.id: [x]}\n"), "kafka.properties[client.id]", "must be text, not a list"),
    (_with(KAFKA, "  property_files: {group.id: /x}\n"), "kafka.property_files[group.id]", "kafka.group_id"),
    (
        _with(KAFKA, "  properties: {client.id: x}\n  property_files: {client.id: /x}\n"),
        "kafka.property_files[client.id]",
        "kafka.properties too",
    ),
    # schemas
    (_with(READER, "  format: confluent\n"), "schemas.format", "schemas.registry"),
    (_with(READER, "  format: bare\n"), "schemas.format", "schemas.writer"),
    (_with(READER, "  formats: {leads: jsn}\n"), "schemas.formats.leads", "Did you mean json?"),
    (_with(READER, "  formats: {other: json}\n"), "schemas.formats.other", "not read"),
    (_with(READER, "  registry: {url: localhost}\n"), "schemas.registry.url", "http"),
    (_with(READER, "  registry: {url: 'http://u:s3cret@x'}\n"), "schemas.registry.url", "password_file"),
    (_with(READER, "  registry: {url: http://x, username: u}\n"), "schemas.registry.username", "password_file"),
    (_with(READER, "  registry: {url: http://x, password: s3cret}\n"), "schemas.registry.password", "password_file"),
    # ucontact
    (changed(UCONTACT, ""), "ucontact", "base_url"),
    (_with(UCONTACT, "  base_url: http://localhost\n"), "ucontact.base_url", "domain"),
    (changed("acme", "acme.ucontactcloud.com"), "ucontact.domain", "first part"),
    (_with(UCONTACT, "  token: s3cret\n"), "ucontact.token", "Did you mean token_file?"),
    (_with(UCONTACT, "  timeout: 1s\n"), "ucontact.connect_timeout", "ucontact.timeout"),
    (_with(UCONTACT, "  timeout:\n"), "ucontact.timeout", "not a duration"),
    (_with(UCONTACT, "  client_key: /run/key\n"), "ucontact.client_key", "Add client_certificate"),
    (_with(UCONTACT, "  client_certificate: ''\n  client_key: /k\n"), "ucontact.client_certificate", "not a path"),
    # routes
    (_with(ROUTE, "    chanel: sms\n"), "routes[0].chanel", "Did you mean channel?"),
    (_with(ROUTE, "    max_age: 0s\n"), "routes[0].max_age", "1ms"),
    (_with(ROUTE, "    topics: other\n"), "routes[0].topics[0]", "never match"),
    (_with(ROUTE, "    topics: ^other\n"), "routes[0].topics[0]", "never match"),
    (_with(ROUTE, '    contact_window: {from: "20:00", to: "09:00"}\n'), "routes[0].contact_window.to", "two routes"),
    (_with(ROUTE, '    contact_window: {from: 540, to: "09:00"}\n'), "routes[0].contact_window.from", "with quotes"),
    (_with(ROUTE, '    contact_window: {from: "25:00", to: 9}\n'), "routes[0].contact_window.from", "time of day"),
    (_with(ROUTE, "    past_dates: {policy: asp}\n"), "routes[0].past_dates.policy", "Did you mean asap?"),
    # filters
    (VALID + "filters: [{when: source.isTest}]\n", "filters[0].name", "required"),
    (VALID + "filters: [{name: a, wen: source.isTest}]\n", "filters[0].wen", "Did you mean when?"),
    (VALID + "filters: [{name: a, listed: {value: person.email}}]\n", "filters[0].listed.file", "required"),
    (VALID + "filters: [{name: a, listed: {file: x}}]\n", "filters[0].listed.value", "required"),
    (VALID + "filters: {name: a}\n", "filters", "must be a list"),
    (VALID + "unmatched: drop\n", "unmatched", "dead_letter, filter"),
    (VALID + "unmatched: filtr\n", "unmatched", "Did you mean filter?"),
    # delivery
    (VALID + "delivery: {batch: {max_leads: true}}\n", "delivery.batch.max_leads", "whole number"),
    (VALID + "delivery: {batch: {max_leads: 0}}\n", "delivery.batch.max_leads", "at least 1"),
    (VALID + "delivery: {batch: {max_leads: 1.5}}\n", "delivery.batch.max_leads", "whole number"),
    (VALID + "delivery: {batch: {linger: 100}}\n", "delivery.batch.linger", "100ms or 100s"),
    (VALID + "delivery: {batch: {max_bytes: 1k}}\n", "delivery.batch.max_bytes", "256KiB"),
    (VALID + "delivery: {on_ambiguous: park}\n", "delivery.on_ambiguous", "Add review"),
    (VALID + "delivery: {crash_safety: park}\n", "delivery.crash_safety", "Add review"),
    (VALID + "delivery: {park_after: 5m}\n", "delivery.park_after", "Add retries"),
    (VALID + "review: {topic: leads}\n", "review.topic", "read as leads"),
    (VALID + "retries: {topic: leads.dead}\n", "retries.topic", "dead letters"),
    (VALID + "delivery: {rates: {leads: 0}}\n", "delivery.rates.leads", "not a rate"),
    (VALID + "delivery: {rates: {requests: fast}}\n", "delivery.rates.requests", "not a rate"),
    (VALID + "delivery: {storm_guard: {share: 90}}\n", "delivery.storm_guard.share", "not a share"),
    (VALID + "delivery: {buffer: {max_leads: 10}}\n", "delivery.buffer.max_leads", "delivery.batch.max_leads"),
    (VALID + "delivery: {buffer: {max_bytes: 1KiB}}\n", "delivery.buffer.max_bytes", "delivery.batch.max_bytes"),
    (VALID + "delivery: {retry: {initial: 1m}}\n", "delivery.retry.initial", "delivery.retry.max"),
    (VALID + "delivery: {revoke_timeout: 5m}\n", "delivery.revoke_timeout", "max.poll.interval.ms"),
    (VALID + "delivery: fast\n", "delivery", "section"),
    # the rest
    (changed("leads.dead", "leads"), "dead_letters.topic", "read as leads"),
    (changed("[leads]", "^leads.*"), "dead_letters.topic", "pattern"),
    (VALID + "receipts: {topic: leads}\n", "receipts.topic", "read as leads"),
    (VALID + "receipts: {topic: leads.dead}\n", "receipts.topic", "dead letters"),
    (VALID + "telemetry: {listen: 9464}\n", "telemetry.listen", "0.0.0.0:9464"),
    (VALID + "telemetry: {log_level: verbose}\n", "telemetry.log_level", "debug, info"),
    (VALID + "_env_file: x\n", "_env_file", "no such key"),
    (VALID + "teleemtry: {}\n", "teleemtry", "Did you mean telemetry?"),
]


@pytest.mark.parametrize(("text", "path", "words"), BROKEN, ids=[f"{path}-{words}" for _, path, words in BROKEN])
def test_a_broken_rule_is_told_at_its_key_with_a_way_out(config: Writer, text: str, path: str, words: str) -> None:
    told = [problem for problem in config.problems(text) if problem.path == path]
    assert len(told) == 1, [str(problem) for problem in config.problems(text)]
    assert words in f"{told[0].message}. {told[0].hint}"
    assert told[0].line is not None
    assert "s3cret" not in str(told[0])


FINE = [
    changed("[leads]", "leads"),
    changed("[leads]", "leads,other"),
    changed("[leads]", '"^leads-[a-z]{1,3}$"'),
    changed("localhost:9092", "a:9092,b:9092"),
    changed("localhost:9092", '["a:9092", "[::1]:9092"]'),
    _with(KAFKA, "  properties: {enable.ssl.certificate.verification: false, fetch.min.bytes: 1}\n"),
    _with(KAFKA, "  group_id: 42\n"),
    _with(UCONTACT, "  error_bodies: []\n"),
    _with(UCONTACT, "  error_bodies: [0, false]\n"),
    _with(ROUTE, "    contact_window: {days: Mon-Fri, from: 09:00, to: 20:00}\n"),
    VALID + "telemetry: {listen: off}\n",
    VALID + "delivery: {batch: {linger: 0, max_bytes: 4096}}\n",
]


@pytest.mark.parametrize("text", FINE)
def test_friendly_spellings_are_taken(config: Writer, text: str) -> None:
    assert config.load(text).warnings == ()


def test_values_arrive_in_the_types_that_the_rooms_take(config: Writer) -> None:
    text = _with(KAFKA, "  properties: {a.b: false, c.d: 1}\n").replace("localhost:9092", "[a:1, b:2]")
    settings = config.load(text + "telemetry: {listen: '[::1]:80'}\n").settings
    assert settings.kafka.bootstrap_servers == "a:1,b:2"
    assert settings.kafka.properties == {"a.b": "false", "c.d": "1"}
    assert settings.telemetry.listen is not None
    assert settings.telemetry.listen.host == "::1"
    assert settings.ucontact.error_bodies == ("0",)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (VALID + "duplicates: {key: eventId}\n", "duplicates", "forgotten at a restart"),
        (_with(KAFKA, "  group_protocol: consumer\n  heartbeat_interval: 2s\n"), "kafka.heartbeat_interval", "ignored"),
        (VALID + "delivery: {drain_timeout: 5s}\n", "delivery.drain_timeout", "ucontact.timeout"),
        (changed(UCONTACT, "  base_url: http://example.com\n"), "ucontact.base_url", "unencrypted"),
        (_with(ROUTE, "    continue: true\n"), "routes[0].continue", "sends its other parts again"),
        (
            _with(ROUTE, "    continue: true\n") + "review: {topic: leads.review}\ndelivery: {crash_safety: park}\n",
            "routes[0].continue",
            "the lead is in doubt",
        ),
        (VALID + "delivery: {revoke_timeout: 3s}\n", "delivery.revoke_timeout", "ucontact.connect_timeout"),
        (_with(UCONTACT, "  connect_timeout: 8s\n"), "ucontact.connect_timeout", "kafka.session_timeout"),
    ],
)
def test_what_works_but_hardly_as_meant_is_a_warning(config: Writer, text: str, path: str, words: str) -> None:
    [warning] = config.load(text).warnings
    assert warning.path == path
    assert words in warning.message
    assert warning.line is not None


@pytest.mark.parametrize("key", ["batch: {max_bytes: 1023}", "buffer: {max_bytes: 1}"])
def test_sizes_have_the_least_that_their_field_says(config: Writer, key: str) -> None:
    """A batch or buffer of fewer bytes than any lead has is a slip of the unit, and refused."""
    problems = config.problems(VALID + f"delivery: {{{key}}}\n")
    assert any("at least 1024" in problem.message for problem in problems)
