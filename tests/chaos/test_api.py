"""Faults of the API."""

from __future__ import annotations

import pytest

from tests.chaos import scenarios
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase


def test_the_api_dies_after_reading_the_body(make_case: MakeCase) -> None:
    """Requests are read and not answered, stored or not; then the process is killed and comes back."""
    with make_case("the API dies after reading the body") as case:
        scenarios.api_dies(case)
        case.check(duplicates=True)


def test_the_api_is_down_with_a_long_backlog(make_case: MakeCase) -> None:
    """Memory holds a buffer full and no more."""
    with make_case("API down, long backlog") as case:
        scenarios.api_down(case)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_post_outlives_its_revocation(make_case: MakeCase, protocol: str) -> None:
    """The next owner sends its leads again, and nothing else."""
    with make_case("a POST that outlives its revocation", protocol) as case:
        scenarios.post_outlives_revocation(case)
        case.check(duplicates=True)
