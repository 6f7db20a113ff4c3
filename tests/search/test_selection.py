"""The compiled selection against a full sort."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slow_search import check_retrieved

from interestclock.search import Retrieved
from interestclock.search.selection import decode_keys, keys_for, room_for, select_row

FLOATS = st.floats(width=32, allow_nan=False)


def select(rows: list[list[float]], most: int, time_score: list[float] | None = None) -> Retrieved:
    length = len(rows[0])
    keys, room = keys_for(len(rows), most), room_for(length, most)
    time_score_L = np.zeros(length, np.float32) if time_score is None else np.array(time_score, np.float32)
    for row, scores in enumerate(rows):
        select_row(np.array(scores, np.float32), time_score_L, most, room, keys[row])
    offset_CK, score_CK, present_CK = decode_keys(keys, most)
    return Retrieved(
        offset_BK=torch.from_numpy(offset_CK),
        score_BK=torch.from_numpy(score_CK),
        present_BK=torch.from_numpy(present_CK),
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=300), st.integers(1, 40))
@example([0.0, -0.0, 0.0], 2)
@example([-math.inf, math.inf, 1.0], 3)
@example([-math.inf] * 5, 3)
@example([3.4e38, -3.4e38, 1e-45, -1e-45], 2)
def test_any_row_is_selected_as_sorting_does(scores: list[float], most: int) -> None:
    row = np.array(scores, np.float32)
    check_retrieved(select([scores], most), [row.tolist()], most)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3_000), st.integers(1, 150), st.integers(0, 9_999), st.sampled_from([1, 3, 1_000]))
def test_long_rows_with_many_ties(length: int, most: int, seed: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    row = rng.integers(-spread, spread + 1, length).astype(float)
    row[rng.random(length) < 0.2] = -math.inf
    check_retrieved(select([row.tolist()], most), [row.tolist()], most)


def test_a_row_of_one_score_keeps_the_earliest() -> None:
    retrieved = select([[1.0] * 5_000], 100)
    assert retrieved.offset_BK[0].tolist() == list(range(100))


def test_nan_is_never_kept() -> None:
    retrieved = select([[math.nan, 2.0, math.nan, 1.0]], 4)
    assert retrieved.offset_BK[0][retrieved.present_BK[0]].tolist() == [1, 3]


def test_a_row_does_not_see_the_one_before() -> None:
    retrieved = select([[9.0, 8.0, 7.0], [1.0, 3.0, 2.0]], 2)
    assert retrieved.offset_BK.tolist() == [[0, 1], [1, 2]]


def test_time_adds_to_the_product() -> None:
    retrieved = select([[3.0, 2.0, 1.0]], 2, [0.0, -math.inf, 4.0])
    assert retrieved.offset_BK.tolist() == [[2, 0]]
    assert retrieved.score_BK.tolist() == [[5.0, 3.0]]


@pytest.mark.parametrize("most", [1, 7])
def test_more_wanted_than_there_are(most: int) -> None:
    retrieved = select([[1.0, 2.0]], most)
    assert retrieved.offset_BK[0][retrieved.present_BK[0]].tolist() == [1, 0][:most]
