from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from interestclock.errors import ResultError
from interestclock.samples import Batch, SampleChunk
from interestclock.training import PredictionFile, prediction_file

TASKS = ("finish", "like")


@pytest.fixture
def batches(chunks: list[SampleChunk]) -> list[Batch]:
    return list(chunks[0].batches(16))


def answers(batch: Batch, shift: float) -> dict[str, torch.Tensor]:
    """A probability that says which row it belongs to."""
    return {task: batch.request_B / 1000 + shift + place for place, task in enumerate(TASKS)}


@pytest.mark.parametrize("rows_per_group", [1, 40, 65_536])
def test_rows_stand_in_stream_order(
    tmp_path: Path, batches: list[Batch], monkeypatch: pytest.MonkeyPatch, rows_per_group: int
) -> None:
    monkeypatch.setattr(prediction_file, "_ROWS_PER_GROUP", rows_per_group)
    with PredictionFile(tmp_path / "p.parquet", TASKS, frozen=True) as file:
        for place, batch in enumerate(batches):
            file.add(None, answers(batch, 0), answers(batch, 0.5) if place > 2 else None)
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == ["p.finish", "p.like", "frozen.finish", "frozen.like"]
    expected = torch.cat([answers(batch, 0)["like"] for batch in batches]).numpy()
    np.testing.assert_array_equal(table["p.like"].to_numpy(), expected)
    unfrozen = sum(map(len, batches[:3]))
    assert table["frozen.like"].null_count == unfrozen
    np.testing.assert_allclose(table["frozen.like"].to_numpy()[unfrozen:], expected[unfrozen:] + 0.5)


def test_no_predictions_are_a_file_without_rows(tmp_path: Path) -> None:
    with PredictionFile(tmp_path / "p.parquet", TASKS):
        pass
    assert pq.read_table(tmp_path / "p.parquet").num_rows == 0


def test_exposures_are_described_beside_their_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_file, "_ROWS_PER_GROUP", 4)
    described = pa.schema([("event_id", pa.string()), ("timestamp_ms", pa.int64())])
    with PredictionFile(tmp_path / "p.parquet", TASKS, described=described) as file:
        for first in range(0, 9, 3):
            ids = pa.array([f"e{row}" for row in range(first, first + 3)]).dictionary_encode()
            rows = pa.table({"user": [5] * 3, "event_id": ids, "timestamp_ms": [first] * 3})
            file.add(rows, {task: torch.arange(first, first + 3) / 10 for task in TASKS})
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == ["event_id", "timestamp_ms", "p.finish", "p.like"]
    assert table["event_id"].to_pylist() == [f"e{row}" for row in range(9)]
    assert table["timestamp_ms"].to_pylist() == [0] * 3 + [3] * 3 + [6] * 3
    np.testing.assert_allclose(table["p.like"].to_numpy(), np.arange(9) / 10)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(
        ResultError, match=r"p\.parquet: predictions cannot be written .*; make room, then go"
    ):
        PredictionFile(tmp_path / "none" / "p.parquet", TASKS)
