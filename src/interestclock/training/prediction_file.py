"""Predictions go to Parquet as they are made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.errors import ResultError, system_errors_as

__all__ = ["PredictionFile"]

_ROWS_PER_GROUP = 65_536
_NOTHING = pa.schema([])

# Shapes: C columns, N rows held back.


class PredictionFile:
    """Writes one row per exposure, in stream order, in bounded memory.

    Columns: those that say which exposure it is, if any; ``p.TASK`` (float32) of the learning ranker; and
    ``frozen.TASK`` of its frozen copy, null before there is one.

    Args:
        path: of the Parquet file, which is made at once. tasks: names.
        described: columns taken over from the exposures as they were shown. frozen: whether to have a copy's.

    Raises:
        ResultError: (from ``add`` and ``close``, too) it cannot be written.

    Example:
        >>> import tempfile, torch
        >>> path = Path(tempfile.mkdtemp()) / "predictions.parquet"
        >>> with PredictionFile(path, ("finish",), described=pa.schema([("event_id", pa.string())])) as file:
        ...     file.add(pa.table({"event_id": ["a"], "user": [5]}), {"finish": torch.tensor([0.5])})
        >>> pq.read_table(path).to_pylist()
        [{'event_id': 'a', 'p.finish': 0.5}]
    """

    def __init__(
        self,
        path: str | Path,
        tasks: tuple[str, ...],
        *,
        described: pa.Schema = _NOTHING,
        frozen: bool = False,
    ) -> None:
        self.path, self._tasks, self._described = Path(path), tasks, described
        kinds = ("p", "frozen") if frozen else ("p",)
        columns = [pa.field(f"{kind}.{task}", pa.float32()) for kind in kinds for task in tasks]
        self._columns = len(columns)
        self._schema = pa.schema([*described, *columns])
        with self._naming_the_file():
            self._writer = pq.ParquetWriter(path, self._schema)
        self._rows = 0
        self._shown: list[pa.Table] = []
        self._hold(_ROWS_PER_GROUP)

    def add(
        self,
        rows: pa.Table | None,
        probabilities: Mapping[str, Tensor],
        frozen: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Take a batch's predictions.

        Args:
            rows: with the columns that describe exposures, among others; None where there are none.
            probabilities, frozen: by task, float32 (B,).
        """
        size = len(probabilities[self._tasks[0]])
        self._make_room(size)
        stop = self._rows + size
        columns = [probabilities[task] for task in self._tasks]
        columns += [] if frozen is None else [frozen[task] for task in self._tasks]
        for place, probability_B in enumerate(columns):
            self._held_CN[place, self._rows : stop] = probability_B.numpy()
        self._frozen_N[self._rows : stop] = frozen is not None
        if rows is not None:
            self._shown.append(rows.select(self._described.names).cast(self._described))
        self._rows = stop

    def close(self) -> None:
        """Write what is held back; the file is whole then."""
        self._flush()
        with self._naming_the_file():
            self._writer.close()

    def __enter__(self) -> PredictionFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hold(self, rows: int) -> None:
        # Copies in one block: thousands of small tensors held here would scatter over the heap, and
        # keep what training frees between them from being used again.
        self._held_CN = np.empty((self._columns, rows), dtype=np.float32)
        self._frozen_N = np.empty(rows, dtype=bool)

    def _make_room(self, rows: int) -> None:
        if self._rows + rows > self._frozen_N.size:
            self._flush()
        if rows > self._frozen_N.size:
            self._hold(rows)

    def _flush(self) -> None:
        if not self._rows:
            return
        held_CN, unfrozen_N = self._held_CN[:, : self._rows], ~self._frozen_N[: self._rows]
        columns = pa.concat_tables(self._shown).columns if self._shown else []
        columns += [pa.array(values_N) for values_N in held_CN[: len(self._tasks)]]
        columns += [pa.array(values_N, mask=unfrozen_N) for values_N in held_CN[len(self._tasks) :]]
        with self._naming_the_file():
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows, self._shown = 0, []

    def _naming_the_file(self) -> AbstractContextManager[None]:
        what = f"{self.path}: predictions cannot be written"
        return system_errors_as(ResultError, what, remedy="make room, then go on or begin again")
