from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from connector.config.quantities import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("100ms", 0.1),
        ("2m", 120),
        ("1h30m", 5400),
        ("3d", 259_200),
        ("1.5s", 1.5),
        ("0s", 0),
        (0, 0),
        ("0", 0),
    ],
)
def test_durations_are_read_as_people_write_them(text: object, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        "10",
        10,
        0.5,
        True,
        False,
        "",
        "s",
        "10 s",
        "-1s",
        "1s1s",
        "1s1h",
        "10x",
        "\u0661s",
        "99999999999d",
        "9" * 50 + "s",
        None,
        [],
        {},
        float("nan"),
    ],
)
def test_anything_else_is_refused_and_no_unit_is_guessed(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_duration(value)
    assert caught.value.context is not None
    assert caught.value.context["hint"]


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3000)))
def test_a_duration_that_is_written_is_read_back(value: timedelta) -> None:
    rounded = timedelta(milliseconds=round(value / timedelta(milliseconds=1)))
    assert parse_duration(format_duration(value)) == rounded


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("256KiB", 262_144),
        ("16MiB", 16_777_216),
        ("1MB", 1_000_000),
        ("1 kB", 1000),
        ("0.5KiB", 512),
        (262_144, 262_144),
        ("1024", 1024),
    ],
)
def test_sizes_are_read_as_people_write_them(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize("value", ["", "KiB", "1 TB", "-1", -1, True, None, "0.3B", 1.5, "1kib"])
def test_other_sizes_are_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        parse_size(value)
