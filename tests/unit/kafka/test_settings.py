"""What follows from the Kafka room's settings."""

from __future__ import annotations

import pytest

from connector.kafka.settings import KafkaSettings


@pytest.mark.parametrize(("session", "connecting", "lease"), [(10.0, 0.5, 8.0), (10.0, 3.0, 7.0), (10.0, 9.0, 3.0)])
def test_a_request_may_begin_only_while_it_can_still_connect_within_the_session(
    session: float, connecting: float, lease: float
) -> None:
    """And in four fifths of it at most. Where connecting takes nearly as long as a session, some of it remains."""
    settings = KafkaSettings("x:1", "group", ("leads",), session_timeout=session, connect_timeout=connecting)
    assert settings.lease == pytest.approx(lease)
