"""The reference of the configuration, generated from the models so that it cannot be out of date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from connector.config.environment import variable
from connector.config.names import ReferencedFile
from connector.config.problems import KeyPath, dotted
from connector.config.section import Section, Shown, enum_of, item_section_of, keys_of, metadata_of, section_of
from connector.config.settings import Settings
from connector.config.wording import example

_PREAMBLE = """\
# Configuration

Generated from the models by `python -m connector.config > docs/configuration.md`; do not edit it by hand.

One YAML file, named with `-c FILE`. `lead-connector check -c FILE` lists every problem with its place;
`lead-connector config schema` prints a JSON Schema for editors. Start from
[examples/minimal.yaml](../examples/minimal.yaml) or
[examples/google-and-meta.yaml](../examples/google-and-meta.yaml).

## How values are written

- **YAML** is read by the rules of version 1.2: `on`, `no` and `09:00` are text, only `true` and `false` are booleans.
  A number with a leading zero stays text. A key given twice is an error. Anchors, aliases and `<<` work.
- **Unknown keys** are errors, with the nearest known name.
- **Durations** have a unit: `100ms`, `10s`, `2m`, `1h30m`, `3d`. A number without a unit is refused (except `0`):
  nobody can tell whether `100` are seconds or milliseconds.
- **Sizes** are whole bytes, or have a unit: `256KiB`, `16MiB` (1,024), `1MB` (1,000).
- **Files** with a relative path are looked up from the directory in which the process was started, wherever the
  configuration file lies. They must exist when the connector starts.
- **Secrets** never stand in the configuration or in the environment. They come from files, without the line break at
  the end.
- **Expressions** say how a value comes out of the event. An unquoted or quoted YAML text is an expression
  (`source.campaignId`), text with `{{ }}` is a template, `"'text'"` is itself.

## Environment

Every key can be set from the environment, which wins over the file: `CONNECTOR__` and the path of the key, joined by
`__`, in capitals. `CONNECTOR__KAFKA__BOOTSTRAP_SERVERS=broker:9092` is `kafka.bootstrap_servers`.

- Sections, lists, maps and expressions are written as YAML (JSON is YAML too):
  `CONNECTOR__KAFKA__TOPICS='[leads, leads.web]'`; for topics `leads,leads.web` will do. They replace what the file has.
- Items of lists are counted from 0: `CONNECTOR__ROUTES__0__HUB=sales`.
- What follows the name of a map is the key as it is: `CONNECTOR__SCHEMAS__FORMATS__leads.web=json`. Properties of
  librdkafka may be written in capitals with underscores:
  `CONNECTOR__KAFKA__PROPERTIES__SECURITY_PROTOCOL=SASL_SSL` is `security.protocol`.
- A variable with an empty value counts as not set. An unknown variable that begins with `CONNECTOR__` is an error.

## Keys
"""


def reference_markdown() -> str:
    """Return ``docs/configuration.md``: every key with type, unit, limits, default and environment variable."""
    return _PREAMBLE + "\n" + "\n".join(_sections(Settings, ()))


def _sections(kind: type[Section], path: KeyPath) -> Iterator[str]:
    yield from _section(kind, path)
    for key, field in keys_of(kind).items():
        inner, item = section_of(field.annotation), item_section_of(field.annotation)
        if inner is not None:
            yield from _sections(inner, (*path, key))
        elif item is not None:
            yield from _sections(item, (*path, key, 0))


def _section(kind: type[Section], path: KeyPath) -> Iterator[str]:
    title = f"`{dotted(path)}`".replace("[0]", "[]") if path else "At the top"
    yield f"### {title}\n"
    presence = _presence(path) if path else "The sections and lists below, and beside them:"
    text = " ".join(cleandoc(kind.__doc__ or "").split())
    yield f"{text} {presence}\n" if presence else f"{text}\n"
    rows = [
        _row(key, field, (*path, key))
        for key, field in keys_of(kind).items()
        if section_of(field.annotation) is None and item_section_of(field.annotation) is None
    ]
    if rows:
        yield "| key | type | default | what it does |"
        yield "|---|---|---|---|"
        yield from rows
        yield ""


def _row(key: str, field: FieldInfo, path: KeyPath) -> str:
    text = " ".join((field.description or "").split())
    shown = example(field)
    if shown:
        text += f" Example: `{shown}`."
    if 0 not in path:
        text += f" <br>`{variable(path)}`"
    return f"| `{key}` | {_cell(_type(field))} | {_cell(_default(field))} | {_cell(text)} |"


def _type(field: FieldInfo) -> str:
    shown = metadata_of(field, Shown)
    choices = enum_of(field.annotation)
    if shown is not None:
        label = shown.label
    elif choices is not None:
        label = ", ".join(f"`{choice.value}`" for choice in choices)
    else:
        label = "`true`, `false`" if field.annotation is bool else "text"
    low, high = metadata_of(field, Ge), metadata_of(field, Le)
    if low is not None and high is not None:
        label += f", {low.ge:,} to {high.le:,}"
    elif low is not None:
        label += f", at least {low.ge:,}"
    if metadata_of(field, ReferencedFile) is not None:
        return label
    return label + (" in bytes" if shown is not None and shown.label == "size" and low is not None else "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    return f"`{value}`" if isinstance(value, (str, int)) and not isinstance(value, bool) else f"`{json.dumps(value)}`"


def _presence(path: KeyPath) -> str:
    """Say whether a section must be there."""
    field = _field_of(path)
    if field is None:
        whole = _field_of(path[:-1])
        return "A list: one or more." if whole is None or whole.is_required() else "A list; empty by default."
    if field.is_required():
        return "Required."
    return "Optional; absent by default." if field.get_default() is None else ""


def _field_of(path: KeyPath) -> FieldInfo | None:
    kind: type[Section] = Settings
    field: FieldInfo | None = None
    for part in path:
        if part == 0:
            field = None
            continue
        field = keys_of(kind)[str(part)]
        kind = section_of(field.annotation) or item_section_of(field.annotation) or kind
    return field


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
