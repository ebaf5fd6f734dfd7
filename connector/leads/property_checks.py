"""What is wrong with a contact property before the first lead: types, nulls and constants that cannot go."""

from __future__ import annotations

from collections.abc import Callable

from connector.leads.coerce import COERCE
from connector.leads.expressions import Compiled, Compiler, Path
from connector.leads.moments import own_zone, read_moment
from connector.leads.properties import FITTING, Kind, Property
from connector.leads.refusal import RefusalError
from connector.leads.scope import Scope
from connector.leads.shapes import Shape


def check_kind(compiler: Compiler, kind: Kind, compiled: Compiled, path: Path) -> bool:
    """True where the schema allows a type that can become the property; a problem otherwise."""
    shapes = compiled.shapes
    if not shapes or any(_fits(shape, kind) for shape in shapes):
        return True
    found = " or ".join(sorted({shape.kind for shape in shapes}))
    compiler.problem(path, f"{path[-1]} cannot be made from {found}", f"it takes {', '.join(sorted(FITTING[kind]))}")
    return False


def check_constant(
    compiler: Compiler,
    row: Property,
    compiled: Compiled,
    path: Path,
    numbers: Callable[[str, object, Scope], object],
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
