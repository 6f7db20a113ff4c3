"""What a request reads of its user and its time, by ids: the same words for whoever made the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from interestclock.histories import Histories
from interestclock.samples.batch import Batch
from interestclock.state import FeatureView

__all__ = ["RequestFeatures", "request_features"]

# Shapes: M requests, H hour buckets, V values.

Id = int | str
Behaviour = tuple[Id | None, int, int]


@dataclass(frozen=True, kw_only=True)
class RequestFeatures:
    """Features of one request, but for those of its candidates; comparable between states and stores.

    Args:
        at_ms: as of when, UTC milliseconds. second_of_day, day_of_week: local; 0 is Monday.
        known_behaviours: how many of the user's were known.
        behaviours: those that are read, oldest first: item (None of one that is gone), UTC milliseconds,
            local second of the day.
        clocks: by clock attribute, of each bucket of the day the best values, best first.

    Example:
        >>> RequestFeatures(at_ms=0, second_of_day=0, day_of_week=3, known_behaviours=0).clocks
        {}
    """

    at_ms: int
    second_of_day: int
    day_of_week: int
    known_behaviours: int
    behaviours: tuple[Behaviour, ...] = ()
    clocks: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


def request_features(
    batch: Batch, histories: Histories, view: FeatureView, *, request: int, most: int
) -> RequestFeatures:
    """What a batch has for one of its requests.

    Args:
        batch: made of ``view``. histories: of the view, as they were when the batch was made.
        request: its row among the M. most: behaviours, the newest.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.samples import BatchMaker, Rows
        >>> from interestclock.state import FeatureState, StateConfig
        >>> state = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
        >>> one = np.array([1])
        >>> rows = Rows(user_B=0 * one, item_B=0 * one, request_B=one, timestamp_ms_B=one,
        ...     second_of_day_B=7 * one, day_of_week_B=3 * one, known_ms_B=one)
        >>> batch = BatchMaker(recent=1, clocks=False).make(rows, state)
        >>> request_features(batch, state.histories(), state, request=0, most=5).second_of_day
        7
    """
    row = int(batch.first_M[request])
    known = batch.known_behaviours_B[row : row + 1]
    start, stop = (int(each[0]) for each in histories.newest(batch.user_B[row : row + 1], known, most=most))
    return RequestFeatures(
        at_ms=int(batch.timestamp_ms_B[row]),
        second_of_day=int(batch.second_of_day_B[row]),
        day_of_week=int(batch.day_of_week_B[row]),
        known_behaviours=int(known[0]),
        behaviours=_behaviours(histories, view, start, stop),
        clocks={name: _named(best_MHV[request], view, name) for name, best_MHV in batch.clocks.items()},
    )


def _behaviours(histories: Histories, view: FeatureView, start: int, stop: int) -> tuple[Behaviour, ...]:
    if start == stop:
        return ()
    columns = (
        view.ids("item", histories.item_E[start:stop].numpy()).to_pylist(),
        histories.timestamp_ms_E[start:stop].tolist(),
        histories.second_of_day_E[start:stop].tolist(),
    )
    return tuple(zip(*columns, strict=True))


def _named(best_HV: torch.Tensor, view: FeatureView, name: str) -> tuple[tuple[str, ...], ...]:
    number_HV = best_HV.numpy()
    there_HV = number_HV > 0
    texts = iter(pc.take(view.named(name), pa.array(number_HV[there_HV] - 1)).to_pylist())
    counts = np.count_nonzero(there_HV, axis=1).tolist()
    return tuple(tuple(next(texts) for _ in range(count)) for count in counts)
