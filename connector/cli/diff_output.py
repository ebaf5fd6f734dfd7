"""The differences that another configuration makes, as text or as lines of JSON, and their numbers."""

from __future__ import annotations

from collections.abc import Callable

from connector.cli.output import Output
from connector.preview import as_json
from connector.preview_diff import ABSENT, Change, Compared, Counts, Difference, Part

LONGEST_VALUE = 200
"""Characters of a value that are shown to people."""
_TITLES = {
    Change.CHANGED: "changed",
    Change.NEWLY_SET_ASIDE: "newly set aside",
    Change.NEWLY_SENT: "newly sent",
}


class DiffReport:
    """Writes the leads that change one by one, as UTF-8, and counts all."""

    def __init__(self, output: Output, write: Callable[[bytes], object]) -> None:
        self._json = output is Output.JSON
        self._write = write
        self._counts = Counts()

    def show(self, compared: Compared) -> None:
        """Write one lead, if it changes."""
        self._counts.add(compared)
        if compared.change is not Change.SAME:
            self._write(_line(compared) if self._json else _block(compared))

    def end(self) -> None:
        """Write the numbers for programs. People get ``counts``."""
        if self._json:
            routes = {
                name: dict(zip(("before", "after", "changed"), numbers, strict=True))
                for name, numbers in self._counts.routes.items()
            }
            changes = {change.value: self._counts.changes[change] for change in Change}
            self._write(as_json({"kind": "summary", **changes, "routes": routes}) + b"\n")

    def counts(self) -> str:
        """One line for all leads, and one for each route."""
        changes = self._counts.changes
        number = changes.total()
        head = f"{number} lead{'' if number == 1 else 's'}: {changes[Change.SAME]} the same"
        head += "".join(f", {changes[change]} {title}" for change, title in _TITLES.items())
        lines = [f"{head}; nothing was sent"]
        for name, (before, after, changed) in self._counts.routes.items():
            different = f", {changed} of them otherwise" if changed else ""
            lines.append(f"route {name}: sends {before} before, {after} after{different}")
        return "\n".join(lines)


def _line(compared: Compared) -> bytes:
    return (
        as_json(
            {
                "kind": compared.change.value,
                "position": compared.place,
                "lead_id": compared.lead_id,
                "before": [pair.before for pair in compared.pairs if pair.before is not None],
                "after": [pair.after for pair in compared.pairs if pair.after is not None],
                "differences": [_as_dict(each) for pair in compared.pairs for each in pair.differences],
            }
        )
        + b"\n"
    )


def _as_dict(difference: Difference) -> dict[str, object]:
    sides = (("before", difference.before), ("after", difference.after))
    return {"field": difference.field, **{name: value for name, value in sides if value is not ABSENT}}


def _block(compared: Compared) -> bytes:
    """For people, with an empty line after it."""
    lead = "" if compared.lead_id is None else f"lead {compared.lead_id}, "
    lines = [f"{compared.place}: {lead}{_TITLES[compared.change]}"]
    for pair in compared.pairs:
        if pair.before == pair.after:
            continue
        if pair.before is None or pair.after is None or ("hub" in pair.before) is not ("hub" in pair.after):
            lines += [f"  - {_in_short(pair.before)}", f"  + {_in_short(pair.after)}"]
        else:
            if len(compared.pairs) > 1:
                lines.append(f"  route {pair.after.get('route', 'none')}")
            lines += [f"  {each.field}: {_shown(each.before)} -> {_shown(each.after)}" for each in pair.differences]
    return ("\n".join(lines) + "\n\n").encode()


def _in_short(part: Part | None) -> str:
    if part is None:
        return "nothing"
    if "hub" not in part:
        return f"{'filtered' if part['outcome'] == 'filtered' else 'set aside'}: {part['reason']}: {part['message']}"
    listed = f", list {part['list']}" if "list" in part else ""
    return f"route {part['route']}, hub {part['hub']}{listed}: {_shown(part['contact'])}"


def _shown(value: object) -> str:
    if value is ABSENT:
        return "(absent)"
    text = as_json(value).decode()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
