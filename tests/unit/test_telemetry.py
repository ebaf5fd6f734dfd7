"""Health and repeats: what the probes answer and what the log keeps back, on a clock of our own."""

from __future__ import annotations

from connector.telemetry.health import STUCK, Health
from connector.telemetry.logs import Repeats
from connector.telemetry.troubles import Kind, Trouble


def test_alive_while_both_loops_turn() -> None:
    """Not turning for the limit is death; Kafka or the API being away is not."""
    now = [0.0]
    health = Health(loop_limit=10, kafka_limit=100, clock=lambda: now[0])
    assert health.live()[0], "what has not started is not stuck"
    health.loop_turned = health.kafka_turned = 0.0
    health.troubles["hub sales"] = Trouble(Kind.HUB, "the API is unavailable")
    now[0] = 9.9
    assert health.live()[0]
    now[0] = 10.0
    assert not health.live()[0]
    health.loop_turned = 99.0
    now[0] = 100.0
    assert not health.live()[0], "the Kafka thread's own limit"


def test_a_partition_that_stands_still_for_no_reason_is_stuck() -> None:
    """Only where there is work, nothing is wrong, and we are a member; every reason to wait starts it anew."""
    now = [0.0]
    health = Health(clock=lambda: now[0], joined=True)

    def after(seconds: float, *, hindered: bool = False, **partitions: tuple[int, int]) -> object:
        now[0] += seconds
        health.kafka_turned, health.partitions = now[0], partitions
        health.turn(hindered=hindered)
        good, reasons = health.live()
        stuck = reasons["stuck_partitions"]
        assert good is not bool(stuck)
        return stuck

    assert after(0, a=(5, 1), b=(5, 0)) == []
    assert after(STUCK, a=(6, 1), b=(5, 0)) == [], "one moves, the other has no work"
    assert after(STUCK, a=(6, 1), b=(5, 0)) == ["a"]
    assert after(0, a=(6, 1), hindered=True) == []
    assert after(STUCK - 1, a=(6, 1)) == []
    health.troubles["kafka"] = Trouble(Kind.KAFKA, "trying on")
    assert after(STUCK, a=(6, 1)) == []
    del health.troubles["kafka"]
    health.troubles["table"] = Trouble(Kind.FILE, "line 2: no comma")
    assert after(1, a=(6, 1)) == [], "leads do not wait for a file whose last good version serves"
    assert after(STUCK, a=(6, 1), b=(9, 9)) == ["a"]
    assert after(0, b=(9, 9)) == [], "it left"
    assert after(STUCK, b=(9, 9)) == ["b"]
    health.draining = True
    assert after(STUCK, b=(9, 9)) == []


def test_ready_from_joining_to_draining() -> None:
    """Troubles are told and change nothing."""
    health = Health()
    assert not health.ready()[0]
    health.join()
    health.troubles["kafka"] = Trouble(Kind.KAFKA, "trying on", "kafka")
    assert health.ready() == (
        True,
        {"joined_group": True, "draining": False, "troubles": {"kafka": "trying on (runbook: kafka)"}},
    )
    health.joined = False
    assert health.ready()[0], "the group was lost: brokers that are away make nobody unready"
    health.draining = True
    assert not health.ready()[0]


def test_repeats_are_kept_back_and_counted() -> None:
    """Once in the interval, with the number of those in between; other messages do not wait for it."""
    now = [0.0]
    repeats = Repeats(every=10, clock=lambda: now[0])
    assert repeats.pass_on("a") == 0
    assert repeats.pass_on("b") == 0
    assert [repeats.pass_on("a") for _ in range(3)] == [None, None, None]
    now[0] = 10.0
    assert repeats.pass_on("a") == 3


def test_repeats_forget_when_messages_are_without_number() -> None:
    """Texts that never repeat cost no memory without end."""
    repeats = Repeats(every=10, clock=lambda: 0.0)
    for number in range(5000):
        assert repeats.pass_on(str(number)) == 0
    assert len(repeats._last) <= 1001
