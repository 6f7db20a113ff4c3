"""Rows and a view become a batch: the one place where a sample's features are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from interestclock.arrays import whole_tensor
from interestclock.samples.batch import Batch, request_starts
from interestclock.samples.context import ContextArrays, context_tensors
from interestclock.state import FeatureView
from interestclock.timeofday import utc_day_start_ms

__all__ = ["BatchMaker", "Rows"]

# Shapes: B exposures, V values.

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Rows(ContextArrays):
    """Exposures to be ranked, in stream order; a request's stand together.

    Args:
        user_B, item_B: slots of the view. request_B: ascending. timestamp_ms_B: UTC.
        second_of_day_B: local. day_of_week_B: local, 0 = Monday.
        known_ms_B: when the last of the labels becomes known.
        labels: int8 (B,) per task; -1 is missing.
        (and context, as ``ContextArrays`` has it)
        carried: numbers (B,) each, that no ranker reads.
    """

    user_B: IntArray
    item_B: IntArray
    request_B: IntArray
    timestamp_ms_B: IntArray
    second_of_day_B: IntArray
    day_of_week_B: IntArray
    known_ms_B: IntArray
    labels: Mapping[str, npt.NDArray[np.int8]] = field(default_factory=dict)
    carried: Mapping[str, IntArray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BatchMaker:
    """Makes batches, for comparing, training and serving alike.

    Args:
        recent: how many of the newest behaviours a batch carries.
        clocks: whether the Eq. 3 clocks are read.
        clocks_of_day: as of the start of the UTC day, rather than as of now.
        population_votes: κ, how many votes everyone else's come to in each bucket of a clock; 0 is none.

    Example:
        >>> import pyarrow as pa
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import FeatureState, StateConfig
        >>> state = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
        >>> one = np.array([1])
        >>> rows = Rows(user_B=0 * one, item_B=0 * one, request_B=one, timestamp_ms_B=one,
        ...     second_of_day_B=one, day_of_week_B=one, known_ms_B=one)
        >>> batch = BatchMaker(recent=2, clocks=False).make(rows, state)
        >>> batch.recent_MK.tolist(), batch.known_behaviours_B.tolist()
        ([[0, 0]], [0])
    """

    recent: int
    clocks: bool
    clocks_of_day: bool = True
    population_votes: float = 0.0

    def make(self, rows: Rows, view: FeatureView) -> Batch:
        """The batch that rows are, with features as of each exposure's own moment.

        Args:
            rows: exposures. view: of the state whose slots they carry.

        Raises:
            ValueError: the view is not complete any more as of some of them.
        """
        starts_B = request_starts(rows.user_B, rows.timestamp_ms_B, rows.second_of_day_B, rows.day_of_week_B)
        request_row_B, first_M = torch.from_numpy(np.cumsum(starts_B) - 1), np.flatnonzero(starts_B)
        user_M, now_ms_M = rows.user_B[first_M], rows.timestamp_ms_B[first_M]
        clocks_at_ms_M = utc_day_start_ms(now_ms_M) if self.clocks_of_day else now_ms_M
        features = view.read(
            user_M,
            now_ms_M,
            clocks_at_ms_M=clocks_at_ms_M if self.clocks else None,
            population_votes=self.population_votes,
        )
        known_M, histories = torch.from_numpy(features.known_M), view.histories()
        start_M, stop_M = histories.newest(whole_tensor(user_M), known_M, most=self.recent)
        return Batch(
            user_B=whole_tensor(rows.user_B),
            item_B=whole_tensor(rows.item_B),
            request_B=whole_tensor(rows.request_B),
            timestamp_ms_B=whole_tensor(rows.timestamp_ms_B),
            second_of_day_B=whole_tensor(rows.second_of_day_B),
            day_of_week_B=whole_tensor(rows.day_of_week_B),
            known_ms_B=whole_tensor(rows.known_ms_B),
            known_behaviours_B=known_M[request_row_B],
            request_row_B=request_row_B,
            first_M=torch.from_numpy(first_M),
            recent_MK=histories.items_between(start_M, stop_M, width=self.recent),
            labels={name: torch.from_numpy(each) for name, each in rows.labels.items()},
            **context_tensors(rows, whole_tensor),
            clocks={name: torch.from_numpy(each) for name, each in features.clocks.items()},
            carried={name: whole_tensor(each) for name, each in rows.carried.items()},
        )
