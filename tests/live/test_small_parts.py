"""Schedules, predictions in parts, touched rows, dead letters, item values."""

from __future__ import annotations

import itertools
import logging
import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ResultError
from interestclock.live import PredictionParts
from interestclock.live.schedule import Schedule
from interestclock.live.touched import Touched
from interestclock.state.item_descriptions import Descriptions
from interestclock.state.item_values import ItemValues


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
    listed_bytes = [0]
    for number, event_id in enumerate("abc", start=1):
        parts.add(*rows(event_id))
        listed_bytes.append(parts.close_part(number))
    parts.add(*rows("d"))
    parts._file._flush()
    again = PredictionParts(tmp_path, ("finish",))
    again.truncate(2, listed_bytes[2])
    assert again.read()["event_id"].to_pylist() == ["a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "part-00000001.parquet",
        "part-00000002.parquet",
        "parts.jsonl",
    ]
    again.add(*rows("x", "y"))
    again.close_part(3)
    assert again.read()["event_id"].to_pylist() == ["a", "b", "x", "y"]
    assert [(part.name, part.rows) for part in again.listed()] == [
        ("part-00000001.parquet", 1),
        ("part-00000002.parquet", 1),
        ("part-00000003.parquet", 2),
    ]


def damaged(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(content[:-1])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", r"part-00000002.parquet: 3 predictions are missing"),
        (
            "cut short",
            r"part-00000002.parquet: [\d,]+ bytes, should be [\d,]+: these predictions are d",
        ),
        (
            "flipped",
            r"part-00000002.parquet: its checksum is another than was written: these pred",
        ),
    ],
)
def test_a_part_that_is_missing_or_damaged_is_named(
    how: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = PredictionParts(tmp_path, ("finish",))
    for number in (1, 2, 3):
        parts.add(*rows("a", "b", "c"))
        listed_bytes = parts.close_part(number)
    damaged(tmp_path / "part-00000002.parquet", how)
    with pytest.raises(ResultError, match=rf"{said}.*; bring it back from a copy, or do without: take its"):
        parts.read()
    with caplog.at_level(logging.WARNING):
        PredictionParts(tmp_path, ("finish",)).truncate(3, listed_bytes)
    (warning,) = caplog.messages
    assert re.search(rf"{said}.*; bring it back from a copy, if predictions are to be evaluated", warning)


def test_a_list_that_is_missing_or_damaged_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = PredictionParts(tmp_path, ("finish",))
    parts.add(*rows("a"))
    listed_bytes = parts.close_part(1)
    whole = (tmp_path / "parts.jsonl").read_bytes()
    for content in (b"{}\n", b'{"name": 1, "row": 2}\n', b"\xff\n"):
        (tmp_path / "parts.jsonl").write_bytes(content.ljust(len(whole)))
        with pytest.raises(ResultError, match=r"parts.jsonl, line 1: .*; bring the file back"):
            parts.read()
        parts.truncate(1, listed_bytes)
    assert [message.split(": ")[0] for message in caplog.messages] == [
        f"{tmp_path / 'parts.jsonl'}, line 1"
    ] * 3
    (tmp_path / "parts.jsonl").unlink()
    with pytest.raises(ResultError, match=r"parts.jsonl is missing, so what predictions there should be"):
        parts.read()
    parts.truncate(1, listed_bytes)
    assert "parts.jsonl is missing or cut short: what predictions there should be is unknown" in caplog.text


def test_a_full_disk_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    parts = PredictionParts(tmp_path, ("finish",))
    parts.add(*rows("a"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultError, match=r"predictions cannot be written .*No space.* go on with --resume"):
        parts.close_part(1)


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
