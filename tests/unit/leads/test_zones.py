"""Time zone names."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

import phonenumbers
import pytest
import whenever
from phonenumbers import timezone as phone_timezone

from connector.leads.windows_zones import WINDOWS_ZONES
from connector.leads.zones import ZONE_NAMES, load_zones, phone_zone, resolve_zone


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("America/Montevideo", "America/Montevideo"),
        ("US/Pacific", "US/Pacific"),
        ("UTC", "UTC"),
        ("Etc/GMT+3", "Etc/GMT+3"),
        ("EST5EDT", "EST5EDT"),
        ("america/new_york", "America/New_York"),
        (" utc ", "UTC"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("montevideo standard time", "America/Montevideo"),
        ("Nepal Standard Time", "Asia/Katmandu"),
        ("W. Europe Summer Time", None),
        ("(UTC-03:00) Montevideo", None),
        ("UTC-11", None),
        ("Dateline Standard Time", None),
        ("+03:00", None),
        ("UTC+3", None),
        ("GMT-3", None),
        ("BRT3", None),
        ("EST5EDT,M3.2.0,M11.1.0", None),
        ("America/Montevido", None),
        ("Factory", None),
        ("../../etc/passwd", None),
        ("localtime", None),
        ("posix/UTC", None),
        ("", None),
        ("America", None),
    ],
)
def test_names_are_resolved_by_table_only(name: str, expected: str | None) -> None:
    """IANA names and aliases, wrong case and Windows names; no offsets, no POSIX rules, no paths."""
    assert resolve_zone(name) == expected


def test_every_mapped_name_is_in_the_database() -> None:
    """The tables name only zones that the tzdata package has."""
    assert set(WINDOWS_ZONES.values()) <= ZONE_NAMES
    assert len(load_zones()) == len(ZONE_NAMES)


def test_the_zones_come_from_the_tzdata_package() -> None:
    """The operating system's files are not searched, and the rules are the package's: Vancouver, from 2026f on."""
    assert whenever.get_tzpath() == ()
    assert version("tzdata") >= "2026.6"
    assert (files("tzdata") / "zoneinfo" / "America" / "Vancouver").is_file()
    summer = whenever.Instant("2026-12-01T17:00:00Z").to_tz("America/Vancouver")
    assert summer.to_plain().format_iso() == "2026-12-01T10:00:00"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+598 99 123 456", "America/Montevideo"),
        ("+1 (425) 671-5523", "America/Los_Angeles"),
        ("+34 612 345 678", None),
        ("+1 800 555 1234", None),
        ("099 123 456", None),
        ("+598", None),
        ("", None),
    ],
)
def test_a_phone_gives_a_zone_only_where_it_has_one(number: str, expected: str | None) -> None:
    """Spain's mobile numbers have two zones, toll-free ones many, local ones cannot be placed."""
    assert phone_zone(number) == expected


@pytest.mark.parametrize("kind", [phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE])
def test_a_parsed_number_has_the_zone_of_its_text(kind: int) -> None:
    """So that what was parsed need not be parsed again; the example numbers of all regions."""
    examples = [phonenumbers.example_number_for_type(region, kind) for region in phonenumbers.SUPPORTED_REGIONS]
    parsed = [number for number in examples if number is not None]
    texts = [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) for number in parsed]
    assert [phone_zone(number) for number in parsed] == [phone_zone(text) for text in texts]


def test_the_unknown_zone_of_phonenumbers_is_none() -> None:
    """Its marker Etc/Unknown is not an IANA name."""
    assert resolve_zone(phone_timezone.UNKNOWN_TIMEZONE) is None
