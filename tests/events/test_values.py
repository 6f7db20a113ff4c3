"""Labels, numbers and lists out of raw columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events.values import (
    parse_categorical,
    parse_labels,
    parse_lists,
    parse_numbers,
    parse_quantities,
)


@pytest.mark.parametrize(
    ("column", "values", "bad"),
    [
        (pa.array([0, 1, None, 2]), [0, 1, None, None], [False, False, False, True]),
        (pa.array([True, False, None]), [1, 0, None], [False, False, False]),
        (pa.array([1.0, 0.5, float("nan"), None]), [1, None, None, None], [False, True, False, False]),
        (
            pa.array(["1", "false", "", "yes", None]),
            [1, 0, None, None, None],
            [False, False, False, True, False],
        ),
        (pa.array([None, None]), [None, None], [False, False]),
        (pa.array([], pa.int64()), [], []),
    ],
)
def test_labels(column, values, bad):
    parsed = parse_labels(column)
    assert parsed.values.type == pa.int8()
    assert parsed.values.to_pylist() == values
    assert parsed.bad_N.tolist() == bad


def test_a_column_that_holds_no_labels():
    with pytest.raises(LogError, match="labels are 0, 1, true, false or empty"):
        parse_labels(pa.array([[1]]))


def test_numbers():
    parsed = parse_numbers(pa.array([1, None], pa.int32()))
    assert parsed.values.to_pylist() == [1.0, None]
    parsed = parse_numbers(pa.array([1.5, float("nan"), float("inf")]))
    assert parsed.values.to_pylist() == [1.5, None, float("inf")]
    assert parsed.bad_N.tolist() == [False, False, True]
    parsed = parse_numbers(pa.array([" 1e3 ", "-.5", "", "1,5", None]))
    assert parsed.values.to_pylist() == [1000.0, -0.5, None, None, None]
    assert parsed.bad_N.tolist() == [False, False, False, True, False]
    with pytest.raises(LogError, match="expected numbers"):
        parse_numbers(pa.array([[1.0]]))


def test_categorical():
    assert parse_categorical(pa.array(["a", "", None])).values.to_pylist() == ["a", None, None]
    assert parse_categorical(pa.array([True])).values.to_pylist() == ["true"]
    with pytest.raises(LogError, match="expected one value per row"):
        parse_categorical(pa.array([["a"]]))


@pytest.mark.parametrize(
    ("column", "separator", "expected"),
    [
        (pa.array([["a", None, ""], None, []]), None, [["a"], [], []]),
        (pa.array([["a "], [" b"]], pa.large_list(pa.string())), "|", [["a"], ["b"]]),
        (pa.array([[1, 2]]), None, [["1", "2"]]),
        (pa.array(["a|b", "", None]), "|", [["a", "b"], [], []]),
        (pa.array(["a|b", "", None]), None, [["a|b"], [], []]),
        (pa.array([3, None]), "|", [["3"], []]),
        (pa.array([], pa.string()), "|", []),
    ],
)
def test_lists(column, separator, expected):
    values = parse_lists(column, separator).values
    assert values.type == pa.list_(pa.string())
    assert values.to_pylist() == expected


def test_a_slice_of_lists_keeps_its_rows():
    column = pa.array([["a"], ["b", "c"], None, ["d"]]).slice(1, 2)
    assert parse_lists(column, None).values.to_pylist() == [["b", "c"], []]


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 2)),
        *(pa.list_view(pa.int64()), pa.large_list_view(pa.int64())),
    ],
)
def test_lists_in_every_layout(kind):
    column = pa.array([[5, 6], [1, 2], None, [3, 4]], kind)
    assert parse_lists(column, None).values.to_pylist() == [["5", "6"], ["1", "2"], [], ["3", "4"]]
    assert parse_lists(column.slice(1), "|").values.to_pylist() == [["1", "2"], [], ["3", "4"]]


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b"]))))))
def test_lists_against_a_loop(rows):
    expected = [[value for value in row or [] if value] for row in rows]
    column = pa.array(rows, pa.list_(pa.string()))
    assert parse_lists(column, None).values.to_pylist() == expected


def test_a_label_beyond_every_integer_is_its_rows_fault():
    labels = pa.array([1, (1 << 63) + 5, 0, None, (1 << 64) - 1], pa.uint64())
    parsed = parse_labels(labels)
    assert parsed.values.to_pylist() == [1, None, 0, None, None]
    assert parsed.bad_N.tolist() == [False, True, False, False, True]


@pytest.mark.parametrize("kind", [pa.uint64(), pa.int64()])
def test_quantities_beyond_what_float64_tells_apart_are_the_nearest(kind):
    size = (1 << 53) + 1
    assert parse_numbers(pa.array([size, 1], kind)).values.to_pylist() == [float(size), 1.0]


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.large_string(), pa.bool_()),
    ],
)
def test_a_label_of_any_type_that_holds_0_and_1(kind):
    column = pa.array([1, 0, None]).cast(pa.bool_() if kind == pa.bool_() else pa.int8()).cast(kind)
    parsed = parse_labels(column)
    assert parsed.values.to_pylist() == [1, 0, None]
    assert not parsed.bad_N.any()


def test_labels_and_numbers_as_data_frames_write_them():
    assert parse_labels(pa.array(["1.0", "0.0", ""])).values.to_pylist() == [1, 0, None]
    numbers = parse_numbers(pa.array(["1.5", "nan", "NaN", "inf"]))
    assert numbers.values.to_pylist()[:3] == [1.5, None, None]
    assert numbers.bad_N.tolist() == [False, False, False, True]


@given(st.lists(st.floats(allow_nan=False)))
def test_a_quantity_is_good_if_it_is_finite_as_float32(numbers):
    parsed = parse_quantities(pa.array(numbers, pa.float64()))
    limit = float(np.finfo(np.float32).max)
    assert parsed.bad_N.tolist() == [abs(number) > limit for number in numbers]
    good = np.array(numbers, float)[~parsed.bad_N].astype(np.float32)
    assert np.isfinite(good).all()
