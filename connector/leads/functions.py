"""The way out of the expression language: a Python function by dotted path (DESIGN.md, "Mapping side")."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

LeadFunction: TypeAlias = Callable[[Mapping[str, object]], object]
"""Called with the decoded lead; gives a value as an expression would. It must not change the lead and should not
block: it runs where leads are mapped."""


class FunctionError(ValueError):
    """The function cannot be used; the message says why, ``hint`` the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def resolve(name: str) -> LeadFunction:
    """The function ``package.module:function``, imported. Raises FunctionError for every way in which it cannot be."""
    module_name, separator, attributes = name.partition(":")
    if not (separator and module_name and attributes):
        raise FunctionError(f"{name!r} names no function", "write it as package.module:function")
    try:
        found: object = importlib.import_module(module_name)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:
        # An import runs the user's code, which may raise anything, and may be a script that ends with exit().
        raise FunctionError(
            f"{name!r} cannot be imported: {type(error).__name__}: {error}", "is it installed, or on PYTHONPATH?"
        ) from error
    if not callable(found):
        raise FunctionError(f"{name!r} is not a function")
    if inspect.iscoroutinefunction(found):
        raise FunctionError(f"{name!r} is async", "a plain function is expected")
    try:
        inspect.signature(found).bind({})
    except TypeError as error:
        raise FunctionError(f"{name!r} cannot be called with the lead alone: {error}", "def function(lead)") from error
    except ValueError:
        pass  # A builtin without a signature: it is tried with the first lead.
    return cast("LeadFunction", found)
