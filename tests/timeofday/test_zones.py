"""Names of zones."""

from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.timeofday import check_zone, is_zone


@pytest.mark.parametrize("zone", ["America/New_Yrok", "", "../etc/passwd", "America", "New York\0"])
def test_unknown_zone(zone):
    with pytest.raises(ConfigError, match="unknown time zone"):
        check_zone(zone)


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin"]
)
def test_files_of_the_system_are_no_zones(zone):
    with pytest.raises(ConfigError, match=f"'{zone}' is no time zone of a place; use an IANA name"):
        check_zone(zone)


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("UTC+2", r"'Etc/GMT-2' is \+02:00 all year \(its sign is reversed\)"),
        ("gmt-05:00", r"'Etc/GMT\+5' is -05:00 all year"),
        ("+05:30", "an offset is no zone: a place's zone knows daylight saving"),
        ("UTC+15", "an offset is no zone"),
        ("PST", r"did you mean America/Los_Angeles\?"),
        ("cest", r"did you mean Europe/Berlin\?"),
    ],
)
def test_what_people_write_for_zones_gets_the_right_suggestion(zone, remedy):
    with pytest.raises(ConfigError, match=f"unknown time zone .*{remedy}"):
        check_zone(zone)
    assert not is_zone(zone)
