"""What every section of the configuration has in common, and how its fields are looked at from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

T = TypeVar("T")


class NotGiven(Exception):
    """A field was asked for that has no valid value (only while the other problems are being collected)."""


class Section(BaseModel):
    """A part of the configuration: frozen, no unknown keys, defaults written as in YAML.

    A section with nothing under it (``delivery:``) is one with no keys, so every default holds.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_no_keys(cls, value: Any) -> Any:
        return {} if value is None else value

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise NotGiven(name)
            return super().__getattr__(name)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a type is named in the reference, and whether an environment variable holds it as YAML text.

    ``dotted_keys``: keys of this map have dots, which a variable's name writes as underscores.
    """

    label: str
    yaml: bool = False
    dotted_keys: bool = False


def default(value: Any, **field: Any) -> Any:
    """Declare a default as it would stand in the file: ``"10s"`` is validated into a timedelta."""
    return Field(default=value, validate_default=True, **field)


def keys_of(kind: type[Section]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the key they have in the file."""
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def section_of(annotation: Any) -> type[Section] | None:
    """Return the section that a field holds (``X`` or ``X | None``), or None."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, Section):
            return option
    return None


def item_section_of(annotation: Any) -> type[Section] | None:
    """Return the section that a field holds a list of, or None."""
    for option in _options(annotation):
        if get_origin(option) in (tuple, list):
            return section_of(get_args(option)[0])
    return None


def is_map(annotation: Any) -> bool:
    """Say whether a field holds a map with free keys."""
    return any(get_origin(option) in (dict, Mapping) for option in _options(annotation))


def enum_of(annotation: Any) -> type[Enum] | None:
    """Return the closed vocabulary of a field, or None."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, Enum):
            return option
    return None


def metadata_of(field: FieldInfo, kind: type[T]) -> T | None:
    """Return what the field's type is annotated with, of class ``kind``, also inside ``X | None``."""
    found = [entry for entry in field.metadata if isinstance(entry, kind)]
    for option in _options(field.annotation, keep=True):
        if get_origin(option) is Annotated:
            found += [entry for entry in get_args(option)[1:] if isinstance(entry, kind)]
    return found[-1] if found else None


def _options(annotation: Any, keep: bool = False) -> list[Any]:
    """Take a union apart; without ``keep`` also take the metadata off."""
    if get_origin(annotation) in (Union, UnionType):
        return [inner for option in get_args(annotation) for inner in _options(option, keep)]
    if get_origin(annotation) is Annotated and not keep:
        return _options(get_args(annotation)[0])
    return [annotation]
