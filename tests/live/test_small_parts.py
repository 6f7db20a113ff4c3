"""Schedules, predictions in parts, touched rows, dead letters, item values."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.live import PredictionParts
from interestclock.live.schedule import Schedule
from interestclock.live.touched import Touched
from interestclock.state.item_values import Descriptions, ItemValues


@given(st.integers(1, 1_000), st.lists(st.integers(1, 5_000), min_size=1, max_size=40))
def test_a_schedule_is_due_once_for_each_multiple_that_was_passed(every_ms: int, times: list[int]) -> None:
    schedule = Schedule(every_ms=every_ms)
    times = sorted(times)
    due = [schedule.passed(now_ms) for now_ms in times]
    expected = [later // every_ms > earlier // every_ms for earlier, later in itertools.pairwise(times)]
    assert due == [False, *expected]


def rows(*event_ids: str) -> tuple[pa.Table, dict[str, torch.Tensor]]:
    table = pa.table({"event_id": list(event_ids), "timestamp_ms": list(range(len(event_ids)))})
    return table, {"finish": torch.arange(len(event_ids)) / 10}


def test_predictions_after_a_checkpoint_are_cut_off(tmp_path: Path) -> None:
    parts = PredictionParts(tmp_path, ("finish",))
    for number, event_id in enumerate("abc", start=1):
        parts.add(*rows(event_id))
        parts.close_part(number)
    parts.add(*rows("d"))
    parts._file._flush()
    again = PredictionParts(tmp_path, ("finish",))
    again.cut_back(2)
    assert again.read()["event_id"].to_pylist() == ["a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "part-00000001.parquet",
        "part-00000002.parquet",
    ]
    again.add(*rows("x", "y"))
    again.close_part(3)
    assert again.read()["event_id"].to_pylist() == ["a", "b", "x", "y"]


def test_a_part_without_predictions_is_no_file(tmp_path: Path) -> None:
    parts = PredictionParts(tmp_path, ("finish",))
    parts.close_part(1)
    assert list(tmp_path.iterdir()) == []
    assert parts.read().num_rows == 0


@given(st.lists(st.lists(st.integers(0, 200), max_size=10), max_size=10))
def test_touched_rows_are_a_set(manifests: list[list[int]]) -> None:
    touched = Touched()
    for each in manifests:
        touched.record("t", np.array(each, np.int64))
    assert touched.peek("t").tolist() == sorted({row for each in manifests for row in each})
    touched.clear()
    assert touched.peek("t").size == 0


def described(values: ItemValues, items: list[int], rows: dict[str, list]) -> None:
    values.describe(Descriptions.of_rows(np.array(items), pa.table(rows)))


def test_a_number_used_again_is_another_item() -> None:
    values = ItemValues(("genre",), None)
    described(values, [1], {"item_id": ["a"], "attribute.genre": [["rock", "jazz", "soul"]]})
    described(values, [1], {"item_id": ["b"], "attribute.genre": [["jazz"]]})
    assert values.of("genre", np.array([1])).tolist() == [[2, 0, 0]]


def test_items_of_a_table_are_found_by_their_id() -> None:
    table = pa.table({"item_id": ["a", "b"], "attribute.genre": [["rock"], ["jazz", "rock"]]})
    values = ItemValues(("genre",), table)
    described(values, [4, 2], {"item_id": ["b", "unknown"]})
    assert values.of("genre", np.array([4, 2])).tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize("table", [None, pa.table({"item_id": ["a"], "attribute.genre": [["dub"]]})])
def test_item_values_are_restored(table: pa.Table | None) -> None:
    values = ItemValues(("genre",), table)
    described(values, [3], {"item_id": ["a"], "attribute.genre": [["rock", "jazz"]]})
    other = ItemValues(("genre",), table)
    other.restore(values.state())
    for each in (values, other):
        described(each, [7], {"item_id": ["c"], "attribute.genre": [["ska", "rock"]]})
    assert other.of("genre", np.arange(9)).tolist() == values.of("genre", np.arange(9)).tolist()
