"""Ids out of raw columns."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.id_values import parse_ids
from interestclock.events.values import parse_categorical


def test_ids():
    parsed = parse_ids(pa.array([1.0, 1.5, None]), pa.int64())
    assert parsed.values.to_pylist() == [1, None, None]
    assert parsed.bad_N.tolist() == [False, True, True]
    parsed = parse_ids(pa.array(["a", "", None], pa.large_string()), pa.string())
    assert parsed.values.to_pylist() == ["a", None, None]
    assert parsed.bad_N.tolist() == [False, True, True]
    assert parse_ids(pa.array(["a", ""]), pa.string(), optional=True).bad_N.tolist() == [False, False]
    assert parse_ids(pa.array(["7", "x"]), pa.int64(), optional=True).bad_N.tolist() == [False, True]
    assert parse_ids(pa.array([7]), pa.string()).values.to_pylist() == ["7"]


def test_unsigned_hashes_are_text_or_no_integer():
    hashes = pa.array([1, (1 << 64) - 1], pa.uint64())
    assert parse_ids(hashes, pa.string()).values.to_pylist() == ["1", "18446744073709551615"]
    assert parse_ids(hashes, pa.int64()).bad_N.tolist() == [False, True]


def test_float_ids_that_no_integer_holds_are_bad():
    ids = pa.array([1.0, 1.5, float("inf"), float("nan"), None])
    assert parse_ids(ids, pa.int64()).bad_N.tolist() == [False, True, True, True, True]


@given(st.lists(st.one_of(st.none(), st.integers(min_value=-(1 << 53) + 1, max_value=(1 << 53) - 1))))
def test_whole_floats_are_the_ids_that_integers_are(ids):
    floats, integers = pa.array(ids, pa.int64()).cast(pa.float64()), pa.array(ids, pa.int64())
    assert parse_ids(floats, pa.int64()).values == parse_ids(integers, pa.int64()).values
    assert parse_ids(floats, pa.string()).values == parse_ids(integers, pa.string()).values
    assert parse_categorical(floats).values == parse_categorical(integers).values
