"""Faults of what is durable: commits that are refused, metadata that is not ours, topics that are gone."""

from __future__ import annotations

import pytest

from tests.chaos import committed_state
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase


@pytest.mark.chaos
def test_killed_while_a_hub_is_away(make_case: MakeCase) -> None:
    """Leads that were delivered out of order are not sent again."""
    with make_case("kill -9 while one of two hubs is away", hubs=committed_state.TWO_HUBS) as case:
        committed_state.kill_while_a_hub_is_away(case)
        case.check()


@pytest.mark.chaos
def test_metadata_at_another_offset(make_case: MakeCase) -> None:
    """It is not believed."""
    with make_case("commit metadata moved to another offset", hubs=committed_state.TWO_HUBS) as case:
        committed_state.metadata_at_another_offset(case)
        case.check()


@pytest.mark.chaos
def test_metadata_of_a_topic_before(make_case: MakeCase) -> None:
    """It is not believed."""
    with make_case("commit metadata of a topic that had the same name", hubs=committed_state.TWO_HUBS) as case:
        committed_state.metadata_of_a_topic_before(case)
        case.check()


def test_commits_refused(make_case: MakeCase) -> None:
    """They are made again until they are taken."""
    with make_case("commits refused by the broker") as case:
        committed_state.commits_refused(case)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_lost_and_back(make_case: MakeCase, protocol: str) -> None:
    """The process remembers what it delivered and could not commit."""
    with make_case("partitions lost with uncommitted progress, and back", protocol) as case:
        committed_state.lost_and_back(case)
        case.check()


@pytest.mark.chaos
def test_lost_and_back_before_the_first_commit(make_case: MakeCase) -> None:
    """The same, when the group has committed nothing at all yet."""
    with make_case("partitions lost before the first commit, and back") as case:
        committed_state.lost_and_back(case, committed=0)
        case.check()


@pytest.mark.chaos
def test_dead_letters_away(make_case: MakeCase) -> None:
    """A record waits until it can be set aside, across a kill."""
    with make_case("poison record, no dead-letter topic, kill -9", dead_topic=False) as case:
        committed_state.dead_letters_away(case)
        case.check()
