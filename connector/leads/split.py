"""A split over hubs by weight: which of them a lead goes to follows from its id alone.

Weighted rendezvous hashing: each hub draws a number from a hash of the route's name, the hub's and the lead's id, and
the best draw for its weight wins. So a lead that is sent again goes to the same hub, in any process and any order; a
hub whose weight grows, or that is new, takes leads over and none moves between the others; one whose weight shrinks, or
that is gone, gives its leads up and the others keep theirs. No way to split moves fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from math import inf, log

from connector.leads.expressions import Compiler, Path, is_template
from connector.leads.mapped import Destination
from connector.leads.spec import Endpoint, YamlValue

LARGEST_WEIGHT = 1_000_000
_DRAWS = 1 << 64


class Split:
    """The hubs of one route with their weights, which are positive. Picking costs about a microsecond a hub."""

    def __init__(self, route: str, weights: Mapping[str, int], endpoint: Endpoint) -> None:
        # By name, so that the order in which they are written means nothing.
        self.weights = {Destination(hub, endpoint): weight for hub, weight in sorted(weights.items())}
        self._hubs = [
            (each, weight, blake2b(_seed(route, each.hub), digest_size=8)) for each, weight in self.weights.items()
        ]

    def pick(self, lead_id: str) -> Destination:
        """Where the lead goes."""
        raw = lead_id.encode("utf-8", "surrogatepass")
        picked, best = self._hubs[0][0], inf
        for destination, weight, seeded in self._hubs:
            drawing = seeded.copy()
            drawing.update(raw)
            # Exponential with the weight as its rate: the smallest of them is a hub's as often as its weight says.
            drawn = -log((int.from_bytes(drawing.digest()) + 1) / _DRAWS) / weight
            if drawn < best:
                picked, best = destination, drawn
        return picked


def weights_of(value: Mapping[str, YamlValue], compiler: Compiler, path: Path) -> dict[str, int]:
    """The hubs' names, trimmed, with their weights. Problems go to the compiler."""
    weights: dict[str, int] = {}
    if not value:
        compiler.problem(path, "a split needs a hub", "for example {sales: 70, social: 30}")
    for key, weight in value.items():
        name = key.strip()
        if is_template(name):
            hint = "use a route for each split, or text with {{ }} as the whole hub"
            compiler.problem((*path, key), "a split has hubs by name, not from the event", hint)
        elif not name:
            compiler.problem((*path, key), "a hub's name is expected", "the name as in uContact")
        elif name in weights:
            compiler.problem((*path, key), f"the hub {name!r} is given twice", "add the weights up")
        elif not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= LARGEST_WEIGHT:
            hint = "leave out a hub that is to get nothing" if weight == 0 else "for example {sales: 70, social: 30}"
            compiler.problem((*path, key), f"a weight is a whole number, 1 to {LARGEST_WEIGHT:,}", hint)
        else:
            weights[name] = weight
    return weights


def _seed(route: str, hub: str) -> bytes:
    return f"{route}\0{hub}\0".encode("utf-8", "surrogatepass")
