"""Types for names and addresses: topics, brokers, URLs, files, listening address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, JsonValue, StringConstraints, WithJsonSchema

from connector.config.problems import quote, refuse
from connector.config.section import Shown
from connector.leads.topic_patterns import PatternError, check_pattern, matches

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])"
_ADDRESS = re.compile(rf"({_HOST}):([0-9]{{1,5}})")


class Address(NamedTuple):
    """Host (IPv6 without brackets) and TCP port to listen on."""

    host: str
    port: int


def as_list(value: Any) -> Any:
    """Make a list of one thing, or of several in one text with commas. A topic pattern is never taken apart."""
    if isinstance(value, str):
        if value.lstrip().startswith("^"):
            return [value.strip()]
        return [part.strip() for part in value.split(",")]
    if isinstance(value, (bool, int, float)):
        return [value]
    return value


def topic_matches(entry: str, topic: str) -> bool:
    """Say whether an entry of a topic list (a name, or a pattern that begins with ^) takes ``topic``."""
    return matches(entry, topic) if entry.startswith("^") else entry == topic


def _topic_name(value: str) -> str:
    if value in (".", "..") or not _TOPIC.fullmatch(value):
        hint = "Topic names have 1 to 249 letters, digits, dots, underscores and hyphens"
        raise refuse(f"{quote(value)} is not a topic name", hint)
    return value


def _topic_or_pattern(value: str) -> str:
    if not value.startswith("^"):
        return _topic_name(value)
    try:
        check_pattern(value)
    except PatternError as error:
        raise refuse(f"{quote(value)} is {error}", "For example ^leads-.*") from None
    return value


def _host_and_port(value: str, example: str, lowest: int = 1) -> Address:
    match = _ADDRESS.fullmatch(value)
    if match is None or not lowest <= int(match[2]) < 65536:
        raise refuse(f"{quote(value)} is not host:port", f"For example {example}")
    return Address(match[1].strip("[]"), int(match[2]))


def _bootstrap_servers(value: Any) -> str:
    servers = as_list(value)
    if not isinstance(servers, (list, tuple)) or not servers:
        raise refuse("must be host:port, or several with commas between them", "For example localhost:9092")
    for server in servers:
        if not isinstance(server, str):
            raise refuse(f"{quote(server)} is not host:port", "For example localhost:9092")
        if "://" in server:
            hint = "Write host:port only, and set security.protocol in kafka.properties"
            raise refuse("a broker's address has a scheme", hint)
        _host_and_port(server, "localhost:9092")
    return ",".join(servers)


def _listen(value: Any) -> Address | None:
    if value is None or isinstance(value, Address):
        return value
    # `off` is text to us; `false` is what it becomes when another YAML tool has been at the file.
    if value is False or value in ("off", "false"):
        return None
    if not isinstance(value, str):
        raise refuse(f"{quote(value)} is not host:port", "For example 0.0.0.0:9464, or off")
    return _host_and_port(value, "0.0.0.0:9464, or off", lowest=0)


def _url(value: str) -> str:
    hint = "For example http://localhost:8081"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise refuse("is not a URL", hint) from None
    if "@" in parts.netloc:
        # Not quoted: there may be a password in it.
        raise refuse(
            "a URL must not hold a user name or a password", "Secrets come from files: see token_file and password_file"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"[\s\x00-\x1f]", value):
        raise refuse(f"{quote(value)} is not an http or https URL", hint)
    if parts.query or parts.fragment:
        raise refuse("a base URL has no ? and no #", hint)
    return value.rstrip("/")


def _file(value: Any) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise refuse(f"{quote(value)} is not a path of a file")
    return Path(value)


class ReferencedFile(NamedTuple):
    """Marks a field that names a file which must exist and be readable. ``secret``: it holds a secret."""

    secret: bool


_FILE_SCHEMA = {"type": "string", "minLength": 1}
_HUB_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "integer"},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer", "minimum": 1}},
        {"type": "object", "properties": {"python": {"type": "string"}}, "required": ["python"], "maxProperties": 1},
    ]
}
_STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 1}

Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), Shown("text")]
"""Text that is not empty."""
TopicName: TypeAlias = Annotated[str, AfterValidator(_topic_name), Shown("topic")]
Topics: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_topic_or_pattern)], ...],
    BeforeValidator(as_list),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, _STRINGS]}),
    Shown("list of topics", yaml=True),
]
"""Topic names and patterns that begin with ^; one alone needs no list."""
Records: TypeAlias = Annotated[
    tuple[Text, ...],
    BeforeValidator(as_list),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, _STRINGS]}),
    Shown("list of record names", yaml=True),
]
"""Full names of Avro records; one alone needs no list."""
BootstrapServers: TypeAlias = Annotated[
    str,
    BeforeValidator(_bootstrap_servers),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, _STRINGS]}),
    Shown("list of host:port"),
]
"""Normalised to one text with commas, as librdkafka takes it."""
Listen: TypeAlias = Annotated[
    Address | None,
    BeforeValidator(_listen),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^(?:off|.+:[0-9]+)$"}, {"const": False}]}),
    Shown("host:port or off"),
]
"""None when off."""
Url: TypeAlias = Annotated[str, AfterValidator(_url), WithJsonSchema({"type": "string", "format": "uri"}), Shown("URL")]
"""http or https, no credentials, without a slash at the end."""
File: TypeAlias = Annotated[
    Path, BeforeValidator(_file), WithJsonSchema(_FILE_SCHEMA), ReferencedFile(secret=False), Shown("file")
]
SecretFile: TypeAlias = Annotated[
    Path, BeforeValidator(_file), WithJsonSchema(_FILE_SCHEMA), ReferencedFile(secret=True), Shown("file with a secret")
]
Hub: TypeAlias = Annotated[JsonValue, WithJsonSchema(_HUB_SCHEMA), Shown("name, template or weights", yaml=True)]
"""As Expression, but text is a name and not an expression, and a map is a split."""
Expression: TypeAlias = Annotated[JsonValue, Shown("expression", yaml=True)]
"""Any YAML value; what it means is the mapper's business."""
