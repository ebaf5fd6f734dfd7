"""The proxy breaks a line exactly as ordered, and heals it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from testbed.ports import LOOPBACK, accepts
from testbed.proxy import TcpProxy
from testbed.waiting import until

LIMIT = 60.0  # seconds
QUIET = 0.3  # seconds without a byte that count as silence


class Wire:
    """Both ends of connections through a proxy, in the hands of the test."""

    def __init__(self, running: ExitStack) -> None:
        self._running = running
        self._server = running.enter_context(socket.create_server((LOOPBACK, 0)))
        self._server.settimeout(LIMIT)
        self.proxy = running.enter_context(TcpProxy(LOOPBACK, self._server.getsockname()[1]))

    def client(self) -> socket.socket:
        """A new connection, as the client has it."""
        return self._running.enter_context(socket.create_connection((LOOPBACK, self.proxy.port), timeout=LIMIT))

    def target(self) -> socket.socket:
        """The next connection, as the target has it."""
        accepted = self._running.enter_context(self._server.accept()[0])
        accepted.settimeout(LIMIT)
        return accepted

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """A new connection: the client's end, the target's end."""
        client = self.client()
        return client, self.target()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A proxy before a listening socket."""
    with ExitStack() as running:
        yield Wire(running)


def test_everything_is_passed_on(wire: Wire) -> None:
    """Bytes go both ways whole and in order, more than any buffer holds, and so does the end."""
    client, target = wire.pair()
    sent = bytes(range(256)) * 100_000  # 25 MB

    def send() -> None:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    assert _read_all(target) == sent
    sender.join()
    target.sendall(b"thanks")
    target.close()
    assert _read_all(client) == b"thanks"
    until(lambda: wire.proxy.connections == 0, limit=LIMIT, what="the connection gone")


def test_cut_resets_and_refuses_until_healed(wire: Wire) -> None:
    """Both sides see a reset, nobody can connect, and healed the same port serves again."""
    client, target = wire.pair()
    wire.proxy.cut()
    for end in (client, target):
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    with pytest.raises(ConnectionRefusedError):
        wire.client()
    wire.proxy.heal()
    _assert_passes(*wire.pair())


def test_frozen_bytes_come_after_healing(wire: Wire) -> None:
    """Nothing arrives on either side, new connections are accepted, and healing brings all of it."""
    client, target = wire.pair()
    wire.proxy.freeze()
    client.sendall(b"ask")
    target.sendall(b"answer")
    _assert_silent(target)
    target.close()
    late = wire.client()
    late.sendall(b"late")
    _assert_silent(client, late)
    wire.proxy.heal()
    assert _read_all(client) == b"answer"
    assert wire.target().recv(10) == b"late"


def test_a_frozen_line_hides_a_reset(wire: Wire) -> None:
    """That the target broke the connection is not known before healing."""
    client, target = wire.pair()
    wire.proxy.freeze()
    target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    target.close()
    client.sendall(b"ask")
    _assert_silent(client)
    wire.proxy.heal()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_held_answers_come_after_healing(wire: Wire) -> None:
    """Requests arrive at once, answers when healed."""
    client, target = wire.pair()
    wire.proxy.freeze_answers()
    client.sendall(b"ask")
    assert target.recv(10) == b"ask"
    target.sendall(b"answer")
    _assert_silent(client)
    wire.proxy.heal()
    assert client.recv(10) == b"answer"


def test_dropped_answers_never_come(wire: Wire) -> None:
    """Requests arrive, answers are lost; healed, only the connections that lost something are reset."""
    client, target = wire.pair()
    other = wire.pair()
    wire.proxy.drop_answers()
    client.sendall(b"ask")
    assert target.recv(10) == b"ask"
    target.sendall(b"answer")
    target.close()
    _assert_silent(client)
    wire.proxy.heal()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    _assert_passes(*other)


def test_the_last_order_counts(wire: Wire) -> None:
    """A freeze takes the place of a cut, a cut that of a freeze."""
    wire.proxy.cut()
    wire.proxy.freeze()
    client = wire.client()
    wire.proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert not accepts(wire.proxy.port)


def test_a_slow_line_is_slow_both_ways(wire: Wire) -> None:
    """A round trip takes at least twice the delay, and healing ends it for what is under way."""
    client, target = wire.pair()
    wire.proxy.delay(0.2)
    before = time.monotonic()
    _assert_passes(client, target)
    assert time.monotonic() - before >= 0.4
    wire.proxy.delay(3600)
    client.sendall(b"ask")
    _assert_silent(target)
    wire.proxy.heal()
    assert target.recv(10) == b"ask"


def test_the_target_may_come_later(wire: Wire) -> None:
    """Without a target connections are reset; one set later counts for the next connection."""
    goal = wire.proxy.target
    wire.proxy.target = None
    with pytest.raises(ConnectionResetError):
        wire.client().recv(1)
    wire.proxy.target = goal
    _assert_passes(*wire.pair())


def test_a_taken_port_is_told(wire: Wire) -> None:
    """A port that was asked for is not silently another."""
    with pytest.raises(OSError, match="in use"), TcpProxy(port=wire.proxy.port):
        pass


def _read_all(end: socket.socket) -> bytes:
    with end.makefile("rb") as file:
        return file.read()


def _assert_passes(client: socket.socket, target: socket.socket) -> None:
    client.sendall(b"ask")
    assert target.recv(10) == b"ask"
    target.sendall(b"answer")
    assert client.recv(10) == b"answer"


def _assert_silent(*ends: socket.socket) -> None:
    for end in ends:
        end.settimeout(QUIET)
        with pytest.raises(TimeoutError):
            end.recv(1)
        end.settimeout(LIMIT)
