"""Local time by an event's own offset; midnight."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from interestclock.timeofday import day_of_week, seconds_of_day


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("moment", "offset", "second", "weekday"),
    [
        ("2024-01-15 12:00:00", 330, 63_000, 0),  # India, 17:30
        ("2024-01-15 02:00:00", -210, 81_000, 6),  # Newfoundland, Sunday 22:30
        ("2024-01-15 00:00:00", 0, 0, 0),
        ("2024-01-14 23:59:59.999", 0, 86_399, 6),
        ("1969-12-31 23:59:59.999", 0, 86_399, 2),
        ("1900-01-01 00:00:00", 0, 0, 0),
        ("2024-01-15 12:00:00", 840, 7_200, 1),
    ],
)
def test_wall_clock_by_hand(moment, offset, second, weekday):
    assert seconds_of_day(np.array([ms(moment)]), np.array([offset])).tolist() == [second]
    assert day_of_week(np.array([ms(moment)]), np.array([offset])).tolist() == [weekday]


def test_types_and_empty_input():
    none = np.array([], np.int64)
    assert seconds_of_day(none, none).dtype == np.int32
    assert day_of_week(none, none).dtype == np.int8
