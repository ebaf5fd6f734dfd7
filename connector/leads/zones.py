"""Time zone names, all from one database: the ``tzdata`` package.

Two pods must agree on a call-back time, so the operating system's own zone files are never read. ``whenever`` does all
conversions; its search path is emptied here, at import, after which it reads the ``tzdata`` package and nothing else.
That path is one per process and ``whenever`` has no narrower way; nothing else in this process uses ``whenever``. The
standard library's ``zoneinfo``, which looks at the machine's files first, is not used (a contract in pyproject.toml).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import phonenumbers
import whenever
from phonenumbers import timezone as phone_timezone

from connector.leads.windows_zones import WINDOWS_ZONES

whenever.reset_tzpath(())
whenever.clear_tzcache()

NO_PLACE = frozenset({"Factory"})
"""In the database, but a marker for "not set", not a zone."""
ZONE_NAMES: frozenset[str] = frozenset((files("tzdata") / "zones").read_text("utf-8").split()) - NO_PLACE
"""Every IANA name and alias of the package."""

_BY_FOLD: dict[str, str] = {
    **{name.casefold(): zone for name, zone in WINDOWS_ZONES.items()},
    **{name.casefold(): name for name in ZONE_NAMES},
}


@cache
def load_zones() -> tuple[whenever.ZonedDateTime, ...]:
    """Reads all zones into memory (55 ms, once): no file is opened while leads are mapped.

    The result keeps them there; ``whenever`` alone holds on to 32.
    """
    epoch = whenever.Instant.from_timestamp(0)
    return tuple(epoch.to_tz(name) for name in sorted(ZONE_NAMES))


def resolve_zone(name: str) -> str | None:
    """The IANA name for ``name``, or None.

    An IANA name or alias is itself; wrong case and Windows names are mapped by table; fixed offsets (``+03:00``,
    ``UTC+3``) are no zones, for they do not know summer time. ``Etc/GMT+3`` is an IANA name.
    """
    if name in ZONE_NAMES:
        return name
    return _BY_FOLD.get(name.strip().casefold())


def phone_zone(number: str | phonenumbers.PhoneNumber) -> str | None:
    """The zone of an international phone number, where its prefix lies in exactly one; else None. Text begins with
    ``+``."""
    if isinstance(number, str):
        try:
            number = phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:
            return None
    found = phone_timezone.time_zones_for_number(number)
    return resolve_zone(found[0]) if len(found) == 1 else None
