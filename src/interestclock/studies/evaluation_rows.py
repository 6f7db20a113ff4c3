"""What every ranker of a comparison was asked: written once, read back for the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.errors import LogError
from interestclock.evaluation.exposures import Exposures
from interestclock.evaluation.split import Split
from interestclock.samples import BatchMaker, SampleChunk, SampleFolder
from interestclock.state import FeatureState

__all__ = ["PARTS", "read_evaluation_rows", "read_predictions", "write_evaluation_rows"]

PARTS = ("train", "validation", "test")


def write_evaluation_rows(
    folder: SampleFolder, state: FeatureState, path: Path, *, split: Split, label: str
) -> bool:
    """Write one row per sample, in stream order: original ids, moment, part, labels, truths.

    Args:
        state: what ``folder.state()`` returned. path: of the file. split: of the stream into parts.
        label: of which both classes have to occur.

    Returns:
        Whether any exposure of the test part has a history.

    Raises:
        LogError: a part holds one class of the label only, so that no AUC can be told.
    """
    ids = {name: folder.vocabulary(name) for name in ("user", "item")}
    seen = {part: np.zeros(2, dtype=np.int64) for part in PARTS}
    writer: pq.ParquetWriter | None = None
    histories = False
    for chunk in folder.chunks(BatchMaker(recent=1, clocks=False), state):
        table = _rows(chunk, ids, split)
        part_N = table["part"].to_numpy()
        label_N = table[f"label.{label}"].to_numpy()
        histories = histories or bool(chunk.samples.known_behaviours_B.numpy()[part_N == "test"].any())
        for part in PARTS:
            seen[part] += np.bincount(label_N[(part_N == part) & (label_N >= 0)], minlength=2)[:2]
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    _check_classes(seen, label)
    return histories


def _check_classes(seen: dict[str, npt.NDArray[np.int64]], label: str) -> None:
    for part in ("validation", "test"):
        negatives, positives = (int(count) for count in seen[part])
        if not negatives or not positives:
            raise LogError(
                f"label '{label}' has {positives} positives and {negatives} negatives in the {part} part; "
                "rankers can be told apart only where both occur: choose another --label or give a longer log"
            )


def _rows(chunk: SampleChunk, ids: dict[str, pa.Array], split: Split) -> pa.Table:
    s = chunk.samples
    timestamp_ms = s.timestamp_ms_B.numpy()
    bounds = [split.validation_start_ms, split.test_start_ms]
    columns = {
        "user_id": ids["user"].take(pa.array(s.user_B.numpy() - 1)),
        "item_id": ids["item"].take(pa.array(s.item_B.numpy() - 1)),
        "user": s.user_B.numpy(),
        "request": s.request_B.numpy(),
        "timestamp_ms": timestamp_ms,
        "second_of_day": s.second_of_day_B.numpy().astype(np.int32),
        "part": np.array(PARTS)[np.searchsorted(bounds, timestamp_ms, side="right")],
    }
    columns |= {f"label.{name}": values.numpy() for name, values in s.labels.items()}
    columns |= {f"truth.{name}": values.numpy() for name, values in chunk.truths.items()}
    return pa.table(columns)


def read_evaluation_rows(path: Path, *, part: str) -> tuple[Exposures, npt.NDArray[np.int64]]:
    """The exposures of a part, and their row numbers in the stream."""
    names = [name for name in pq.read_schema(path).names if name not in ("user_id", "item_id", "part")]
    in_part = pc.equal(pq.read_table(path, columns=["part"])["part"], part)
    row_N = np.flatnonzero(in_part.to_numpy())
    columns = {name: pq.read_table(path, columns=[name])[name].to_numpy()[row_N] for name in names}
    exposures = Exposures(
        user_N=columns["user"],
        request_N=columns["request"],
        timestamp_ms_N=columns["timestamp_ms"],
        second_of_day_N=columns["second_of_day"],
        labels={n.removeprefix("label."): v for n, v in columns.items() if n.startswith("label.")},
        truths={n.removeprefix("truth."): v for n, v in columns.items() if n.startswith("truth.")},
    )
    return exposures, row_N


def read_predictions(
    path: Path, tasks: tuple[str, ...], row_N: npt.NDArray[np.int64], *, kind: str = "p"
) -> dict[str, npt.NDArray[np.float32]]:
    """A run's probabilities at some rows, by task; ``kind`` is ``p`` or ``frozen``."""
    table = pq.read_table(path, columns=[f"{kind}.{task}" for task in tasks])
    return {task: table[f"{kind}.{task}"].to_numpy()[row_N] for task in tasks}
