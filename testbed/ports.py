"""Free TCP ports on the loopback interface."""

import random
import socket
from itertools import islice
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST = 10_240
_TRIES = 500


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on at this moment.

    They lie below the range from which the kernel takes ports for outgoing connections, so that a server that is
    stopped finds its port free when it starts again. Another process may still be faster: callers retry. Raises
    RuntimeError when no ports are to be had.
    """
    candidates = random.sample(range(_LOWEST, _first_ephemeral_port()), _TRIES)
    free = list(islice(filter(is_free, candidates), count))
    if len(free) < count:
        raise RuntimeError(f"no {count} free ports on {LOOPBACK}")
    return free


def is_free(port: int) -> bool:
    """Whether `port` can be listened on now, as a server would that is started again (old connections do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on `port`; blocks up to a second."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def _first_ephemeral_port() -> int:
    setting = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(setting.read_text().split()[0]) if setting.exists() else 32_768
    return first if first > _LOWEST + _TRIES else 32_768
