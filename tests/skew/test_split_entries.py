"""Entries are cut where a log ended, and come to the same."""

from __future__ import annotations

import pyarrow as pa
import pytest

from interestclock.admission import AdmittedEntry
from interestclock.skew.split_entries import split_entry, were_in
from interestclock.streams import BadMessage


def labels(arrivals: list[int], partitions: list[str]) -> pa.Table:
    return pa.table(
        {
            "event_id": [f"e{each}" for each in arrivals],
            "arrival": arrivals,
            "partition": partitions,
            "verdict": pa.array([0] * len(arrivals), pa.int8()),
        }
    )


def entry(table: pa.Table, ranges: dict, dead: tuple = ()) -> AdmittedEntry:
    return AdmittedEntry(
        first_arrival=40, source="log", ranges=ranges, polled_ms=9, tables={"labels": table}, dead=dead
    )


def test_messages_that_cannot_be_read_count() -> None:
    bad = BadMessage(partition="0", offset="8", reason="no JSON", payload="{")
    three = entry(labels([0, 2], ["0", "0"]), {"0": ("7", "9")}, (bad,))
    assert [were_in(three, {"0": str(end)}) for end in range(6, 11)] == [0, 1, 2, 3, 3]
    first, second = split_entry(three, [1])
    assert (first.messages, second.messages, second.first_arrival) == (1, 2, 41)
    assert (first.dead, second.dead) == ((), (bad,))
    assert second.tables["labels"]["arrival"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("ends", "count"),
    [({"a": "2", "b": "5"}, 3), ({"a": "2", "b": "4"}, 1), ({"a": "1", "b": "5"}, 2), ({"a": "2"}, 1)],
)
def test_several_partitions_go_as_far_as_the_first_that_was_not_there(ends: dict, count: int) -> None:
    mixed = entry(labels([0, 1, 2], ["a", "b", "a"]), {"a": ("1", "2"), "b": ("5", "5")})
    assert were_in(mixed, ends) == count


def test_offsets_with_gaps_count_together() -> None:
    redis = entry(labels([0, 1], ["s", "s"]), {"s": ("1700-0", "1800-3")})
    assert [were_in(redis, {"s": end}) for end in ("1700-0", "1800-2", "1800-3", "1900-0")] == [0, 0, 2, 2]


def test_a_tick_has_no_messages() -> None:
    tick = AdmittedEntry(first_arrival=3, source="log", polled_ms=9, awaited=())
    assert were_in(tick, {}) == 0
    assert split_entry(tick, []) == [tick]
