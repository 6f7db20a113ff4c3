"""Times as people and programs write them in text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.time_text import compact_ms, is_text, read_format, read_text

MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
moments = st.datetimes(min_value=datetime(1901, 1, 2), max_value=datetime(2199, 12, 30))
offsets = st.integers(min_value=-14 * 60, max_value=14 * 60)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2023-11-14 22:13:20 UTC", None),
        ("2023-11-14 22:13:20 gmt", None),
        ("2023-11-14 22:13:20 +0000", 0),
        ("2023-11-14 22:13:20,000Z", None),
        ("2023-11-14t22:13:20z", None),
        ("2023-11-15T03:43:20+05:30", 330),
        ("2023-11-14 14:13:20 -08", -480),
        ("Tue, 14 Nov 2023 22:13:20 +0000", 0),
        ("Tue, 14 Nov 2023 22:13:20 GMT", None),
        ("14 nov 2023 17:13:20 EST", -300),
        ("Tue, 14 Nov 2023 14:13:20 -0800 (PST)", -480),
        ("20231114T221320Z", None),
        ("20231115T034320+0530", 330),
    ],
)
def test_one_moment_in_many_writings(text, offset):
    times = read_text(pa.array([text, None, "soon"]))
    assert times.ms.to_pylist() == [MS, None, None]
    assert times.utc.to_pylist() == [True, None, None]
    assert (None if times.offset_minutes is None else times.offset_minutes[0].as_py()) == offset


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29 10:00",
        "20230229T100000Z",
        "Wed, 29 Feb 2023 10:00:00 +0000",
        "Tue, 14 Nvm 2023 22:13:20 +0000",
        "2023-11-14 24:00",
        "2023-11-14 23:59:60",
        "2023-11-14 10:00+19:00",
        "2023-11-14 10:00+05:75",
        "14.11.2023 22:13:20",
    ],
)
def test_what_is_no_time(text):
    assert read_text(pa.array(["2023-11-14", text])).ms.is_valid().to_pylist() == [True, False]


@given(moments, offsets)
def test_mail_agrees_with_the_standard_library(wall, offset):
    moment = wall.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    times = read_text(pa.array([format_datetime(moment)]))
    assert times.ms.to_pylist() == [round(moment.timestamp()) * 1_000]
    assert times.offset_minutes.to_pylist() == [offset]


@given(moments)
def test_the_short_form_is_the_long_one(wall):
    long, short = wall.isoformat(timespec="milliseconds"), f"{wall:%Y%m%dT%H%M%S},{wall.microsecond:06d}"
    assert read_text(pa.array([short])).ms.equals(read_text(pa.array([long])).ms)
    digits = f"{wall:%Y%m%d%H%M%S}"
    assert compact_ms(pa.array([digits])).equals(read_text(pa.array([f"{wall:%Y-%m-%d %H:%M:%S}"])).ms)


@given(moments, offsets)
def test_a_format_is_strptimes(wall, offset):
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    time_format = "%d/%m/%Y %H:%M:%S.%f %z"
    times = read_format(pa.array([moment.strftime(time_format), "x", None]), time_format)
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert times.ms.to_pylist() == [expected, None, None]
    assert times.offset_minutes.to_pylist() == [offset, None, None]
    assert times.utc.to_pylist() == [True, None, None]


def test_a_percent_sign_is_no_directive():
    assert read_format(pa.array(["1970 %f"]), "%Y %%f").ms.to_pylist() == [0]


def test_every_layout_of_text():
    assert all(is_text(kind) for kind in (pa.string(), pa.large_string(), pa.string_view()))
    assert not is_text(pa.binary())
    assert read_text(pa.array([], pa.string())).ms.to_pylist() == []
