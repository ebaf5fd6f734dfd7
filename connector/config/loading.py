"""From a file and the environment to settings, with every problem at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connector.config import checks, remarks
from connector.config.environment import Environment
from connector.config.files import missing_files
from connector.config.partial import partial
from connector.config.problems import ConfigurationError, Finding, KeyPath, Place, Problem, dotted, quote
from connector.config.settings import Settings
from connector.config.wording import finding, without_echoes
from connector.config.yaml_nodes import Document, Unreadable
from connector.config.yaml_tree import MAX_BYTES, parse

_MAPPING_PATHS: dict[str | int, KeyPath] = {
    "lead_id": ("lead", "id"),
    "duplicate_key": ("duplicates", "key"),
    "event_time": ("lead", "event_time"),
    "reader": ("schemas", "reader"),
}
"""The mapper calls these otherwise than the file does."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used.

    ``base_directory``: where relative paths in it start, the directory the process was started in. ``warnings``: what
    works, but hardly as meant.
    """

    settings: Settings
    base_directory: Path
    warnings: tuple[Problem, ...]
    _places: _Places = field(repr=False)

    @property
    def file(self) -> Path:
        """The configuration file, as it was named."""
        return Path(self._places.file)

    def locate(self, path: KeyPath) -> Place:
        """Return where the value at ``path`` stands: in the file, or in an environment variable."""
        return self._places.of(path)

    def problem(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        """Make a problem of something found later, such as a SpecProblem of the mapping, with its place."""
        path = (*_MAPPING_PATHS[path[0]], *path[1:]) if path and path[0] in _MAPPING_PATHS else path
        return self._places.problem(Finding(path, message, hint))


def load(path: Path, environ: Mapping[str, str] | None = None, *, check_files: bool = True) -> Loaded:
    """Read the configuration from ``path`` with the environment over it. Blocks (disk).

    ``environ`` defaults to the process's. With ``check_files`` the files that it names must exist and be readable,
    those with secrets not empty. Raises ConfigurationError with every problem.
    """
    loaded, problems = examine(path, environ, check_files=check_files)
    if problems:
        raise ConfigurationError(problems)
    return loaded


def examine(
    path: Path, environ: Mapping[str, str] | None = None, *, check_files: bool = True
) -> tuple[Loaded, list[Problem]]:
    """As ``load``, but returns the problems beside what can be used in spite of them.

    With problems the settings may be partial: asking them for what is missing or wrong raises NotGiven, and there are
    no warnings. Raises ConfigurationError only for a file that cannot be read at all.
    """
    document, data = _read(path)
    environment = Environment(os.environ if environ is None else environ, Settings)
    environment.lay_over(data)
    places = _Places(str(path), document, environment)
    problems = list(environment.problems)
    problems += [
        Problem(str(path), mistake.line, mistake.column, dotted(mistake.finding.path), *_words(mistake.finding))
        for mistake in document.mistakes
    ]

    settings, findings = _validate(data)
    findings += checks.problems(settings)
    base = Path.cwd()
    if check_files:
        findings += missing_files(settings, base)
    problems += places.problems(findings)
    warnings = () if problems else tuple(places.problems(remarks.warnings(settings)))
    return Loaded(settings, base, warnings, places), problems


def _validate(data: dict[str, Any]) -> tuple[Settings, list[Finding]]:
    """Return the settings (partial when there are findings)."""
    try:
        return Settings.model_validate(data), []
    except ValidationError as error:
        findings = [finding(detail, Settings) for detail in _real(error.errors(include_url=False))]
        settings = partial(Settings, data, {found.path for found in findings})
        return settings, without_echoes(findings)


def _real(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out "too short" for lists that pydantic found empty only because it dropped the items that are wrong."""
    locations = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(len(other) > len(error["loc"]) and other[: len(error["loc"])] == error["loc"] for other in locations)
    ]


def _read(path: Path) -> tuple[Document, dict[str, Any]]:
    """Return the parsed file and its plain values. Raises ConfigurationError for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _alone(path, "there is no such file", "Name the configuration file with -c FILE") from None
    except IsADirectoryError:
        raise _alone(path, "this is a directory", "Name the configuration file with -c FILE") from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "not a path"
        raise _alone(path, f"the file cannot be read: {reason.lower()}") from None
    try:
        document = parse(source)
        data = document.plain()
    except Unreadable as error:
        raise _alone(path, error.message, error.hint, error.line, error.column) from None
    if data is None:
        return document, {}
    if not isinstance(data, dict):
        hint = "Begin with a section, for example kafka:"
        line, column = document.place(())
        raise _alone(path, f"the file holds {quote(data)} and no sections", hint, line, column)
    return document, data


def _alone(
    path: Path, message: str, hint: str = "", line: int | None = None, column: int | None = None
) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), line, column, "", message, hint)])


def _words(found: Finding) -> tuple[str, str]:
    return found.message, found.hint


@dataclass(frozen=True, slots=True)
class _Places:
    file: str
    document: Document
    environment: Environment

    def of(self, path: KeyPath, at_key: bool = False) -> Place:
        if (name := self.environment.source_of(path)) is not None:
            return Place(name)
        return Place(self.file, *self.document.place(path, at_key))

    def problem(self, found: Finding) -> Problem:
        place = self.of(found.path, found.at_key)
        return Problem(place.file, place.line, place.column, dotted(found.path), found.message, found.hint)

    def problems(self, findings: Iterable[Finding]) -> list[Problem]:
        return [self.problem(found) for found in findings]
