"""Predictions of an endless stream: a Parquet file for each stretch between two checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.files import aside_of, put_in_place
from interestclock.training.prediction_file import PredictionFile

__all__ = ["PredictionParts"]


class PredictionParts:
    """``part-NNNNNNNN.parquet`` holds what was predicted between checkpoint N - 1 and checkpoint N.

    A part gets its name when it is whole, just before its checkpoint is; one without its checkpoint is made
    again. Each is a ``PredictionFile``, whose exposures are described by ``event_id`` and ``timestamp_ms``
    (UTC); where candidates stand beside choices also by ``item_id``, text, and ``chosen``.

    Args:
        folder: made if needed. tasks: names. candidates: whether there are any.

    Raises:
        ResultError: (from ``add`` and ``close_part``) a part cannot be written.

    Example:
        >>> import tempfile, torch
        >>> parts = PredictionParts(Path(tempfile.mkdtemp()), ("finish",))
        >>> rows = pa.table({"event_id": ["a"], "timestamp_ms": [5]})
        >>> parts.add(rows, {"finish": torch.tensor([0.5])})
        >>> parts.close_part(1)
        >>> parts.read()["p.finish"].to_pylist()
        [0.5]
    """

    def __init__(self, folder: Path, tasks: tuple[str, ...], *, candidates: bool = False) -> None:
        self.folder, self._tasks = folder, tasks
        folder.mkdir(parents=True, exist_ok=True)
        self._aside = aside_of(folder / "part")
        described = [("event_id", pa.string()), ("timestamp_ms", pa.int64())]
        described += [("item_id", pa.string()), ("chosen", pa.bool_())] if candidates else []
        self._described = pa.schema(described)
        self._file: PredictionFile | None = None

    def add(self, rows: pa.Table | None, probabilities: Mapping[str, Tensor]) -> None:
        """Take a batch's predictions, and its exposures as they were shown."""
        if self._file is None:
            self._file = PredictionFile(self._aside, self._tasks, described=self._described)
        self._file.add(rows, probabilities)

    def close_part(self, number: int) -> None:
        """Give what was predicted since the last part its name."""
        if self._file is not None:
            self._file.close()
            self._file = None
            put_in_place(self._aside, self._path(number))

    def cut_back(self, number: int) -> None:
        """Remove what was predicted after a checkpoint; 0 is the beginning."""
        self._aside.unlink(missing_ok=True)
        for path in self._paths():
            if path > self._path(number):
                path.unlink()

    def read(self) -> pa.Table:
        """All parts, in the order of the stream."""
        tables = [pq.read_table(path) for path in self._paths()]
        return pa.concat_tables(tables) if tables else pa.table({})

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("part-????????.parquet"))

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:08d}.parquet"
