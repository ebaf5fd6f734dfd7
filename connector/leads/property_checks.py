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
from connector.leads.shapes import Shape, nullable, solid

_WAYS_OUT = (
    "add | required to set aside leads without it, | default(…) or `or …` to give them another, or ask for it in when"
)


def check_kind(compiler: Compiler, kind: Kind, compiled: Compiled, path: Path) -> bool:
    """True where the schema allows a type that can become the property; a problem otherwise."""
    return _check_fitting(compiler, compiled, path, str(path[-1]), FITTING[kind], lambda shape: _fits(shape, kind))


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
    found = " or ".join(sorted({shape.kind for shape in shapes}))
    compiler.problem(path, f"{what} cannot be made from {found}", f"it takes {', '.join(sorted(kinds))}")
    return False


def check_required(compiler: Compiler, compiled: Compiled, path: Path) -> None:
    """A problem where the schema lets a required value be null, and nothing says what happens then. A list of sources
    says it: each of them may be absent, and a lead without any is set aside."""
    if nullable(compiled.shapes):
        compiler.problem(path, f"{path[-1]} is required, and this may be null", _WAYS_OUT)


def check_constant(
    compiler: Compiler,
    row: Property,
    compiled: Compiled,
    path: Path,
    numbers: Make,
) -> None:
    """A problem where a value that is the same for every lead cannot be sent."""
    scope = Scope({}, "")
    try:
        value = compiled.evaluate(scope)
        if row.kind is Kind.SCHEDULE:
            _read_schedule(value)
            return
        coerce = COERCE.get(row.kind)
        kept = numbers(row.name, value, scope) if coerce is None else coerce(row.name, value)
        if kept is None and row.required:
            compiler.problem(path, "this never has a value")
    except RefusalError as error:
        compiler.problem(path, str(error))


def _read_schedule(value: object) -> None:
    """Raises RefusalError for what is no time, whatever the zone."""
    if value is not None and value != "":
        read_moment(value, own_zone(value) or "UTC")


def _fits(shape: Shape, kind: Kind) -> bool:
    is_wall_time = kind is not Kind.SCHEDULE or shape.kind != "record" or "local" in shape.fields
    return shape.kind in FITTING[kind] and is_wall_time
