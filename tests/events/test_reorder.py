"""Time order within a stated lateness."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError, LatenessError
from interestclock.events.reorder import Reorderer


def stream(times, *, lateness_ms, block=3):
    """Push the times block by block; the (time, row) pairs of each release."""
    reorder = Reorderer(lateness_ms=lateness_ms, name_row="row {}".format)
    releases = []
    for start in range(0, len(times), block):
        part = np.asarray(times[start : start + block], np.int64)
        rows = np.arange(start + 1, start + 1 + len(part))
        releases.append(reorder.push(pa.table({"timestamp_ms": part, "log_row": rows})))
    releases.append(reorder.flush())
    return [
        list(zip(table["timestamp_ms"].to_pylist(), table["log_row"].to_pylist(), strict=True))
        for table in releases
        if table is not None
    ]


def test_by_hand():
    assert stream([10, 30, 20, 25, 40], lateness_ms=15) == [[(10, 1)], [(20, 3)], [(25, 4), (30, 2), (40, 5)]]


def test_ties_keep_the_order_of_the_log_and_come_together():
    assert stream([5, 5, 5, 5, 6, 6], lateness_ms=0) == [
        [],
        [(5, 1), (5, 2), (5, 3), (5, 4)],
        [(6, 5), (6, 6)],
    ]


def test_exactly_the_stated_lateness_is_allowed():
    assert stream([20, 10], lateness_ms=10) == [[], [(10, 2), (20, 1)]]


@pytest.mark.parametrize("block", [1, 2, 5])
def test_too_late(block):
    with pytest.raises(LatenessError) as refusal:
        stream([0, 3_600_000, 7_200_000, 3_599_000], lateness_ms=3_600_000, block=block)
    assert str(refusal.value) == (
        "row 4 is of 1970-01-01 00:59:59 UTC, 1:00:01 before row 3 of 1970-01-01 02:00:00 UTC; the stated "
        "lateness is 1:00:00. Allow more (here at least --lateness-minutes 61), or sort the log by time "
        "first: duckdb -c \"COPY (FROM 'LOG' ORDER BY TIME_COLUMN) TO 'sorted.parquet'\""
    )


def test_late_within_the_first_rows_before_1970():
    with pytest.raises(LatenessError, match="row 2 is of 1969-12-31"):
        stream([-5_000, -10_000], lateness_ms=0)


def test_another_remedy_where_there_is_one():
    reorder = Reorderer(
        lateness_ms=0, name_row=str, remedy=lambda gap_ms: f"{gap_ms} ms" if gap_ms < 5 else None
    )
    with pytest.raises(LatenessError, match=r"the stated lateness is 0:00:00\. 4 ms$"):
        reorder.push(pa.table({"timestamp_ms": [9, 5], "log_row": [1, 2]}))
    with pytest.raises(LatenessError, match="Allow more"):
        reorder.push(pa.table({"timestamp_ms": [99, 5], "log_row": [1, 2]}))


def test_negative_lateness():
    with pytest.raises(ConfigError, match="lateness is -1 ms; give 0 or more"):
        Reorderer(lateness_ms=-1, name_row=str)


def test_nothing_in_nothing_out():
    assert Reorderer(lateness_ms=0, name_row=str).flush() is None
    empty = pa.table({"timestamp_ms": pa.array([], pa.int64()), "log_row": pa.array([], pa.int64())})
    assert Reorderer(lateness_ms=0, name_row=str).push(empty).num_rows == 0


@given(
    st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=40),
    st.integers(min_value=0, max_value=30),
    st.integers(min_value=1, max_value=7),
)
def test_against_a_loop(times, lateness_ms, block):
    late = any(time < max(times[: at + 1]) - lateness_ms for at, time in enumerate(times))
    if late:
        with pytest.raises(LatenessError):
            stream(times, lateness_ms=lateness_ms, block=block)
        return
    released = [pair for release in stream(times, lateness_ms=lateness_ms, block=block) for pair in release]
    assert released == sorted((time, row) for row, time in enumerate(times, start=1))


def test_the_buffer_holds_no_more_than_the_lateness():
    reorder = Reorderer(lateness_ms=10, name_row=str)
    held = 0
    for start in range(0, 1_000, 50):
        part = np.arange(start, start + 50)
        held += 50 - reorder.push(pa.table({"timestamp_ms": part, "log_row": part + 1})).num_rows
        assert held <= 11
