"""Settings with holes: what can be used of a configuration that has problems."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from connector.config.problems import KeyPath
from connector.config.section import Section, item_section_of, keys_of, section_of

S = TypeVar("S", bound=Section)


def partial(kind: type[S], raw: Mapping[str, Any], bad: Set[KeyPath], path: KeyPath = ()) -> S:
    """Build a section of the values that are right. Asking for another raises NotGiven.

    ``bad`` holds the paths of all problems that validation found; it never raises for what is among them.
    """
    values: dict[str, Any] = {}
    names = {field.alias or name: name for name, field in kind.model_fields.items()}
    for key, field in keys_of(kind).items():
        here = (*path, key)
        if here in bad:
            continue
        given = raw[key] if key in raw else field.get_default(call_default_factory=True, validated_data={})
        if not any(wrong[: len(here)] == here for wrong in bad):
            try:
                values[names[key]] = _adapter(kind, names[key]).validate_python(given)
            except ValidationError:
                continue
        elif (inner := section_of(field.annotation)) is not None:
            values[names[key]] = partial(inner, given if isinstance(given, dict) else {}, bad, here)
        elif (item := item_section_of(field.annotation)) is not None and isinstance(given, list):
            values[names[key]] = tuple(
                partial(item, entry if isinstance(entry, dict) else {}, bad, (*here, index))
                for index, entry in enumerate(given)
            )
    section = kind.model_construct()
    # model_construct puts defaults where there is no value: exactly what must not happen here.
    section.__dict__.clear()
    section.__dict__.update(values)
    return section


@cache
def _adapter(kind: type[Section], name: str) -> TypeAdapter[Any]:
    field = kind.model_fields[name]
    type_: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(type_)
