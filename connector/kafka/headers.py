"""A record's headers, whatever its producer wrote."""

from __future__ import annotations

from typing import cast

from confluent_kafka import Message

from connector.delivery.record import Headers


def headers_of(message: Message) -> Headers | None:
    """The headers; None too when one has a name that is not UTF-8, which this client cannot give back.

    Such a record goes on without headers: a lead must not be stopped, or stop the others, for a tracer's bytes.
    """
    try:
        return cast("Headers | None", message.headers())
    except (SystemError, UnicodeDecodeError):  # the client's C code leaves the second inside the first
        return None
