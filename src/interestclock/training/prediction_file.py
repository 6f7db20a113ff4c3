"""Predictions go to Parquet as they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.samples import Batch

__all__ = ["PredictionFile"]

_ROWS_PER_GROUP = 65_536

# Shapes: K columns, N rows held back.


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
        self._rows = 0
        self._hold(_ROWS_PER_GROUP)

    def record(
        self, batch: Batch, probabilities: Mapping[str, Tensor], frozen: Mapping[str, Tensor] | None
    ) -> None:
        """Take a batch's predictions."""
        self._make_room(len(batch))
        rows = slice(self._rows, self._rows + len(batch))
        for place, task in enumerate(self._tasks):
            self._held_KN[place, rows] = probabilities[task].numpy()
            if frozen is not None:
                self._held_KN[len(self._tasks) + place, rows] = frozen[task].numpy()
        self._frozen_N[rows] = frozen is not None
        self._rows = rows.stop
        self._seen(batch, probabilities)

    def __enter__(self) -> PredictionFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def _hold(self, rows: int) -> None:
        # Copies in one block: thousands of small tensors held here would scatter over the heap, and
        # keep what training frees between them from being used again.
        self._held_KN = np.empty((len(self._schema), rows), dtype=np.float32)
        self._frozen_N = np.empty(rows, dtype=bool)

    def _make_room(self, rows: int) -> None:
        if self._rows + rows > self._frozen_N.size:
            self._flush()
        if rows > self._frozen_N.size:
            self._hold(rows)

    def _flush(self) -> None:
        if not self._rows:
            return
        held_KN, unfrozen_N = self._held_KN[:, : self._rows], ~self._frozen_N[: self._rows]
        columns = [pa.array(values_N) for values_N in held_KN[: len(self._tasks)]]
        columns += [pa.array(values_N, mask=unfrozen_N) for values_N in held_KN[len(self._tasks) :]]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows = 0
