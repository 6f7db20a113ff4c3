"""Prepared samples as tables and as numbers side by side, chunk by chunk; the days' clocks once each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch import Tensor

from interestclock.model_inputs.sample_tables import SampleTables
from interestclock.samples import Batch, BatchMaker, SampleChunk, SampleFolder
from interestclock.timeofday import utc_day_start_ms

__all__ = ["FeaturePiece", "FeatureTables"]

# Shapes: B samples, M requests, R clock rows, H hour buckets, V values, U users, E behaviours of all.

_MAKER = BatchMaker(recent=1, clocks=True)


@dataclass(frozen=True, kw_only=True)
class FeaturePiece:
    """Some samples, in both forms.

    Args:
        samples, clocks: tables, as ``export_features`` writes them.
        batch: the same samples as numbers. log_row_B: int64, their rows of the log; 0 is none.
        clock_row_B: int64, each sample's row of all clocks. clocks_RHV: by attribute, those of this piece.

    Example:
        >>> import torch
        >>> nothing, none_B = pa.table({}), torch.zeros(0, dtype=torch.int64)
        >>> batch = Batch(user_B=none_B, item_B=none_B, request_B=none_B, timestamp_ms_B=none_B,
        ...     second_of_day_B=none_B, day_of_week_B=none_B, known_ms_B=none_B, known_behaviours_B=none_B,
        ...     request_row_B=none_B, first_M=none_B, labels={}, recent_MK=none_B.reshape(0, 1))
        >>> piece = FeaturePiece(samples=nothing, clocks=nothing, batch=batch, log_row_B=none_B.numpy(),
        ...     clock_row_B=none_B.numpy(), clocks_RHV={})
        >>> len(piece.batch)
        0
    """

    samples: pa.Table
    clocks: pa.Table
    batch: Batch
    log_row_B: npt.NDArray[np.int64]
    clock_row_B: npt.NDArray[np.int64]
    clocks_RHV: dict[str, Tensor]


class FeatureTables:
    """The features of a folder of samples.

    Args:
        folder: the samples. known_before_ms: histories hold what was known before then, UTC milliseconds;
            None: before the last event.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.samples import PrepareConfig, prepare_samples
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder, size = Path(tempfile.mkdtemp()), SimulatorSize(
        ...     users=5, items=200, days=3, exposures_per_day=40)
        >>> rows = write_simulated_log(folder / "log", size=size)
        >>> samples = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> sum(piece.samples.num_rows for piece in FeatureTables(samples).pieces()) == rows
        True
    """

    def __init__(self, folder: SampleFolder, *, known_before_ms: int | None = None) -> None:
        self.folder, self.state = folder, folder.state()
        until_ms = folder.manifest.counts["last_ms"] if known_before_ms is None else known_before_ms
        self.behaviours = self.state.user_histories.laid_out(
            users=self.state.users.capacity, known_before_ms=until_ms
        )
        first_row_U = self.behaviours.offset_U.numpy()
        self._tables = SampleTables(folder, self.state, first_row_U=first_row_U)

    def pieces(self) -> Iterator[FeaturePiece]:
        """All samples, in stream order; clocks are numbered on from piece to piece."""
        clock_rows = 0
        for chunk in self.folder.chunks(_MAKER, self.state):
            yield self.piece(chunk, clock_rows=clock_rows)
            clock_rows += _days(chunk.samples)[0].size

    def piece(self, chunk: SampleChunk, *, clock_rows: int = 0) -> FeaturePiece:
        """Samples that were made of ``state``.

        Args:
            chunk: the samples, with clocks. clock_rows: how many came before.
        """
        request_R, clock_row_M = _days(chunk.samples)
        clock_row_B = clock_rows + clock_row_M[chunk.samples.request_row_B.numpy()]
        return FeaturePiece(
            samples=self._tables.samples(chunk, clock_row_B=clock_row_B),
            clocks=self._tables.clocks(chunk.samples, request_R),
            batch=chunk.samples,
            log_row_B=chunk.log_row_B,
            clock_row_B=clock_row_B,
            clocks_RHV={name: each[request_R] for name, each in chunk.samples.clocks.items()},
        )

    def histories(self) -> pa.Table:
        """Each user's behaviours in the order in which they became known, a row each."""
        offset_U, offset_E = self.behaviours.offset_U.numpy(), self.behaviours.utc_offset_minutes_E
        assert offset_E is not None  # the state's behaviours have them
        user_E = np.repeat(np.arange(offset_U.size - 1), np.diff(offset_U))
        return pa.table(
            {
                "user_id": self.folder.vocabulary("user").take(pa.array(user_E - 1)),
                "item_id": self.folder.vocabulary("item").take(pa.array(self.behaviours.item_E.numpy() - 1)),
                "timestamp_ms": self.behaviours.timestamp_ms_E.numpy(),
                "second_of_day": self.behaviours.second_of_day_E.numpy(),
                "utc_offset_minutes": offset_E.numpy(),
            }
        )

    def vocabularies(self) -> dict[str, pa.Array]:
        """Ids and values by number, the one with number n at n - 1; all but ids as text."""
        schema = self.folder.schema
        texts = [f"attribute.{name}" for name in schema.attributes]
        texts += [f"context.{name}" for name in schema.with_ids]
        vocabularies = {name: self.folder.vocabulary(name) for name in ("user", "item")}
        return vocabularies | {name: self.folder.vocabulary(name).cast(pa.string()) for name in texts}


def _days(samples: Batch) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A request of each user and UTC day that occurs, and which of these days each request is of."""
    first_M = samples.first_M
    day_ms_M = utc_day_start_ms(samples.timestamp_ms_B[first_M]).numpy()
    both = np.stack([samples.user_B[first_M].numpy(), day_ms_M], axis=1)
    _, request_R, day_of_M = np.unique(both, axis=0, return_index=True, return_inverse=True)
    return request_R, day_of_M.ravel()
