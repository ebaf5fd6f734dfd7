"""Faults of the machine: the clock is set, a disk is full."""

from __future__ import annotations

import pytest

from tests.chaos import machine_faults, two_hubs
from tests.chaos.conftest import MakeCase
from tests.chaos.review import LOG_APPEND_TIME, nothing_twice
from tests.conftest import MakeTopic


@pytest.mark.chaos
def test_clock_jumps(make_case: MakeCase) -> None:
    """Nothing is lost, nothing stands still."""
    with make_case("clock set an hour forward and back, under load") as case:
        machine_faults.clock_jumps(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
@pytest.mark.parametrize("restart", [False, True])
def test_clock_set_back_while_leads_rest(make_case: MakeCase, make_topic: MakeTopic, restart: bool) -> None:
    """They do not rest for the hour."""
    name = "clock set back an hour while leads rest on the retry topic" + (", and a restart" if restart else "")
    retries = make_topic(2, name="retries", config=LOG_APPEND_TIME)
    with make_case(name, **two_hubs.MAKE) as case:
        case.parking.append(retries)
        machine_faults.clock_set_back_while_leads_rest(case, retries, restart=restart)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_ledger_disk_full(make_case: MakeCase) -> None:
    """What the API could not store is sent again, and what it stored is not."""
    with make_case("the API's disk is full") as case:
        machine_faults.ledger_disk_full(case)
        case.check()
        nothing_twice(case)


@pytest.mark.chaos
def test_log_disk_full(make_case: MakeCase) -> None:
    """The connector goes on without its log."""
    with make_case("the connector's log cannot be written") as case:
        machine_faults.log_disk_full(case)
        case.check()
        nothing_twice(case)
