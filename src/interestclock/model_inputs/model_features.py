"""What the clocks read of a log, row by row of it, for a model of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.model_inputs.model_dataset import LONGEST, ModelDataset

__all__ = ["ModelFeatures"]

# Shapes: R rows that are left out.


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelFeatures:
    """Features by row of a log, or by user as of a moment; ``features_as_of`` makes them.

    Numbers of users, items and values count from 1 in the order in which the log first has them: the same
    log with more rows behind gives the same numbers, and more of them.

    Args:
        table: a row for each row of the log, in the log's own order, as ``interestclock features`` has them
            in ``samples.parquet``, behind ``usable``: where it is false the log refused the row, and all but
            ``log_row`` is null. As of a moment: a row for each user.
        clocks: row ``clock_row`` of it is a row's clock: per attribute a list of the day's buckets, each a
            list of values, best first.
        histories: behaviours; those from ``history_first`` to ``history_end`` (exclusive) were known before.
        vocabularies: ids and values by number, the one with number n at n - 1: ``user``, ``item``,
            ``attribute.NAME``, ``context.NAME``.
        left_out: int64, rows of the log, from 1, that it refused: in ``table``, but not in ``torch()``.
        remarks: what became of these rows, and what was guessed or is missing of the log, in sentences; look
            at these first.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.model_inputs import features_as_of
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder, size = Path(tempfile.mkdtemp()), SimulatorSize(
        ...     users=5, items=200, days=3, exposures_per_day=40)
        >>> rows = write_simulated_log(folder / "log", size=size)
        >>> features = features_as_of(open_log(folder / "log"))
        >>> features.embedding_rows["user"], features.remarks
        (6, ())
        >>> features.table.select(["log_row", "usable", "second_of_day"]).slice(0, 1).to_pylist()
        [{'log_row': 1, 'usable': True, 'second_of_day': 25692}]
    """

    table: pa.Table
    clocks: pa.Table
    histories: pa.Table
    vocabularies: Mapping[str, pa.Array]
    dataset: ModelDataset
    left_out: npt.NDArray[np.int64]
    remarks: tuple[str, ...] = ()

    def torch(self, *, longest: int = LONGEST) -> ModelDataset:
        """The rows that the log did not refuse, in the log's own order, as tensors.

        Args:
            longest: how many of the newest behaviours a history holds.

        Raises:
            ValueError: ``longest`` is below 1.
        """
        return replace(self.dataset, longest=longest)

    @property
    def embedding_rows(self) -> dict[str, int]:
        """Rows that an ``nn.Embedding`` of each vocabulary needs: one for each number, and row 0 for none."""
        return {name: len(values) + 1 for name, values in self.vocabularies.items()}

    def __repr__(self) -> str:
        clocks = ", ".join(self.clocks.column_names) or "none"
        text = (
            f"ModelFeatures: {len(self.dataset):,} rows of {len(self.vocabularies['user']):,} users and "
            f"{len(self.vocabularies['item']):,} items; clocks: {clocks}; {len(self.histories):,} behaviours"
        )
        return "\n- ".join([text, *self.remarks])
