"""Texts in states come back as they were; arrays grow as if they had always been as long."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.arrays import below, texts_as_arrays, texts_in, under, with_room

texts = st.lists(st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=9), max_size=20)


@given(texts)
def test_texts_are_their_utf8_one_after_the_other(said: list[str | None]) -> None:
    state = texts_as_arrays(said)
    text, ends = state["text"].tobytes(), state["ends"].tolist()
    whole = [text[first:stop].decode() for first, stop in itertools.pairwise(ends)]
    assert whole == [each or "" for each in said]
    assert ("given" in state) == (None in said)
    if "given" in state:
        assert state["given"].tolist() == [each is not None for each in said]


@given(texts, st.integers(0, 20), st.integers(0, 20))
def test_texts_come_back_as_they_were(said: list[str | None], first: int, stop: int) -> None:
    for kind in (pa.string(), pa.large_string()):
        column = pa.array(said, kind)[first:stop]
        state = {name: np.array(each) for name, each in texts_as_arrays(column).items()}
        assert texts_in(state).to_pylist() == said[first:stop]
    assert texts_in(texts_as_arrays(said)).to_pylist() == said


def test_parts_are_told_apart_by_their_whole_name() -> None:
    state = under("user", {"a": 1}) | under("users", {"b": 2}) | under("user/deep", {"c": 3})
    assert state == {"user/a": 1, "users/b": 2, "user/deep/c": 3}
    assert below("user", state) == {"a": 1, "deep/c": 3}
    assert below("user/deep", state) == {"c": 3}


def grown_plainly(values: list, needed: int, used: int, fill: float) -> list:
    """Place by place: what was set stays, all others are new."""
    if needed <= len(values):
        return values
    return [values[place] if place < used else fill for place in range(max(needed, len(values) * 3 // 2))]


@given(
    st.lists(st.integers(1, 9), max_size=9), st.integers(0, 20), st.integers(0, 12), st.sampled_from([0, 7])
)
def test_an_array_grows_as_one_would_by_hand(values: list[int], needed: int, used: int, fill: int) -> None:
    grown = with_room(np.array(values, np.int16), needed, used=used, fill=fill)
    assert grown.dtype == np.int16
    assert grown.tolist() == grown_plainly(values, needed, min(used, len(values)), fill)


@pytest.mark.parametrize(
    ("values", "fill"),
    [(np.ones((2, 3), np.int32), 0), (np.zeros((0, 3)), np.nan), (np.array(["a", None], object), None)],
)
def test_rows_of_any_kind_grow(values: npt.NDArray[np.generic], fill: float | None) -> None:
    grown = with_room(values, 5, fill=fill)
    assert grown.shape == (5, *values.shape[1:])
    np.testing.assert_array_equal(grown[: len(values)], values)
    new = grown[len(values) :]
    np.testing.assert_array_equal(new, np.full(new.shape, fill, values.dtype))


def test_room_that_is_asked_for_place_by_place_is_made_seldom() -> None:
    array, made = np.zeros(0, np.int64), 0
    for needed in range(1, 10_001):
        before, array = array, with_room(array, needed)
        made += array is not before
    assert made <= 25
