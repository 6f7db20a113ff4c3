"""Where the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.evaluation.split import split_by_time


def test_by_hand():
    split = split_by_time(np.arange(0, 160, 10))
    assert (split.validation_start, split.test_start, split.events) == (12, 14, 16)
    assert (split.validation_start_ms, split.test_start_ms) == (120, 140)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80).map(sorted))
def test_parts_are_in_order_and_no_moment_straddles_a_cut(times):
    timestamp_ms_N = np.array(times)
    try:
        split = split_by_time(timestamp_ms_N)
    except LogError:
        assume(False)
    assert 0 < split.validation_start < split.test_start < split.events == len(times)
    for cut, eighths in ((split.validation_start, 6), (split.test_start, 7)):
        assert times[cut - 1] < times[cut]
        asked = len(times) * eighths // 8
        assert cut >= asked
        assert all(times[row - 1] == times[row] for row in range(max(asked, 1), cut))
    assert split.validation_start_ms == times[split.validation_start]
    assert split.test_start_ms == times[split.test_start]


@pytest.mark.parametrize("times", [[], [1], [1, 2], [5] * 40, [*range(10), *[99] * 30]])
def test_a_part_without_rows_is_refused(times):
    message = rf"{len(times)} events at {len(set(times))} moments cannot be cut .*give a longer log"
    with pytest.raises(LogError, match=message):
        split_by_time(np.array(times, np.int64))


def test_time_must_ascend():
    with pytest.raises(ValueError, match="row 2 is earlier than the row before it; sort by timestamp_ms"):
        split_by_time(np.array([1, 5, 4, 6]))
