"""Records that no well-behaved client writes, put on a topic with the bytes of the protocol."""

from __future__ import annotations

import io
import socket
import struct
import time
from collections.abc import Sequence

_CRC32C = [0] * 256
for _byte in range(256):
    _crc = _byte
    for _ in range(8):
        _crc = (_crc >> 1) ^ 0x82F63B78 if _crc & 1 else _crc >> 1
    _CRC32C[_byte] = _crc


def produce_raw(bootstrap: str, topic: str, value: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """One record to partition 0, its headers' names any bytes: a Produce request, version 3, with one batch."""
    now = time.time_ns() // 1_000_000
    pairs = b"".join(_text(name) + _text(content) for name, content in headers)
    record = b"\0\0\0" + _varint(-1) + _text(value) + _varint(len(headers)) + pairs
    record = _varint(len(record)) + record
    checked = struct.pack(">hiqqqhii", 0, 0, now, now, -1, -1, -1, 1) + record
    batch = struct.pack(">ibI", -1, 2, _crc32c(checked)) + checked
    batch = struct.pack(">qi", 0, len(batch)) + batch
    name = struct.pack(">h", len(topic)) + topic.encode()
    request = struct.pack(">hhihhhii", 0, 3, 1, -1, -1, -1, 10_000, 1)  # no client id, no transaction, acks from all
    request += name + struct.pack(">iii", 1, 0, len(batch)) + batch
    host, port = bootstrap.split(",")[0].split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = io.BufferedReader(connection.makefile("rb", buffering=0))
        (length,) = struct.unpack(">i", answer.read(4))
        body = answer.read(length)
    (error,) = struct.unpack_from(">h", body, 4 + 4 + len(name) + 4 + 4)
    assert error == 0, f"the broker refuses it with error {error}"


def _varint(number: int) -> bytes:
    number = number << 1 if number >= 0 else -number * 2 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _text(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
