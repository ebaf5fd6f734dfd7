"""Pydantic's findings in plain words, each with a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from connector.config.problems import Finding, KeyPath, dotted, quote
from connector.config.section import Section, enum_of, item_section_of, keys_of, section_of

_TYPES = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a section (keys with values)",
    "model_type": "a section (keys with values)",
    "model_attributes_type": "a section (keys with values)",
}
_NO_SUCH_KEY = "there is no such key"
_REQUIRED = ("is required", "this section is required")
_LIMITS = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
_WAY_OUT = {
    "text": "Put it in quotes",
    "a list": "Write [a, b], or one item a line, each after a hyphen",
    "a section (keys with values)": "Put its keys on lines of their own, indented",
}


def finding(error: ErrorDetails, root: type[Section]) -> Finding:
    """Turn one of pydantic's errors into a Finding. Values of secrets cannot be among them: files hold those."""
    path = _path(error)
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "missing":
        return _missing(path, root)
    if kind == "extra_forbidden":
        return _unknown(path, root)
    if kind == "refused":
        return Finding(path, context["message"], context["hint"], at_key=error["loc"][-1] == "[key]")
    if kind in ("enum", "literal_error"):
        return _not_a_choice(path, root, value)
    if kind in ("too_short", "string_too_short"):
        return Finding(path, "must not be empty", _example(path, root))
    if kind in _LIMITS:
        word, name = _LIMITS[kind]
        return Finding(path, f"must be {word} {context[name]}, not {quote(value)}")
    if value is None:
        return Finding(path, "has no value", f"Give one, or delete the line. {_example(path, root)}".strip(), True)
    if kind in _TYPES:
        return Finding(path, f"must be {_TYPES[kind]}, not {quote(value)}", _WAY_OUT.get(_TYPES[kind], ""))
    return Finding(path, error["msg"].lower(), _example(path, root))


def without_echoes(findings: list[Finding]) -> list[Finding]:
    """Leave out "is required" for a key that stands there misspelt: the misspelling is reported already."""
    misspelt = {(found.path[:-1], found.hint) for found in findings if found.message == _NO_SUCH_KEY}
    return [
        found
        for found in findings
        if not found.path or found.message not in _REQUIRED or (found.path[:-1], _meant(found.path[-1])) not in misspelt
    ]


def unknown_key(key: str, known: list[str], root: type[Section]) -> str:
    """Return the hint for a key that does not exist: the nearest known name, or where that name belongs."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip()).replace(".", "_").replace("-", "_").lower()
    near = [plain] if plain in known else get_close_matches(plain, known, n=1, cutoff=0.6)
    if near:
        return _meant(near[0])
    elsewhere = [path for path, _ in walk(root) if path[-1] == plain]
    if elsewhere:
        return f"Did you mean {' or '.join(dotted(path) for path in elsewhere[:3])}?"
    return f"Known here: {', '.join(sorted(known))}"


def walk(kind: type[Section], path: KeyPath = ()) -> Iterator[tuple[KeyPath, FieldInfo]]:
    """Yield every key with its field, depth first. List items count as item 0."""
    for key, field in keys_of(kind).items():
        here = (*path, key)
        yield here, field
        if (inner := section_of(field.annotation)) is not None:
            yield from walk(inner, here)
        elif (item := item_section_of(field.annotation)) is not None:
            yield from walk(item, (*here, 0))


def section_at(path: KeyPath, root: type[Section]) -> type[Section] | None:
    """Return the section that stands at ``path``, or None."""
    kind: type[Section] | None = root
    item: type[Section] | None = None
    for part in path:
        if item is not None and isinstance(part, int):
            kind, item = item, None
            continue
        field = keys_of(kind).get(str(part)) if kind is not None else None
        if field is None:
            return None
        kind, item = section_of(field.annotation), item_section_of(field.annotation)
    return kind


def field_at(path: KeyPath, root: type[Section]) -> FieldInfo | None:
    """Return the field that stands at ``path``, or None for list items and free keys."""
    owner = section_at(path[:-1], root) if path else None
    return keys_of(owner).get(str(path[-1])) if owner is not None else None


def example(field: FieldInfo) -> str:
    """Return an example for a field as it stands in YAML, or nothing."""
    return _flow(field.examples[0]) if field.examples else ""


def _meant(key: str | int) -> str:
    return f"Did you mean {key}?"


def _path(error: ErrorDetails) -> KeyPath:
    return tuple(part for part in error["loc"] if part != "[key]")


def _missing(path: KeyPath, root: type[Section]) -> Finding:
    inner = section_at(path, root)
    if inner is None:
        return Finding(path, _REQUIRED[0], _example(path, root), at_key=True)
    required = [f"{key}: {example(field)}" for key, field in keys_of(inner).items() if field.is_required()]
    return Finding(path, _REQUIRED[1], f"For example {path[-1]}: {{{', '.join(required)}}}", at_key=True)


def _unknown(path: KeyPath, root: type[Section]) -> Finding:
    owner = section_at(path[:-1], root)
    known = list(keys_of(owner)) if owner is not None else []
    return Finding(path, _NO_SUCH_KEY, unknown_key(str(path[-1]), known, root), at_key=True)


def _not_a_choice(path: KeyPath, root: type[Section], value: Any) -> Finding:
    field = field_at(path, root)
    choices = enum_of(field.annotation) if field is not None else None
    if choices is None:
        # An item of schemas.formats, the only map of a closed vocabulary.
        field = field_at((*path[:-2], "format"), root)
        choices = enum_of(field.annotation) if field is not None else None
    words = [str(choice.value) for choice in choices] if choices is not None else []
    near = get_close_matches(str(value).lower(), [word.lower() for word in words], n=1, cutoff=0.6)
    nearest = next((word for word in words if near and word.lower() == near[0]), "")
    hint = f"Did you mean {nearest}?" if nearest else ""
    return Finding(path, f"must be one of {', '.join(words)}, not {quote(value)}", hint)


def _example(path: KeyPath, root: type[Section]) -> str:
    field = field_at(path, root)
    text = example(field) if field is not None else ""
    return f"For example {path[-1]}: {text}" if text else ""


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    return str(value)
