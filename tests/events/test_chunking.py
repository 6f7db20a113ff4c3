"""Chunks that do not split a request."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.chunking import rechunk


def cut(requests, rows, *, block):
    tables = [
        pa.table({"request_id": pa.array(requests[at : at + block], pa.int64())})
        for at in range(0, len(requests), block)
    ]
    return [chunk["request_id"].to_pylist() for chunk in rechunk(tables, rows)]


def test_by_hand():
    assert cut([1, 1, 2, 2, 2, 3], 2, block=6) == [[1, 1], [2, 2, 2], [3]]
    assert cut([1, 1, 1, 1], 2, block=1) == [[1, 1, 1, 1]]


def test_rows_without_a_request_may_be_cut():
    assert cut([None, None, None], 2, block=3) == [[None, None], [None]]
    chunks = rechunk([pa.table({"user_id": range(5)})], 2)
    assert [chunk.num_rows for chunk in chunks] == [2, 2, 1]


def test_one_row_at_a_time():
    assert cut([1, 2, 3], 1, block=2) == [[1], [2], [3]]


def test_empty():
    assert list(rechunk([], 2)) == []
    assert cut([], 2, block=1) == []


def test_rows_below_one():
    with pytest.raises(ValueError, match="rows is 0; give 1 or more"):
        list(rechunk([], 0))


@given(
    st.lists(st.integers(min_value=1, max_value=4), max_size=20),
    st.integers(min_value=1, max_value=6),
    st.integers(min_value=1, max_value=9),
)
def test_every_row_once_in_order_and_no_request_split(sizes, rows, block):
    requests = [request for request, size in enumerate(sizes) for _ in range(size)]
    chunks = cut(requests, rows, block=block)
    assert [request for chunk in chunks for request in chunk] == requests
    assert all(not set(left) & set(right) for left, right in pairwise(chunks))
    assert all(rows <= len(chunk) < rows + 4 for chunk in chunks[:-1])
