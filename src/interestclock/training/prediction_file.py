"""Predictions go to Parquet as they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.samples import Batch

__all__ = ["PredictionFile"]

_ROWS_PER_GROUP = 65_536


class PredictionFile:
    """A recorder that writes one row per exposure, in stream order, in bounded memory.

    Columns: ``p.TASK`` (float32) of the learning ranker and ``frozen.TASK`` of its frozen copy, null
    before there is one.

    Args:
        path: of the Parquet file. tasks: names.
        seen: called after each batch with it and the predictions, for progress.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "predictions.parquet"
        >>> with PredictionFile(path, ("finish",), lambda batch, probabilities: None):
        ...     pass
        >>> pq.read_schema(path).names
        ['p.finish', 'frozen.finish']
    """

    def __init__(
        self, path: Path, tasks: tuple[str, ...], seen: Callable[[Batch, Mapping[str, Tensor]], None]
    ) -> None:
        self._tasks, self._seen = tasks, seen
        self._schema = pa.schema(
            [(f"{kind}.{task}", pa.float32()) for kind in ("p", "frozen") for task in tasks]
        )
        self._writer = pq.ParquetWriter(path, self._schema)
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def record(
        self, batch: Batch, probabilities: Mapping[str, Tensor], frozen: Mapping[str, Tensor] | None
    ) -> None:
        """Take a batch's predictions."""
        columns = [pa.array(probabilities[task].numpy()) for task in self._tasks]
        for task in self._tasks:
            columns.append(pa.array(frozen[task].numpy()) if frozen else pa.nulls(len(batch), pa.float32()))
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        self._rows += len(batch)
        if self._rows >= _ROWS_PER_GROUP:
            self._flush()
        self._seen(batch, probabilities)

    def __enter__(self) -> PredictionFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting, self._rows = [], 0
