"""What the outbox keeps count of: a record's letters on their way, and which topics are in trouble. Kafka thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from connector.delivery.record import Claim
from connector.kafka.letters import Letter


class Parcel:
    """The letters of one record, in order, and what is to be told in the end. Ordered by when it is due."""

    __slots__ = (
        "abandoned", "claim", "done", "due", "final", "letters", "number", "stands", "troubled", "until", "untimed",
        "written",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        claim: Claim,
        letters: Sequence[Letter],
        done: Callable[[], None],
        abandoned: Callable[[], None] | None = None,
        *,
        final: bool = True,
    ) -> None:
        """Without ``abandoned`` the record has its outcome already: the letters are receipts of it. ``final``: no other
        outcome follows."""
        self.number = number
        self.claim = claim
        self.final = final
        self.letters = letters
        self.done = done
        self.abandoned = abandoned
        self.written = 0
        self.stands = abandoned is None
        """The outcome is durable: what is still to be written is a receipt of it."""
        self.untimed = False
        """The topic refuses the timestamp of the present letter."""
        self.troubled = False
        """The present letter has failed, and not been written since."""
        self.due = 0.0
        self.until = inf
        """When it is given up; seconds."""

    def detach(self, until: float) -> Callable[[], None]:
        """Nobody waits for it any more: what is not written yet is all that it keeps. Gives ``done``, to be called."""
        done, self.done, self.abandoned = self.done, _nothing, None
        self.letters, self.written = self.letters[self.written :], 0
        self.until = until
        return done

    def __lt__(self, other: Parcel) -> bool:
        return (self.due, self.number) < (other.due, other.number)

    @property
    def letter(self) -> Letter:
        """The letter to be written now. Raises IndexError when all are."""
        return self.letters[self.written]


def _nothing() -> None:
    """What is to be told of a parcel that nobody waits for."""


class Countdown:
    """Calls when it has been called so often."""

    __slots__ = ("_call", "_left")

    def __init__(self, left: int, call: Callable[[], None]) -> None:
        self._left = left
        self._call = call

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._call()


class Troubles:
    """Says per topic that letters fail, and once that none is left that has failed and was not written since: other
    letters may go through meanwhile, to a partition that is there, or because they are smaller."""

    def __init__(self, on_trouble: Callable[[str, str], None], on_written: Callable[[str], None]) -> None:
        self._on_trouble = on_trouble
        self._on_written = on_written
        self._troubled: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._troubled)

    def failed(self, parcel: Parcel, text: str) -> None:
        """A try to write the parcel's letter failed."""
        topic = parcel.letter.topic
        if not parcel.troubled:
            parcel.troubled = True
            self._troubled[topic] = self._troubled.get(topic, 0) + 1
        self._on_trouble(topic, text)

    def written(self, parcel: Parcel) -> None:
        """The parcel's letter was written."""
        topic = parcel.letter.topic
        if topic not in self._troubled:
            return
        self.forget(parcel)
        if self._troubled[topic] == 0:
            del self._troubled[topic]
            self._on_written(topic)

    def forget(self, parcel: Parcel) -> None:
        """The parcel's letter is not tried again: that says nothing for its topic."""
        if parcel.troubled:
            parcel.troubled = False
            self._troubled[parcel.letter.topic] -= 1
