"""A callback of ours that raises ends the process instead of leaving leads outstanding for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from connector.callbacks import watch_callbacks
from connector.delivery.intake import Intake
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record


class Broken:
    """Whatever it is asked, it has a defect."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


def test_a_defect_in_a_callback_of_ours_is_heard_of() -> None:
    """The intake would wait for ever for a turn that never comes."""

    async def body() -> None:
        failures: asyncio.Queue[Exception] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        watch_callbacks(loop, failures.put_nowait)
        broken: Any = Broken()
        intake = Intake(broken, broken, broken, broken, broken, lambda *_: None, broken, lambda: 0)
        record = Record(Claim("leads", 0, PartitionProgress(0)), 0, None, None, b"x", None)
        loop.call_soon(intake.receive, [record])
        assert isinstance(await asyncio.wait_for(failures.get(), 10), KeyError)

    asyncio.run(body())


def test_a_defect_of_a_library_is_not_ours() -> None:
    """It is for asyncio to log."""

    async def body() -> None:
        failures: list[Exception] = []
        logged: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        watch_callbacks(loop, failures.append)
        loop.default_exception_handler = logged.put_nowait  # type: ignore[method-assign,assignment]

        def of_a_library() -> None:
            raise OSError("odd")

        loop.call_soon(of_a_library)
        await asyncio.wait_for(logged.get(), 10)
        assert not failures

    asyncio.run(body())
