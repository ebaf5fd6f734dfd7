"""The environment laid over the file: ``CONNECTOR__KAFKA__TOPICS`` is ``kafka.topics``.

pydantic-settings' own source is not used: it reads names in lower case only (topics and contact properties have
capitals), cannot reach into lists, stops at the first value that does not parse, and silently drops unknown names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic.fields import FieldInfo

from connector.config.problems import KeyPath, Problem, dotted
from connector.config.section import Section, Shown, is_map, item_section_of, keys_of, metadata_of, section_of
from connector.config.wording import walk
from connector.config.yaml_nodes import Unreadable
from connector.config.yaml_tree import MAX_BYTES, parse_text

PREFIX = "CONNECTOR__"
_INDEX = re.compile(r"[0-9]{1,4}")


def variable(path: KeyPath) -> str:
    """Return the name of the variable that sets the key at ``path``."""
    return PREFIX + "__".join(str(part) for part in path).upper()


class Environment:
    """The variables that belong to us. ``variables``: by path, which one set a value; ``problems``: what is wrong."""

    def __init__(self, environ: Mapping[str, str], root: type[Section]) -> None:
        self.variables: dict[KeyPath, str] = {}
        self.problems: list[Problem] = []
        self._values: dict[KeyPath, Any] = {}
        ours = [name for name in environ if name.startswith(PREFIX) and environ[name].strip()]
        # Whole sections first, so that their single keys win over them.
        for name in sorted(ours, key=lambda name: (name.count("__"), name)):
            self._read(name, environ[name], root)

    def source_of(self, path: KeyPath) -> str | None:
        """Return the variable that set the value at ``path`` or one around it, or None."""
        for length in range(len(path), 0, -1):
            if (name := self.variables.get(path[:length])) is not None:
                return name
        return None

    def lay_over(self, data: dict[str, Any]) -> None:
        """Put the values into ``data``, which is changed."""
        for path, value in self._values.items():
            if not _put(data, path, value):
                name = self.variables.pop(path)
                hint = "Items are counted from 0; a new one comes directly after the last"
                self._refuse(name, f"there is nothing at {dotted(path)}", hint)

    def _read(self, name: str, text: str, root: type[Section]) -> None:
        found = _resolve(name.removeprefix(PREFIX).split("__"), root)
        if found is None:
            self._refuse(name, "there is no such key", _nearest(name, root))
            return
        path, as_yaml = found
        if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse(name, "the value is not UTF-8", "")
            return
        value: Any = text
        if as_yaml:
            if len(text) > MAX_BYTES:
                self._refuse(name, f"the value has more than {MAX_BYTES:,} characters", "")
                return
            try:
                document = parse_text(text)
                value = document.plain()
            except Unreadable as error:
                place = f"line {error.line}, column {error.column} of the value: "
                self._refuse(name, place + error.message, error.hint)
                return
            for mistake in document.mistakes:
                self._refuse(name, f"{dotted(mistake.finding.path)}: {mistake.finding.message}", mistake.finding.hint)
        self._values[path] = value
        self.variables[path] = name

    def _refuse(self, name: str, message: str, hint: str) -> None:
        self.problems.append(Problem(name, None, None, "", message, hint))


def _resolve(parts: list[str], root: type[Section]) -> tuple[KeyPath, bool] | None:
    """Return the path that a variable's parts lead to, and whether its value is YAML text. None: nowhere."""
    path: list[str | int] = []
    kind: type[Section] | None = root
    field: FieldInfo | None = None
    for position, part in enumerate(parts):
        if kind is not None:
            key = next((key for key in keys_of(kind) if key.upper() == part.upper()), None)
            if key is None:
                return None
            path.append(key)
            field = keys_of(kind)[key]
            kind = section_of(field.annotation)
        elif field is not None and (item := item_section_of(field.annotation)) is not None:
            if not _INDEX.fullmatch(part):
                return None
            path.append(int(part))
            kind = item
        elif field is not None and is_map(field.annotation):
            return (*path, _map_key("__".join(parts[position:]), field)), _yaml_inside(field)
        else:
            return None
    if kind is not None or field is None:
        return tuple(path), True
    shown = metadata_of(field, Shown)
    return tuple(path), bool(shown and shown.yaml)


def _map_key(text: str, field: FieldInfo) -> str:
    shown = metadata_of(field, Shown)
    return text.lower().replace("_", ".") if shown and shown.dotted_keys else text


def _yaml_inside(field: FieldInfo) -> bool:
    shown = metadata_of(field, Shown)
    return not (shown and shown.dotted_keys)


def _put(data: Any, path: KeyPath, value: Any) -> bool:
    *way, last = path
    for part, following in zip(way, path[1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(data, list) and isinstance(part, int):
            if part > len(data):
                return False
            if part == len(data):
                data.append(empty)
            elif data[part] is None:
                data[part] = empty
            data = data[part]
        elif isinstance(data, dict):
            if data.get(str(part)) is None:
                data[str(part)] = empty
            data = data[str(part)]
        else:
            break
    if isinstance(data, dict):
        data[str(last)] = value
    elif isinstance(data, list) and isinstance(last, int) and last <= len(data):
        data[last : last + 1] = [value]
    elif isinstance(data, list):
        return False
    # Where the file has a scalar instead of a section, that is reported as the file's mistake.
    return True


def _nearest(name: str, root: type[Section]) -> str:
    known = [variable(path) for path, _ in walk(root)]
    near = get_close_matches(re.sub(r"__[0-9]+__", "__0__", name.upper()), known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else "Variables that begin with CONNECTOR__ are keys of the configuration"
