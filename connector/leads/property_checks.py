"""What is wrong with a contact property before the first lead: types, nulls and constants that cannot go."""

from __future__ import annotations

from collections.abc import Callable

from connector.leads.coerce import COERCE
from connector.leads.expressions import Compiled, Compiler, Path
from connector.leads.moments import own_zone, read_moment
from connector.leads.numbers import Make
from connector.leads.properties import FITTING, KEY_KINDS, Kind, Property
from connector.leads.refusal import RefusalError
from connector.leads.scope import Scope
from connector.leads.shapes import Shape, Shapes, nullable, solid

_WAYS_OUT = (
    "add | required to set aside leads without it, | default(…) or `or …` to give them another, or ask for it in when"
)
_NO_JSON = "JSON has no bytes: leave it out, or make text of it with a Python function"
_EXAMPLES = {
    Kind.PHONE: "write a number such as '+59899123456', or the path of a field",
    Kind.PHONES: "write a number such as '+59899123456', or the path of a field",
    Kind.EMAIL: "write an address such as 'someone@example.com', or the path of a field",
    Kind.SCHEDULE: "write a time such as '2026-07-01T09:30:00', or the path of a field",
    Kind.INTEGER: "write a whole number such as 5",
}
"""What to write instead of a constant that cannot be sent."""
_LISTS = frozenset({Kind.PHONES, Kind.TEXTS})
"""Properties that are made of one value or of a list of them, each of which is looked at in its own place."""


def check_kind(compiler: Compiler, kind: Kind, compiled: Compiled, path: Path, name: str = "") -> bool:
    """True where the schema allows a type that can become the property (``name``, else the path's end); a problem
    otherwise."""
    name = name or str(path[-1])
    if kind in _LISTS and compiled.items and 0 in compiled.items:
        items = [check_kind(compiler, kind, item, (*path, at), name) for at, item in compiled.items.items()]
        return all(items)
    if not _check_fitting(compiler, compiled, path, name, FITTING[kind], lambda shape: _fits(shape, kind)):
        return False
    return kind is not Kind.OBJECT or _check_json(compiler, compiled, path)


def check_key(compiler: Compiler, compiled: Compiled, path: Path) -> None:
    """A problem where the value cannot tell one lead from another: it is the same for all, or no text or number."""
    if compiled.constant:
        compiler.problem(path, "this is the same for every lead", "name a field, such as eventId")
    else:
        _check_fitting(compiler, compiled, path, "an id or a key", KEY_KINDS, lambda shape: shape.kind in KEY_KINDS)


def _check_fitting(
    compiler: Compiler, compiled: Compiled, path: Path, what: str, kinds: frozenset[str], fits: Callable[[Shape], bool]
) -> bool:
    shapes = solid(compiled.shapes or ())
    if not shapes or any(fits(shape) for shape in shapes):
        return True
    found = " or ".join(sorted({_described(shape) for shape in shapes}))
    compiler.problem(path, f"{what} cannot be made from {found}", f"it takes {', '.join(sorted(kinds))}")
    return False


def check_required(compiler: Compiler, compiled: Compiled, path: Path) -> None:
    """A problem where the schema lets a required value be null, and nothing says what happens then. A list of sources
    says it: each of them may be absent, and a lead without any is set aside."""
    if nullable(compiled.shapes):
        compiler.problem(path, f"{path[-1]} is required, and this may be null", _WAYS_OUT)


def check_constants(compiler: Compiler, row: Property, compiled: Compiled, path: Path, numbers: Make) -> None:
    """A problem for each value that is the same for every lead and cannot be sent: the property itself, or what
    stands in its list."""
    if row.kind in _LISTS and compiled.items:
        for at, item in compiled.items.items():
            check_constants(compiler, row, item, (*path, at), numbers)
    elif compiled.constant:
        _check_constant(compiler, row, compiled, path, numbers)


def _check_constant(compiler: Compiler, row: Property, compiled: Compiled, path: Path, numbers: Make) -> None:
    scope = Scope({}, "")
    try:
        value = compiled.evaluate(scope)
        if row.kind is Kind.SCHEDULE:
            _read_schedule(value)
            return
        coerce = COERCE.get(row.kind)
        kept = numbers(row.name, value, scope) if coerce is None else coerce(row.name, value)
        if kept is None and row.required:
            compiler.problem(path, "this never has a value", _EXAMPLES.get(row.kind, ""))
    except RefusalError as error:
        compiler.problem(path, str(error), _EXAMPLES.get(row.kind, ""))


def _check_json(compiler: Compiler, compiled: Compiled, path: Path) -> bool:
    """True where JSON can carry the value of some lead; else a problem at the innermost place that is written down."""
    if compiled.items:
        items = [_check_json(compiler, item, (*path, at)) for at, item in compiled.items.items()]
        return all(items)
    if (where := _bytes_in(compiled.shapes or (), frozenset())) is None:
        return True
    found = f"its field {where!r} is bytes" if where else "this is bytes"
    compiler.problem(path, f"{found}, which no lead can be sent with", _NO_JSON)
    return False


def _bytes_in(shapes: Shapes, above: frozenset[Shape]) -> str | None:
    """The dotted path to bytes that every value of these types has in it ("" for the value itself), or None.

    ``above`` are the records around it: one that holds itself has bytes only where it ends.
    """
    found = None
    for shape in shapes:
        if shape.kind in {"bytes", "fixed"}:
            found = ""
        elif shape.kind == "record" and shape not in above:
            inner = (
                f"{name}.{where}".rstrip(".")
                for name, types in shape.fields.items()
                if (where := _bytes_in(types, above | {shape})) is not None
            )
            found = next(inner, None)
            if found is None:
                return None
        else:
            return None  # null, an array or a map, which may be empty, and all that has a JSON value
    return found


def _read_schedule(value: object) -> None:
    """Raises RefusalError for what is no time, whatever the zone."""
    if value is not None and value != "":
        read_moment(value, own_zone(value) or "UTC")


def _fits(shape: Shape, kind: Kind) -> bool:
    if shape.kind not in FITTING[kind]:
        return False
    if shape.kind == "array":
        items = solid(shape.element)
        return not items or any(_fits(item, kind) for item in items)
    return kind is not Kind.SCHEDULE or shape.kind != "record" or "local" in shape.fields


def _described(shape: Shape) -> str:
    """The type as a message names it; of an array also what it holds."""
    items = sorted({_described(item) for item in solid(shape.element)}) if shape.kind == "array" else []
    return f"array of {' or '.join(items)}" if items else shape.kind
