"""The check of an expression before the first lead: names, filters and syntax against the reader schema.

Walks the Jinja2 syntax tree with what each node can be (``Shapes``, or None where that is not known) and collects
problems, each with the nearest known name.
"""

from __future__ import annotations

from datetime import date, datetime, time

from jinja2 import nodes

from connector.leads.filter_checks import check_filter
from connector.leads.findings import Finding, nearest, nearest_or_all
from connector.leads.jinja import ENVIRONMENT
from connector.leads.paths import ATTRIBUTES, DATE_METHODS, TEXT_METHODS
from connector.leads.scope import TOPIC
from connector.leads.shapes import Shape, Shapes

Names = dict[str, "Shapes | None"]

_CONST_KINDS = {str: "string", int: "long", float: "double", bool: "boolean"}
_TEXT_KINDS = frozenset({"string", "enum", "uuid"})
MAX_LOOPS = 2
"""How deep loops may nest: with short ranges, an expression comes to an end soon."""
_PYTHON_TYPES: dict[str, type] = {
    "string": str,
    "enum": str,
    "timestamp": datetime,
    "local timestamp": datetime,
    "date": date,
    "time": time,
}
_METHODS = TEXT_METHODS | DATE_METHODS
_STATEMENTS = "only {{ }}, {% if %}, {% for %} and {% set name = … %} are available"
_PLAIN_NODES = (
    nodes.Const, nodes.TemplateData, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Test, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Neg, nodes.Pos, nodes.Add,
    nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Slice, nodes.Keyword, nodes.Output,
    nodes.Template,
)  # fmt: skip


def _attributes(shape: Shape) -> frozenset[str]:
    """What can be read from a value that is no record or map (``paths.ATTRIBUTES``)."""
    python = _PYTHON_TYPES.get(shape.kind)
    return frozenset() if python is None else ATTRIBUTES[python]


class Checker:
    """Checks one expression or template; ``findings`` holds what is wrong, ``check`` gives what the value can be."""

    def __init__(self, record: Shape) -> None:
        self._fields = record.fields
        self._names: Names = {TOPIC: (Shape("string"),), **record.fields}
        self._depth = 0
        self.findings: list[Finding] = []

    def check(self, node: nodes.Node) -> Shapes | None:
        """What the value of ``node`` can be; None when that is not known."""
        if isinstance(node, nodes.Name):
            return self._name(node.name)
        if isinstance(node, nodes.Getattr):
            return self._field(self.check(node.node), node.attr)
        if isinstance(node, nodes.Getitem):
            return self._item(node)
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, nodes.Const):
            kind = _CONST_KINDS.get(type(node.value))
            return (Shape(kind),) if kind else ()
        if isinstance(node, nodes.For):
            self._loop(node)
            return None
        if isinstance(node, nodes.Assign | nodes.If):
            self._statement(node)
            return None
        if not isinstance(node, _PLAIN_NODES):
            self.findings.append((f"{type(node).__name__.lower()} is not available in expressions", _STATEMENTS))
            return None
        return self._plain(node)

    def _plain(self, node: nodes.Node) -> Shapes | None:
        children = [self.check(child) for child in node.iter_child_nodes()]
        if isinstance(node, nodes.Test) and node.name not in ENVIRONMENT.tests:
            self.findings.append((f"unknown test {node.name!r}", nearest(node.name, ENVIRONMENT.tests)))
        if isinstance(node, nodes.List):
            known = [shapes for shapes in children if shapes is not None]
            complete = len(known) == len(children)
            return (Shape("array", element=sum(known, ())),) if complete else (Shape("array"),)
        if isinstance(node, nodes.Dict):
            return (Shape("map"),)
        if isinstance(node, nodes.Concat | nodes.Template):
            return (Shape("string"),)
        return (Shape("boolean"),) if isinstance(node, nodes.Compare | nodes.Not | nodes.Test) else None

    def _name(self, name: str) -> Shapes | None:
        if name in self._names:
            return self._names[name]
        hint = nearest_or_all(name, self._names)
        self.findings.append((f"the event has no field {name!r}", f"{hint}; for the text itself, write \"'{name}'\""))
        return None

    def _field(self, shapes: Shapes | None, name: str) -> Shapes | None:
        """The shapes of a field, which at least one branch of the union must have."""
        if name.startswith("__"):
            self.findings.append((f"{name!r} is not available in expressions", ""))
            return None
        if not shapes:
            return None
        found: list[Shape] = []
        known = False
        for shape in shapes:
            if shape.kind == "record" and name in shape.fields:
                found.extend(shape.fields[name])
                known = True
            elif shape.kind == "map":
                found.extend(shape.element)
                known = True
            elif name not in _METHODS and name in _attributes(shape):
                found.append(Shape("int"))
                known = True
        if known:
            return tuple(found)
        self._unknown_field(shapes, name)
        return None

    def _unknown_field(self, shapes: Shapes, name: str) -> None:
        fields = [each for shape in shapes for each in shape.fields]
        if fields:
            self.findings.append((f"there is no field {name!r} here", nearest_or_all(name, fields)))
        elif any(shape.kind == "array" for shape in shapes):
            self.findings.append((f"{name!r} is read from an array", "take one item first: [0], or | first"))
        else:
            kinds = " or ".join(sorted({shape.kind for shape in shapes}))
            hint = f"a method is called: {name}()" if name in _METHODS else ""
            self.findings.append((f"{name!r} is read from a value that has no fields ({kinds})", hint))

    def _item(self, node: nodes.Getitem) -> Shapes | None:
        shapes = self.check(node.node)
        if isinstance(node.arg, nodes.Slice):
            self.check(node.arg)
            return shapes
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._field(shapes, node.arg.value)
        self.check(node.arg)
        if not shapes:
            return None
        if not any(shape.kind in {"array", "map"} | _TEXT_KINDS for shape in shapes):
            self.findings.append(("an index is taken of a value that is no array", ""))
            return None
        elements = [shape.element if shape.kind in {"array", "map"} else (Shape("string"),) for shape in shapes]
        return sum(elements, ()) or None

    def _filter(self, node: nodes.Filter) -> Shapes | None:
        source = self.check(node.node) if node.node is not None else None
        for child in (*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs):
            if child is not None:
                self.check(child)
        return check_filter(node, source, self._field, self.findings)

    def _call(self, node: nodes.Call) -> Shapes | None:
        for child in (*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs):
            if child is not None:
                self.check(child)
        target = node.node
        if isinstance(target, nodes.Name) and target.name == "range" and "range" not in self._fields:
            return None
        if not isinstance(target, nodes.Getattr):
            self.findings.append(("only range() and methods of text and dates can be called", ""))
            return None
        shapes = self.check(target.node)
        if target.attr not in _METHODS or (shapes and not any(target.attr in _attributes(each) for each in shapes)):
            hint = "a map's entry is read as attributes['name']" if target.attr == "get" else ""
            hint = hint or nearest(target.attr, TEXT_METHODS)
            self.findings.append((f"the method {target.attr!r} cannot be called here", hint))
        return None

    def _loop(self, node: nodes.For) -> None:
        if node.recursive or self._depth == MAX_LOOPS:
            self.findings.append((f"loops nest {MAX_LOOPS} deep at most, and are not recursive", ""))
            return
        source = self.check(node.iter)
        element = sum((shape.element for shape in source), ()) if source else None
        outer = self._names
        self._names = {**outer, "loop": None}
        self._depth += 1
        self._bind(node.target, element or None)
        for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
            self.check(child)
        self._names = outer
        self._depth -= 1

    def _statement(self, node: nodes.Assign | nodes.If) -> None:
        if isinstance(node, nodes.Assign):
            self._bind(node.target, self.check(node.node))
            return
        for child in node.iter_child_nodes():
            self.check(child)

    def _bind(self, target: nodes.Node, shapes: Shapes | None) -> None:
        if isinstance(target, nodes.Name):
            self._names = {**self._names, target.name: shapes}
        elif isinstance(target, nodes.Tuple):
            for each in target.items:
                self._bind(each, None)
        else:
            self.findings.append(("only a plain name can be set", ""))
