"""What the parts of the test bed have in common: opened and closed as context managers."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Opened(ABC):
    """A context manager, open from entering to leaving. If opening fails, entering leaves nothing behind."""

    def __enter__(self) -> Self:
        """See `open`."""
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def open(self) -> None:
        """Start it; blocks until it serves. If it raises, parts may be left for `close`; entering sees to that."""

    @abstractmethod
    def close(self) -> None:
        """End it. Twice is once."""
