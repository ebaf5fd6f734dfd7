"""The check of an expression before the first lead: names, filters and syntax against the reader schema.

Walks the Jinja2 syntax tree with what each node can be (``Shapes``, or None where that is not known) and collects
problems, each with the nearest known name.
"""

from __future__ import annotations

from jinja2 import nodes

from connector.leads.arithmetic import arithmetic_findings
from connector.leads.attributes import GIVE_TEXT, METHODS, has_attribute, has_method
from connector.leads.comparisons import EQUAL, MEMBER, SIGNS, TEST_OPERATORS, compare_findings
from connector.leads.filter_arguments import pattern_findings
from connector.leads.filter_checks import Around, check_filter
from connector.leads.findings import Finding, nearest, nearest_or_all
from connector.leads.jinja import ENVIRONMENT
from connector.leads.narrowing import Ways, shown, there, way_of
from connector.leads.paths import TEXT_METHODS
from connector.leads.scope import TOPIC
from connector.leads.shapes import NULL, Shape, Shapes, array_of, elements_of, nullable, solid

Names = dict[str, "Shapes | None"]

_CONST_KINDS = {str: "string", int: "long", float: "double", bool: "boolean"}
_TEXT_KINDS = frozenset({"string", "enum", "uuid"})
_NOTHING = frozenset({"null", "nil", "undefined"})
"""What other languages call none."""
MAX_LOOPS = 2
"""How deep loops may nest: with short ranges, an expression comes to an end soon."""
_STATEMENTS = "only {{ }}, {% if %}, {% for %} and {% set name = … %} are available"
_ARITHMETIC: dict[type[nodes.Node], str] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
    nodes.Pow: "**", nodes.Neg: "-", nodes.Pos: "+",
}  # fmt: skip
_PLAIN_NODES: tuple[type[nodes.Node], ...] = (
    nodes.TemplateData, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.Not, nodes.Concat, nodes.Slice, nodes.Keyword, nodes.Output, nodes.Template, *_ARITHMETIC,
)  # fmt: skip


class Checker:
    """Checks one expression or template; ``check`` gives what the value can be.

    ``findings`` holds what is wrong, ``remarks`` what fails where a value is absent. ``known`` are the paths that are
    certainly there, ``tables`` the names of those for ``lookup``.
    """

    def __init__(self, record: Shape, known: Ways = frozenset(), tables: frozenset[str] = frozenset()) -> None:
        self._fields = record.fields
        self._names: Names = {TOPIC: (Shape("string"),), **record.fields}
        self._known = known
        self._depth = 0
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self._around = Around(self._field, self.findings, self._remark_absent, tables)

    def check(self, node: nodes.Node) -> Shapes | None:
        """What the value of ``node`` can be; None when that is not known."""
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            shapes = self._read(node)
            return solid(shapes) if shapes and way_of(node) in self._known else shapes
        if isinstance(node, nodes.Filter):
            return self._filter(node)
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, nodes.Const):
            kind = _CONST_KINDS.get(type(node.value))
            return (Shape(kind),) if kind else (NULL,)
        if isinstance(node, nodes.And | nodes.Or):
            return self._either(node)
        if isinstance(node, nodes.CondExpr):
            return self._condition(node)
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

    def _read(self, node: nodes.Name | nodes.Getattr | nodes.Getitem) -> Shapes | None:
        if isinstance(node, nodes.Name):
            return self._name(node.name)
        if isinstance(node, nodes.Getattr):
            return self._field(self.check(node.node), node.attr)
        return self._item(node)

    def _where(self, condition: nodes.Node, *, holds: bool, node: nodes.Node) -> Shapes | None:
        """``check`` of what is looked at only where the condition holds, or does not."""
        outer = self._known
        self._known = outer | there(condition, holds=holds)
        shapes = self.check(node)
        self._known = outer
        return shapes

    def _either(self, node: nodes.And | nodes.Or) -> Shapes | None:
        left = self.check(node.left)
        right = self._where(node.left, holds=isinstance(node, nodes.And), node=node.right)
        if left is None or right is None:
            return None
        return (*left, *right) if isinstance(node, nodes.And) else (*solid(left), *right)

    def _condition(self, node: nodes.CondExpr) -> Shapes | None:
        self.check(node.test)
        chosen = self._where(node.test, holds=True, node=node.expr1)
        other = (NULL,) if node.expr2 is None else self._where(node.test, holds=False, node=node.expr2)
        return None if chosen is None or other is None else (*chosen, *other)

    def _plain(self, node: nodes.Node) -> Shapes | None:
        if isinstance(node, nodes.Compare):
            return self._compare(node)
        children = [(child, self.check(child)) for child in node.iter_child_nodes()]
        if isinstance(node, nodes.Test):
            self._test(node, children)
        if sign := _ARITHMETIC.get(type(node)):
            for child in children:
                self._remark_null(sign, child)
            self.findings.extend(arithmetic_findings(sign, [shapes for _, shapes in children]))
        if isinstance(node, nodes.List):
            return (array_of([shapes for _, shapes in children]),)
        if isinstance(node, nodes.Dict):
            return (Shape("map"),)
        if isinstance(node, nodes.Concat | nodes.Template):
            return (Shape("string"),)
        return (Shape("boolean"),) if isinstance(node, nodes.Not | nodes.Test) else None

    def _test(self, node: nodes.Test, children: list[tuple[nodes.Node, Shapes | None]]) -> None:
        if node.name not in ENVIRONMENT.tests:
            hint = "write none" if node.name.lower() in _NOTHING else nearest(node.name, ENVIRONMENT.tests)
            self.findings.append((f"unknown test {node.name!r}", hint))
        elif (operator := TEST_OPERATORS.get(node.name)) is not None and len(children) == 2:
            self.findings.extend(compare_findings(operator, *children))

    def _compare(self, node: nodes.Compare) -> Shapes:
        left = (node.expr, self.check(node.expr))
        for operand in node.ops:
            right = (operand.expr, self.check(operand.expr))
            self.findings.extend(compare_findings(operand.op, left, right))
            if operand.op in MEMBER:
                self._remark_null(SIGNS[operand.op], right)
            elif operand.op not in EQUAL:
                self._remark_null(SIGNS[operand.op], left)
                self._remark_null(SIGNS[operand.op], right)
            left = right
        return (Shape("boolean"),)

    def _remark_null(self, sign: str, operand: tuple[nodes.Node, Shapes | None]) -> None:
        node, shapes = operand
        if nullable(shapes):
            what = shown(way) if (way := way_of(node)) else "a value"
            hint = f"Ask first ({what} is not none and …), or give it a default" if way else "Give it a default"
            self.remarks.append((f"{what} may be absent, and {sign} then fails", hint))

    def _remark_absent(self, name: str, node: nodes.Expr, shapes: Shapes | None) -> None:
        self._remark_null(name, (node, shapes))

    def _name(self, name: str) -> Shapes | None:
        if name in self._names:
            return self._names[name]
        if name.lower() in _NOTHING:
            hint = "write none: x is none, x is not none"
        else:
            hint = f"{nearest_or_all(name, self._names)}; for the text itself, write \"'{name}'\""
        self.findings.append((f"the event has no field {name!r}", hint))
        return None

    def _field(self, shapes: Shapes | None, name: str) -> Shapes | None:
        """The shapes of a field, which at least one branch of the union must have."""
        if name.startswith("__"):
            self.findings.append((f"{name!r} is not available in expressions", ""))
            return None
        if not shapes:
            return None
        found: list[Shape] = []
        known = [shape for shape in shapes if shape.kind == "map" or name in shape.fields or has_attribute(shape, name)]
        for shape in known:
            if shape.kind == "map":
                found.extend(shape.element)
            else:
                found.extend(shape.fields[name] if shape.kind == "record" else (Shape("int"),))
        if known:
            return (*found, NULL) if len(known) < len(shapes) else tuple(found)
        if solid(shapes):
            self._unknown_field(solid(shapes), name)
            return None
        return (NULL,)

    def _unknown_field(self, shapes: Shapes, name: str) -> None:
        fields = [each for shape in shapes for each in shape.fields]
        if fields:
            self.findings.append((f"there is no field {name!r} here", nearest_or_all(name, fields)))
        elif any(shape.kind == "array" for shape in shapes):
            self.findings.append((f"{name!r} is read from an array", "take one item first: [0], or | first"))
        else:
            kinds = " or ".join(sorted({shape.kind for shape in shapes}))
            hint = f"a method is called: {name}()" if name in METHODS else ""
            self.findings.append((f"{name!r} is read from a value that has no fields ({kinds})", hint))

    def _item(self, node: nodes.Getitem) -> Shapes | None:
        shapes = self.check(node.node)
        if isinstance(node.arg, nodes.Slice):
            self.check(node.arg)
            return shapes
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._field(shapes, node.arg.value)
        self.check(node.arg)
        known = solid(shapes or ())
        if not known:
            return shapes or None
        if not any(shape.kind in {"array", "map"} | _TEXT_KINDS for shape in known):
            self.findings.append(("an index is taken of a value that is no array", ""))
            return None
        texts = (Shape("string"),) if any(shape.kind in _TEXT_KINDS for shape in known) else ()
        found = (*elements_of(known), *texts)
        return (*found, NULL) if found and nullable(shapes) else found or None

    def _filter(self, node: nodes.Filter) -> Shapes | None:
        source = self.check(node.node) if node.node is not None else None
        arguments = [self.check(child) for child in (*node.args, *(pair.value for pair in node.kwargs))]
        for child in (node.dyn_args, node.dyn_kwargs):
            if child is not None:
                self.check(child)
        return check_filter(node, source, arguments, self._around)

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
        known = solid(shapes or ())
        if target.attr not in METHODS or (known and not any(has_method(each, target.attr) for each in known)):
            hint = "a map's entry is read as attributes['name']" if target.attr == "get" else ""
            hint = hint or nearest(target.attr, TEXT_METHODS)
            self.findings.append((f"the method {target.attr!r} cannot be called here", hint))
            return None
        if target.attr == "strftime" and node.args and isinstance(node.args[0], nodes.Const):
            self.findings.extend(pattern_findings(str(node.args[0].value)))
        if shapes is None or target.attr not in GIVE_TEXT:
            return None
        return (Shape("string"), NULL) if nullable(shapes) else (Shape("string"),)

    def _loop(self, node: nodes.For) -> None:
        if node.recursive or self._depth == MAX_LOOPS:
            self.findings.append((f"loops nest {MAX_LOOPS} deep at most, and are not recursive", ""))
            return
        source = self.check(node.iter)
        element = elements_of(source) if source else None
        names, known = self._names, self._known
        self._names = {**names, "loop": None}
        self._depth += 1
        self._bind(node.target, element or None)
        if node.test is not None:
            self.check(node.test)
            self._known = self._known | there(node.test, holds=True)
        for child in (*node.body, *node.else_):
            self.check(child)
        self._names, self._known = names, known
        self._depth -= 1

    def _statement(self, node: nodes.Assign | nodes.If) -> None:
        if isinstance(node, nodes.Assign):
            self._bind(node.target, self.check(node.node))
            return
        self.check(node.test)
        for child in node.body:
            self._where(node.test, holds=True, node=child)
        for child in (*node.elif_, *node.else_):
            self._where(node.test, holds=False, node=child)

    def _bind(self, target: nodes.Node, shapes: Shapes | None) -> None:
        if isinstance(target, nodes.Name):
            self._names = {**self._names, target.name: shapes}
            self._known = frozenset(way for way in self._known if way[0] != target.name)
        elif isinstance(target, nodes.Tuple):
            for each in target.items:
                self._bind(each, None)
        else:
            self.findings.append(("only a plain name can be set", ""))
