"""Columns of objects of several kinds: the first value decides nothing for the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest

from interestclock.events import ColumnMapping, open_log
from interestclock.events.pandas_columns import pandas_table


def column(values: list[Any]) -> list[Any]:
    frame = pd.DataFrame({"values": pd.Series(values, dtype=object)})
    given: list[Any] = pandas_table(frame, ["values"], called="pandas DataFrame")["values"].to_pylist()
    return given


def local_hours(times: list[Any], **keys: Any) -> list[float]:
    rows = pd.DataFrame({"user_id": 1, "item_id": range(len(times)), "timestamp_ms": times})
    mapping = ColumnMapping(positive_only="play", **keys)
    chunks = list(open_log(rows, mapping=mapping).chunks())
    return [second / 3_600 for chunk in chunks for second in chunk["second_of_day"].to_pylist()]


NAIVE = pd.Timestamp("2024-01-10 08:00")
AWARE = pd.Timestamp("2024-01-10 14:00", tz="UTC")


@pytest.mark.parametrize(("times", "hours"), [([NAIVE, AWARE], [8, 9]), ([AWARE, AWARE], [9, 9])])
def test_a_time_that_names_its_offset_and_one_that_does_not_are_each_read_as_they_are(times, hours):
    """In New York, where times without an offset are of the clock on the wall."""
    assert local_hours(times, zone="America/New_York", time_is_local=True) == hours


def test_whichever_comes_first():
    times = [pd.Timestamp("2024-01-10 12:00", tz="UTC"), NAIVE]
    assert local_hours(times, zone="America/New_York", time_is_local=True) == [7, 8]


def test_a_date_cuts_no_time_of_day():
    times = [date(2024, 1, 1), datetime(2024, 1, 2, 9, 30)]
    assert local_hours(times, zone="UTC") == [0, 9.5]


def test_each_has_its_own_offset():
    east = timezone(timedelta(hours=9))
    times = [datetime(2024, 1, 1, 8, tzinfo=timezone.utc), datetime(2024, 1, 2, 9, tzinfo=east)]  # noqa: UP017
    assert local_hours(times, zone="UTC") == [8, 9]
    assert local_hours(times, zone="America/New_York") == [3, 9]


def test_times_of_one_kind_stay_times():
    assert column([NAIVE.to_pydatetime(), None]) == [NAIVE.to_pydatetime(), None]


@pytest.mark.parametrize(
    ("values", "lists"),
    [
        ([{"pop"}, "rock"], ["['pop']", "rock"]),
        ([{"a", 1}, {"b"}], [["1", "a"], ["b"]]),
        ([frozenset({"c"}), ("a", "b")], [["c"], ["a", "b"]]),
        ([("a", "b"), "x"], ["['a', 'b']", "x"]),
        ([{2.0, 1.0}, None], [[1.0, 2.0], None]),
        ([(1, 2), [3]], [[1, 2], [3]]),
    ],
)
def test_sets_and_tuples_are_lists_whatever_stands_beside_them(values, lists):
    assert column(values) == lists
