"""The examples of `--help` on a real Kafka, each as it stands but for the names of topics and files."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from connector.cli.examples import EXAMPLES
from tests.integration.bed import Connector, as_json, lead, produce
from tests.integration.conftest import Bed
from tests.unit.cli.support import Ran, cli
from tests.unit.cli.test_help import LOCAL

ELSEWHERE = ("run", "demo", "sandbox")
"""Each test of this folder runs the first and the last; the demo has tests of its own."""
COMMANDS = [
    example for name, told in EXAMPLES.items() for example in told if name not in ELSEWHERE and example not in LOCAL
]


class Place:
    """Topics with letters of all kinds, and a connector that runs."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        review = bed.new_topic("review", partitions=1)
        self._topics = {"leads": bed.topic, "leads.dead": bed.dead, "leads.review": review}
        (bed.folder / "lead.json").write_text(json.dumps(lead(0) | {"eventId": "$ID"}))
        only_google = {
            "name": "all",
            "when": "source.platform == 'google'",
            "hub": "sales",
            "contact": {"clientIds": "person.phones", "data": {"id": "eventId"}},
        }
        changes: dict[str, Any] = {
            "routes": [only_google],
            "receipts": {"topic": bed.new_topic("receipts")},
            "retries": {"topic": bed.new_topic("retries"), "pause": "1s"},
            "review": {"topic": review},
            "delivery": {"on_ambiguous": "park"},
        }
        self.connector: Connector = bed.connector(changes=changes)
        bed.sandbox.fault(kind="accept_then_drop")
        produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(40)), partitions=6)
        self.connector.start().wait_done()
        bed.sandbox.heal()

    def run(self, example: str) -> Ran:
        """With this place's names for those that examples have."""
        names = {**self._topics, "connector.yaml": self.connector.file, "lead.json": self._bed.folder / "lead.json"}
        words = [re.sub(r"^[\w.]+", lambda found: str(names.get(found[0], found[0])), w) for w in shlex.split(example)]
        return cli(*words)


@pytest.fixture
def place(bed: Bed) -> Place:
    """30 dead letters of one reason, ten letters for review."""
    return Place(bed)


def test_every_example_works(place: Place) -> None:
    """Each ends with 0 and says what it did."""
    said = {}
    for example in COMMANDS:
        ran = place.run(example)
        assert ran.code == 0, (example, ran.out, ran.err)
        said[example] = ran.out
    assert "30 letters" in said[EXAMPLES["dlq list"][0]]
    assert "1 letter discarded" in said[EXAMPLES["dlq discard"][0]]
    assert "1 letter confirmed" in said[EXAMPLES["review confirm"][0]]
    assert "1 was sent again" in said[EXAMPLES["review resend"][0]]
    assert place.connector.stop() == 0
