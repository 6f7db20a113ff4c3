"""What a log says twice."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.duplicates import DuplicateFilter


def table(rows, **columns):
    users, items, times = zip(*rows, strict=True)
    return pa.table(
        {
            "user_id": users,
            "item_id": items,
            "timestamp_ms": pa.array(times, pa.int64()),
            "log_row": range(1, len(rows) + 1),
            **columns,
        }
    )


def kept(events, **settings):
    return DuplicateFilter(**settings).keep_first(events)["log_row"].to_pylist()


def test_same_user_item_and_time():
    events = table([(1, 2, 5), (1, 3, 5), (1, 2, 5), (1, 2, 6)])
    assert kept(events, lateness_ms=0, event_id=None) == [1, 2, 4]


def test_another_request_is_another_event():
    events = table([(1, 2, 5), (1, 2, 5), (1, 2, 5)], request_id=["a", "b", "b"])
    assert kept(events, lateness_ms=0, event_id=None) == [1, 2]


def test_event_ids_within_the_lateness():
    events = table([(1, 2, 0), (9, 9, 10), (1, 2, 11), (1, 2, 25)], event_id=["e", "e", "e", None])
    assert kept(events, lateness_ms=10, event_id="event_id") == [1, 3, 4]


def test_rows_without_an_event_id_are_kept():
    events = table([(1, 2, 0), (1, 2, 0)], event_id=pa.array([None, None], pa.string()))
    assert kept(events, lateness_ms=0, event_id="event_id") == [1, 2]


def test_event_ids_are_remembered_across_calls_and_then_forgotten():
    duplicates = DuplicateFilter(lateness_ms=10, event_id="event_id")
    assert duplicates.keep_first(table([(1, 2, 0)], event_id=["e"])).num_rows == 1
    assert duplicates.keep_first(table([(1, 2, 10)], event_id=["e"])).num_rows == 0
    assert duplicates.keep_first(table([(1, 2, 100)], event_id=["f"])).num_rows == 1
    assert duplicates.keep_first(table([(1, 2, 101)], event_id=["e"])).num_rows == 1


def test_empty():
    empty = table([(1, 2, 3)]).slice(0, 0)
    assert DuplicateFilter(lateness_ms=0, event_id=None).keep_first(empty).num_rows == 0


@given(st.lists(st.tuples(*[st.integers(min_value=0, max_value=2)] * 3), min_size=1, max_size=30))
def test_against_a_loop(rows):
    rows = sorted(rows, key=lambda row: row[2])
    expected = [at for at, row in enumerate(rows, start=1) if row not in rows[: at - 1]]
    assert kept(table(rows), lateness_ms=0, event_id=None) == expected
