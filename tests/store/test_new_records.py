"""Chunks of many users packed at once, against each of them put together by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories.block_changes import RecordChanges
from interestclock.store import records
from interestclock.store.new_records import NO_LEAD, NewRecords

TYPES = {"known_ms": np.dtype("int64"), "item": np.dtype("int32"), "kind": np.dtype("uint8")}
Columns = Mapping[str, npt.NDArray[Any]]


@pytest.fixture(autouse=True, scope="module")
def _chunks_of_four() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "CHUNK", 4)
        yield


def numbered(first: int, count: int) -> dict[str, npt.NDArray[Any]]:
    """Records that differ in every column."""
    return {name: (np.arange(first, first + count) * 3 % 251).astype(kind) for name, kind in TYPES.items()}


def packed(columns: Columns, place: slice) -> bytes:
    return b"".join(columns[name][place].astype(TYPES[name]).tobytes() for name in TYPES)


def expected(whole: Columns, start: int, count: int, lead_records: int) -> list[bytes]:
    """Chunk by chunk: of the first what the store had, zeros for what it lacked, then what is new."""
    found = []
    for chunk in range(start // 4, -(-count // 4)) if start < count else []:
        known = {name: whole[name].copy() for name in TYPES}
        for name in TYPES:
            known[name][chunk * 4 + lead_records : start] = 0
        found.append(packed(known, slice(chunk * 4, min(chunk * 4 + 4, count))))
    return found


def changes_of(start: int, count: int, dropped: int, values: Columns) -> RecordChanges:
    """Of one user."""
    return RecordChanges(
        from_R=np.array([start]),
        count_R=np.array([count]),
        dropped_R=np.array([dropped]),
        values=dict(values),
    )


users = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 9), st.integers(0, 4)), max_size=6)


@settings(deadline=None)  # loops are compiled
@given(users, st.data())
def test_chunks_are_what_each_user_has_alone(shapes: Sequence[tuple[int, int, int]], data: Any) -> None:
    start_R = np.array([start for start, _, _ in shapes], np.int64)
    count_R = np.array([start + new for start, new, _ in shapes], np.int64)
    own = [numbered(100 * row, int(count)) for row, count in enumerate(count_R)]
    values = {
        name: np.concatenate(
            [np.zeros(0, kind), *(own[row][name][start:] for row, start in enumerate(start_R))]
        )
        for name, kind in TYPES.items()
    }
    new = NewRecords(
        RecordChanges(from_R=start_R, count_R=count_R, dropped_R=0 * start_R, values=values), TYPES
    )
    leads, wanted = [], []
    for row, (start, _, had) in enumerate(shapes):
        lead = int(new.lead_R[row])
        assert lead == (start // 4 if start % 4 and start < count_R[row] else NO_LEAD)
        has = min(had, start % 4) if lead != NO_LEAD else 0
        leads.append(packed(own[row], slice(lead * 4, lead * 4 + has)) if has else b"")
        wanted.append(expected(own[row], start, int(count_R[row]), has if lead != NO_LEAD else 4))
    cut = data.draw(st.integers(0, len(shapes)))
    for rows in (range(cut), range(cut, len(shapes))):
        found = [bytes(each) for each in new.values(rows, leads[rows.start : rows.stop])]
        assert found == [value for row in rows for value in wanted[row]]
        assert new.row_C[new.chunks_of(rows)].tolist() == [row for row in rows for _ in wanted[row]]


def test_what_a_chunk_has_beyond_what_is_new_is_written_over() -> None:
    """A label that comes late puts a record among those that are there."""
    own = numbered(0, 4)
    values = {name: each[2:] for name, each in own.items()}
    new = NewRecords(changes_of(2, 4, 0, values), TYPES)
    there = packed(numbered(0, 3), slice(0, 3))
    assert [bytes(each) for each in new.values(range(1), [there])] == [packed(own, slice(0, 4))]


def test_chunks_go_of_which_nothing_is_left() -> None:
    nothing = {name: np.zeros(0, kind) for name, kind in TYPES.items()}
    new = NewRecords(changes_of(9, 9, 8, nothing), TYPES)
    assert new.gone(0, count=9, dropped=1) == [0, 1]
    assert new.gone(0, count=9, dropped=8) == []


def test_without_columns_there_are_no_chunks() -> None:
    none_R = np.zeros(3, np.int64)
    new = NewRecords(RecordChanges(from_R=none_R, count_R=none_R, dropped_R=none_R, values={}), {})
    assert new.values(range(3), [b"", b"", b""]) == []
