"""Names of zones: IANA's, and what is meant by those that are none."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from interestclock.errors import ConfigError

__all__ = ["check_zone", "is_zone"]

_NO_PLACES = ("localtime", "posixrules", "Factory")  # files of the system's, beside those of zones
_ABBREVIATED = {  # which zone is mostly meant
    "PST PDT": "America/Los_Angeles",
    "MDT": "America/Denver",
    "CST CDT": "America/Chicago",
    "EDT": "America/New_York",
    "AST ADT": "America/Halifax",
    "AKST AKDT": "America/Anchorage",
    "BRT": "America/Sao_Paulo",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "EEST": "Europe/Athens",
    "WEST": "Europe/Lisbon",
    "MSK": "Europe/Moscow",
    "SAST": "Africa/Johannesburg",
    "IST": "Asia/Kolkata",
    "SGT": "Asia/Singapore",
    "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "AWST": "Australia/Perth",
    "ACST ACDT": "Australia/Adelaide",
    "AEST AEDT": "Australia/Sydney",
    "NZST NZDT": "Pacific/Auckland",
}
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)


@lru_cache(maxsize=1_024)
def check_zone(zone: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ConfigError: no such zone; the message names those that are meant, or spelled most like it.

    Example:
        >>> check_zone("Europe/Berlin").key
        'Europe/Berlin'
    """
    if zone in _NO_PLACES or zone.startswith(("posix/", "right/")):
        raise ConfigError(f"'{zone}' is no time zone of a place; use an IANA name, as Europe/Berlin")
    try:
        return ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:  # not found; a folder; not a file name
        raise _unknown_zone(zone) from error


def is_zone(zone: str) -> bool:
    """Whether a name is that of a zone, as ``check_zone`` has it.

    Example:
        >>> is_zone("Europe/Berlin"), is_zone("PDT")
        (True, False)
    """
    try:
        check_zone(zone)
    except ConfigError:
        return False
    return True


def _unknown_zone(zone: str) -> ConfigError:
    return ConfigError(f"unknown time zone '{zone}'; {_zone_remedy(zone)}")


def _zone_remedy(zone: str) -> str:
    offset = _OFFSET.fullmatch(zone.strip())
    if offset is not None:
        return _offset_remedy(*offset.groups(default="00"))
    for names, meant in _ABBREVIATED.items():
        if zone.strip().upper() in names.split():
            return f"it stands for several zones, or for a part of the year; did you mean {meant}?"
    close = get_close_matches(zone, available_timezones() - set(_NO_PLACES), n=3, cutoff=0.5)
    return f"did you mean {', '.join(sorted(close))}?" if close else "use an IANA name, as Europe/Berlin"


def _offset_remedy(sign: str, hours: str, minutes: str) -> str:
    """Names of fixed offsets have the sign the other way round, and whole hours only."""
    column = "or name a column of UTC offsets in minutes"
    place = "a place's zone knows daylight saving, as Europe/Berlin"
    name = f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
    if minutes != "00" or name not in available_timezones():
        return f"an offset is no zone: {place}; {column}"
    return f"'{name}' is {sign}{int(hours):02d}:00 all year (its sign is reversed); {place}; {column}"
