"""`dlq` and `review` without a broker: what is refused, and how letters look."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from connector.cli.letters_output import Listing
from connector.cli.output import Output
from connector.kafka.found_letters import find_letter
from connector.kafka.letters import PREFIX, Letter
from tests.unit.cli.support import cli, configuration
from tests.unit.repair.support import DEAD, NOW_MS, Topics, letter


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dlq", "list", "--state", "lost"], "'lost' is none of open, replayed"),
        (["dlq", "list", "nowhere"], "'nowhere' is no position such as leads.dead/0/17"),
        (["dlq", "show", "leads/0/-1"], "'leads/0/-1' is no position such as leads.dead/0/17"),
        (["dlq", "list", "--from", "yesterday"], "'yesterday' is not a time"),
        (["dlq", "discard", "--yes", "--because", "x"], "say which letters: positions, filters, or --all"),
        (["dlq", "discard", "--yes", "0/1", "--because", " "], "say why"),
        (["review", "list"], "no review.topic"),
        (["trace", " "], "no lead has an empty id"),
        (["review", "confirm", "--all"], "no review.topic"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: list[str], told: str) -> None:
    """With exit code 2, before anything is connected to."""
    ran = cli(*arguments, "-c", configuration(tmp_path))
    assert ran.code == 2 and told in " ".join(ran.err.replace("│", " ").split()), ran.err


def test_brokers_that_are_away_are_a_failure(tmp_path: Path) -> None:
    """Exit code 1, with what to look at; no trace."""
    config = configuration(tmp_path)
    for arguments in (
        ["list"],
        ["show", "0/1"],
        ["replay", "--dry-run"],
        ["discard", "--all", "--because", "x", "--yes"],
    ):
        ran = cli("dlq", arguments[0], "-c", config, *arguments[1:])
        assert ran.code == 1 and "127.0.0.1:1" in ran.err and "Traceback" not in ran.err, ran.err


def test_a_listing_keeps_the_newest_and_counts_all() -> None:
    """Reasons that others made up count as one, and what they wrote cannot move the cursor."""
    topics = Topics()
    listing = Listing(2)
    for number, time_ms in enumerate((NOW_MS + 3, NOW_MS + 1, NOW_MS + 2)):
        listing.add(find_letter(topics.add(letter(number, time_ms=time_ms))), None, wanted=True)
    foreign = Letter(DEAD, None, b"", [(f"{PREFIX}reason", b"\x1b[2J\nevil")], NOW_MS + 4)
    listing.add(find_letter(topics.add(foreign)), None, wanted=True)
    out = io.BytesIO()
    listing.write(Output.TEXT, out.write)
    lines = out.getvalue().decode().splitlines()
    assert [line.split()[0] for line in lines if line.startswith(DEAD)] == [f"{DEAD}/0/0", f"{DEAD}/0/3"]
    assert "\x1b" not in out.getvalue().decode()
    assert lines[-3:] == [
        "… and 2 older ones (--limit)",
        "4 letters: missing_field 3, unknown 1",
        "4 letters on the topic: open 4",
    ]
    out = io.BytesIO()
    listing.write(Output.JSON, out.write)
    first, *_, summary = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["position"], first["read_at"], first["lead"]) == (f"{DEAD}/0/0", "leads/0/0", None)
    assert summary["selected"] == 4 and summary["shown"] == 2 and summary["states"] == {"open": 4}
