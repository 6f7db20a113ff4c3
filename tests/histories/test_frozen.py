from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import Histories

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


@settings(max_examples=80, deadline=None)
@given(LISTS, st.data())
def test_newest_is_the_end_of_what_was_known(items_by_user: list[list[int]], data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.integers(0, len(items_by_user) - 1), max_size=6))
    known = [data.draw(st.integers(0, len(items_by_user[user]))) for user in asked]
    most = data.draw(st.integers(1, 12))
    histories = histories_of(items_by_user)
    bounds = histories.newest(
        torch.tensor(asked, dtype=torch.int64), torch.tensor(known, dtype=torch.int64), most=most
    )
    expected = [items_by_user[user][:count][-most:] for user, count in zip(asked, known, strict=True)]
    found = [histories.item_E[start:stop].tolist() for start, stop in zip(*bounds, strict=True)]
    assert found == expected
    padded = [items + [0] * (most - len(items)) for items in expected]
    assert histories.items_between(*bounds, width=most).tolist() == padded


def test_hours_are_counted_from_1970_and_once() -> None:
    histories = histories_of([[3, 4], [7]])  # 3, 4 and 7 times 1,000,000.007 seconds
    assert histories.hour_E.tolist() == [833, 1111, 1944]
    assert histories.hour_E.dtype == torch.int32
    assert histories.hour_E is histories.hour_E


@pytest.mark.parametrize("items", [[[3, 4], [], [5]], [[]]])
def test_saved_histories_come_back_as_they_were(tmp_path: Path, items: list[list[int]]) -> None:
    histories = histories_of(items)
    histories.save(tmp_path / "histories.safetensors")
    again = Histories.load(tmp_path / "histories.safetensors")
    for field in ("offset_U", "item_E", "second_of_day_E", "timestamp_ms_E"):
        assert torch.equal(getattr(again, field), getattr(histories, field))
        assert getattr(again, field).dtype == getattr(histories, field).dtype
