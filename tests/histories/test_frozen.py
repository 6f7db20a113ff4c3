from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import Histories, HistoryWindow

# Each user's behaviours: (item, second of day, time).
LISTS = st.lists(st.lists(st.integers(1, 50), max_size=9), min_size=1, max_size=5)


def histories_of(items_by_user: list[list[int]]) -> Histories:
    flat = torch.tensor([item for items in items_by_user for item in items], dtype=torch.int32)
    ends = torch.tensor([0] + [len(items) for items in items_by_user]).cumsum(0)
    return Histories(
        offset_U=ends,
        item_E=flat,
        second_of_day_E=flat * 10,
        timestamp_ms_E=flat.to(torch.int64) * 1_000_000_007,
    )


def rows(window: HistoryWindow, field: str) -> list[list[int]]:
    """What stands in each row, without the padding."""
    return [
        row[:length].tolist() for row, length in zip(getattr(window, field), window.length_M, strict=True)
    ]


@settings(max_examples=80, deadline=None)
@given(LISTS, st.data())
def test_newest_is_the_end_of_what_was_known(items_by_user: list[list[int]], data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.integers(0, len(items_by_user) - 1), min_size=1, max_size=6))
    known = [data.draw(st.integers(0, len(items_by_user[user]))) for user in asked]
    most = data.draw(st.integers(1, 12))
    window = histories_of(items_by_user).newest(torch.tensor(asked), torch.tensor(known), most=most)
    expected = [items_by_user[user][:count][-most:] for user, count in zip(asked, known, strict=True)]
    assert rows(window, "item_ML") == expected
    assert rows(window, "second_of_day_ML") == [[10 * item for item in items] for items in expected]
    assert rows(window, "timestamp_ms_ML") == [[1_000_000_007 * i for i in items] for items in expected]
    assert window.item_ML.shape[1] == max(1, *(len(items) for items in expected), 1)
    assert torch.equal(window.item_ML > 0, window.mask_ML)


def test_padding_is_zero_and_masked() -> None:
    window = histories_of([[7, 8, 9], [4]]).newest(torch.tensor([1, 0]), torch.tensor([1, 3]), most=2)
    assert window.item_ML.tolist() == [[4, 0], [8, 9]]
    assert window.mask_ML.tolist() == [[True, False], [True, True]]
    assert window.timestamp_ms_ML[0, 1] == 0


def test_one_moment_with_nothing_known() -> None:
    window = histories_of([[7, 8]]).newest(torch.tensor([0]), torch.tensor([0]), most=10)
    assert window.item_ML.tolist() == [[0]]
    assert window.length_M.tolist() == [0]
    assert window.mask_ML.tolist() == [[False]]


def test_no_moments_and_no_behaviours_at_all() -> None:
    nothing = torch.zeros(0, dtype=torch.int64)
    assert histories_of([[7]]).newest(nothing, nothing, most=3).item_ML.shape == (0, 1)
    window = histories_of([[]]).newest(torch.tensor([0]), torch.tensor([0]), most=3)
    assert window.item_ML.tolist() == [[0]]


@pytest.mark.parametrize("items", [[[3, 4], [], [5]], [[]]])
def test_saved_histories_come_back_as_they_were(tmp_path: Path, items: list[list[int]]) -> None:
    histories = histories_of(items)
    histories.save(tmp_path / "histories.safetensors")
    again = Histories.load(tmp_path / "histories.safetensors")
    for field in ("offset_U", "item_E", "second_of_day_E", "timestamp_ms_E"):
        assert torch.equal(getattr(again, field), getattr(histories, field))
        assert getattr(again, field).dtype == getattr(histories, field).dtype
