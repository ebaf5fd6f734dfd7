"""The configuration while the connector runs: routes and limits of a changed file are taken over, nothing else is.

Part of the composition root. The file is checked as at the start; one that cannot be used changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from connector.config import ConfigurationError, Loaded, load
from connector.config.problems import KeyPath, dotted
from connector.config.section import Section
from connector.config.yaml_tree import MAX_BYTES
from connector.delivery.dispatcher import Dispatcher
from connector.delivery.intake import Intake
from connector.delivery.lists import Collector
from connector.delivery.unique import Unique
from connector.leads.mapped import Destination
from connector.parts import lane_policy, most_requests
from connector.plan import Plan, make_plan
from connector.reread import LOOK_EVERY, Told
from connector.watched import Unusable, Watched

log = structlog.get_logger("connector")

WHAT = "configuration"

LIVE: frozenset[KeyPath] = frozenset(
    {
        ("lead",),
        ("tables",),
        ("filters",),
        ("routes",),
        ("unmatched",),
        ("delivery", "batch"),
        ("delivery", "max_in_flight"),
        ("delivery", "rates"),
        ("delivery", "on_ambiguous"),
        ("delivery", "park_after"),
        ("delivery", "retry"),
        ("delivery", "breaker"),
        ("delivery", "storm_guard"),
    }
)
"""What may change while the connector runs. docs/live-control.md lists it too."""


def fixed_changes(old: Section, new: Section, at: KeyPath = ()) -> Iterator[KeyPath]:
    """The keys that differ and are not among ``LIVE``."""
    for name in type(old).model_fields:
        path = (*at, name)
        before, after = getattr(old, name), getattr(new, name)
        if path in LIVE or before == after:
            continue
        if isinstance(before, Section) and isinstance(after, Section):
            yield from fixed_changes(before, after, path)
        else:
            yield path


def successor(loaded: Loaded, plan: Plan) -> tuple[Loaded, Plan]:
    """The configuration as its file has it now, to take over from this one. Blocks for some 100 ms.

    Raises ConfigurationError for a file that could not be started with, and Unusable for one that asks for more than
    can be changed while the connector runs.
    """
    new = load(loaded.file)
    made = make_plan(new)
    fixed = [dotted(path) for path in fixed_changes(loaded.settings, new.settings)]
    if [reader.raw for reader in made.readers] != [reader.raw for reader in plan.readers]:
        fixed.append("the reader schemas")
    if fixed:
        raise Unusable(
            f"{loaded.file}: restart the connector to change {', '.join(fixed)}; until then nothing is taken"
        )
    # The decoder has learnt its schemas, and stays.
    return new, replace(made, decoder=plan.decoder, readers=plan.readers)


def take_over(
    before: Plan,
    loaded: Loaded,
    plan: Plan,
    intake: Intake,
    unique: Unique | None,
    collector: Collector,
    dispatcher: Dispatcher,
) -> list[Destination]:
    """Have leads go by this plan from now on: what is in no request and cannot have arrived is mapped anew, all others
    end as they began. Gives the destinations that nothing goes to any more. On the event loop."""
    back = dispatcher.take_back() + collector.take_back()
    if unique is not None:
        back += unique.take_back(back)
    dispatcher.use(lane_policy(loaded), most_requests(loaded))
    intake.use(plan.mapper, plan.paused, [shipment.record for shipment in back])
    return dispatcher.forget_idle(_destinations(before) - _destinations(plan))


def _destinations(plan: Plan) -> set[Destination]:
    return {destination for _, weights in plan.mapper.destinations for destination in weights}


class LiveConfiguration:
    """Watches the configuration file; lives on the event loop, reads and checks in a thread."""

    def __init__(self, loaded: Loaded, plan: Plan, adopt: Callable[[Loaded, Plan], None], told: Told) -> None:
        """``adopt`` is called on the event loop with what is in use from now on. Raises Unusable for a file that cannot
        be read twice, as a pipe."""
        self._current = (loaded, plan)
        self._adopt = adopt
        self._told = told
        self._asked = asyncio.Event()
        self._begun = False
        self._watched = Watched([loaded.file], self._make, largest=MAX_BYTES + 1, patient=True)
        self._begun = True

    def ask(self) -> None:
        """Look at the file at once, and say what came of it."""
        self._asked.set()

    async def follow(self, every: float = LOOK_EVERY) -> None:
        """Look at the file every so many seconds, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(every):
                    await self._asked.wait()
            except TimeoutError:
                pass
            asked = self._asked.is_set()
            self._asked.clear()
            await self._look(asked)

    async def _look(self, asked: bool) -> None:
        path = self._current[0].file
        if asked:
            self._told.file_usable(WHAT, path)  # what is wrong with it is told again
        try:
            changed = await asyncio.to_thread(self._watched.look)
            if asked and not changed:  # a file counts as written when two looks find the same; who asks says that it is
                changed = await asyncio.to_thread(self._watched.look)
        except Unusable as error:
            self._told.file_trouble(WHAT, path, str(error))
            return
        self._told.file_usable(WHAT, path)
        if changed:
            self._current = self._watched.value
            self._adopt(*self._current)
            self._told.file_read(WHAT, path, len(self._current[0].settings.routes))
        elif asked:
            log.info("the configuration has not changed", file=str(path))

    def _make(self, _contents: list[bytes]) -> tuple[Loaded, Plan]:
        if not self._begun:
            return self._current
        try:
            return successor(*self._current)
        except ConfigurationError as error:
            raise Unusable(_in_short(self._current[0].file, error)) from None


def _in_short(path: Path, error: ConfigurationError) -> str:
    first, *others = error.problems
    return f"{first} (and {len(others)} more: lead-connector check -c {path})" if others else str(first)
