"""Records in parts, whatever order their parts are sent, answered, set aside, forgotten and written down in."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, split
from connector.kafka.buffer import Buffer
from connector.kafka.intents import Intents, withdraw


class PartsLife(RuleBasedStateMachine):
    """One claim. Beside what is tested stands the truth: where each part is, and what may have arrived."""

    @initialize()
    def begin(self) -> None:
        self.claim = Claim("leads", 0, PartitionProgress(0))
        self.buffer = Buffer(10_000, 1_000_000)
        self.intents = Intents()
        self.parts: dict[int, list[Record]] = {}
        self.waiting: list[Record] = []
        self.asked: list[Record] = []
        self.flying: list[Record] = []
        self.ended: dict[Record, bool] = {}
        """Whether it was resolved."""
        self.arrived: set[Record] = set()

    @precondition(lambda self: not self.claim.released)
    @rule(count=st.sampled_from([1, 2, 2, 3]), size=st.integers(0, 9))
    def read(self, count: int, size: int) -> None:
        offset = len(self.parts)
        self.claim.progress.take(offset)
        record = Record(self.claim, offset, None, None, b"x" * size, None)
        self.buffer.add([record])
        parts: list[Record] = [record]
        if count > 1:
            parts = [*split(record, [f"route-{n}" for n in range(count)])]
        self.parts[offset] = parts
        self.waiting += parts

    @precondition(lambda self: self.waiting and not self.claim.released)
    @rule(data=st.data(), commit=st.booleans())
    def ask(self, data: st.DataObject, commit: bool) -> None:
        """A request is about to go, also with several parts of a record."""
        some = data.draw(st.lists(st.sampled_from(self.waiting), min_size=1, max_size=4, unique_by=id))

        def confirmed(refused: Sequence[Record]) -> None:
            assert not refused, "there is room"
            for record in some:
                self.asked.remove(record)
                (self.waiting if self.claim.released else self.flying).append(record)
            if self.claim.released:
                self.forget(some)

        for record in some:
            self.waiting.remove(record)
        self.asked += some
        self.intents.add(some, confirmed)
        if commit:
            self.commit(True)

    @precondition(lambda self: self.asked and not self.claim.released)
    @rule(acknowledged=st.sampled_from([True, True, True, False]))
    def commit(self, acknowledged: bool) -> None:
        self.intents.note()
        self.intents.sent()
        self.intents.written([self.claim] if acknowledged else ())

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), kind=st.sampled_from(["accepted", "rejected", "unavailable", "lost", "stored and lost"]))
    def answer(self, data: st.DataObject, kind: str) -> None:
        """What the dispatcher does with each class of answers."""
        record = data.draw(st.sampled_from(self.flying))
        self.flying.remove(record)
        if kind in {"accepted", "stored and lost"}:
            self.arrived.add(record)
        if kind in {"lost", "stored and lost"}:
            record.in_doubt = True
        elif kind != "accepted" and not record.in_doubt and not self.claim.released:
            withdraw(record)
        if kind in {"accepted", "rejected"}:
            self.end(record, resolved=True)
        else:
            self.waiting.append(record)
            if self.claim.released:
                self.forget([record])

    @precondition(lambda self: len(self.waiting) > 3)
    @rule(data=st.data())
    def set_aside(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(record)
        self.end(record, resolved=True)

    @precondition(lambda self: len(self.parts) > 5 and not self.claim.released)
    @rule()
    def release(self) -> None:
        self.claim.released = True
        self.intents.release({self.claim})
        self.forget(list(self.waiting))

    def forget(self, records: list[Record]) -> None:
        for record in records:
            self.waiting.remove(record)
            self.end(record, resolved=False)

    def end(self, record: Record, *, resolved: bool) -> None:
        assert record not in self.ended
        self.ended[record] = resolved
        self.buffer.settle([record], resolved=resolved)

    @rule()
    def apply(self) -> None:
        """The Kafka thread hears of what has ended. A record that is settled twice raises in here."""
        self.buffer.apply(lambda _claim: None)
        done = {offset for offset, parts in self.parts.items() if all(part in self.ended for part in parts)}
        resolved = {offset for offset in done if all(self.ended[part] for part in self.parts[offset])}
        assert self.claim.progress.unresolved == len(self.parts) - len(resolved), (
            "resolved when all parts are, only then"
        )
        assert self.claim.progress.watermark == min(self.parts.keys() - resolved, default=len(self.parts))
        assert self.buffer.outstanding == self.claim.outstanding == len(self.parts) - len(done)
        size = sum(parts[0].size for offset, parts in self.parts.items() if offset not in done)
        assert self.buffer._bytes == size, "a record in parts takes its room once"

    @invariant()
    def what_may_have_arrived_is_in_doubt(self) -> None:
        """And what certainly has not is not, where no part is about to be sent."""
        if not hasattr(self, "parts"):
            return
        in_doubt = {offset for first, end in self.claim.progress.in_doubt() for offset in range(first, end)}
        for offset, parts in self.parts.items():
            open_ = not all(part in self.ended for part in parts)
            if open_ and any(part in self.flying or part in self.arrived for part in parts):
                assert offset in in_doubt
            if any(part in self.arrived and not all(self.ended.get(p, False) for p in parts) for part in parts):
                assert offset in in_doubt, "also when the others were forgotten"
            touched = [part for part in parts if part in self.asked or part in self.flying or part.in_doubt]
            if open_ and not touched and not any(part in self.arrived for part in parts) and not self.claim.released:
                assert offset not in in_doubt

    def teardown(self) -> None:
        """In the end all is answered."""
        if not hasattr(self, "parts"):
            return
        if not self.claim.released:
            self.release()
        for record in list(self.flying):
            self.flying.remove(record)
            self.arrived.add(record)
            self.end(record, resolved=True)
        self.apply()
        assert not (self.waiting or self.asked) and self.buffer.outstanding == 0
        self.what_may_have_arrived_is_in_doubt()


PartsLife.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestPartsLife = PartsLife.TestCase
