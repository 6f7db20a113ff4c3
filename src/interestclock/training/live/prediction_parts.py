"""Predictions of an endless stream: a Parquet file for each stretch between two checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.errors import ResultError

__all__ = ["PredictionParts"]

_ROWS_PER_GROUP = 65_536


class PredictionParts:
    """``part-NNNNNNNN.parquet`` holds what was predicted between checkpoint N - 1 and checkpoint N.

    A part gets its name when it is whole, just before its checkpoint is; one without its checkpoint is made
    again. Columns: ``event_id``, ``timestamp_ms`` (UTC), and ``p.TASK`` (float32); where candidates stand
    beside choices also ``item_id``, text, and ``chosen``.

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
        self._aside = folder / "part.unfinished"
        said = [("event_id", pa.string()), ("timestamp_ms", pa.int64())]
        said += [("item_id", pa.string()), ("chosen", pa.bool_())] if candidates else []
        self._of_rows = tuple(name for name, _ in said)
        self._schema = pa.schema([*said, *((f"p.{t}", pa.float32()) for t in tasks)])
        self._writer: pq.ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, rows: pa.Table, probabilities: Mapping[str, Tensor]) -> None:
        """Take a batch's predictions."""
        columns = [rows[name].combine_chunks().cast(self._schema.field(name).type) for name in self._of_rows]
        columns += [pa.array(probabilities[task].numpy()) for task in self._tasks]
        self._held.append(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._rows += rows.num_rows
        if self._rows >= _ROWS_PER_GROUP:
            self._flush()

    def close_part(self, number: int) -> None:
        """Give what was predicted since the last part its name."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._aside.replace(self._path(number))

    def cut_back(self, number: int) -> None:
        """Remove what was predicted after a checkpoint; 0 is the beginning."""
        self._aside.unlink(missing_ok=True)
        for path in self._paths():
            if path > self._path(number):
                path.unlink()

    def read(self) -> pa.Table:
        """All parts, in the order of the stream."""
        tables = [pq.read_table(path) for path in self._paths()]
        return pa.concat_tables(tables) if tables else self._schema.empty_table()

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("part-????????.parquet"))

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:08d}.parquet"

    def _flush(self) -> None:
        if not self._held:
            return
        try:
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._aside, self._schema)
            self._writer.write_table(pa.Table.from_batches(self._held))
        except OSError as error:
            raise ResultError(
                f"{self._aside}: predictions cannot be written ({error}); make room, then go on with --resume"
            ) from error
        self._held, self._rows = [], 0
