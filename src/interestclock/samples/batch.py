"""What a ranker is asked and, later, taught: exposures as named tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from interestclock.histories import Histories, HistoryWindow

__all__ = ["Batch", "SampleChunk"]

# Shapes: B exposures, R requests, N behaviours last seen, H hour buckets, V values, L behaviours.


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Exposures in stream order; a request's exposures stand together and never in two batches.

    Args:
        user_B, item_B: int64 dense numbers, from 1. request_B: int64, ascending.
        timestamp_ms_B: int64 UTC. second_of_day_B: int64 local. day_of_week_B: int64, 0 = Monday.
        known_ms_B: int64, when the last of the exposure's labels becomes known.
        known_behaviours_B: int64, how many of the user's behaviours were known strictly before.
        labels: int8 (B,) per task; -1 is missing.
        recent_BN: int64 items of the newest behaviours, newest last, 0 where there are fewer.
        categorical: int64 (B,) each. multivalued: int64 (B, V). numeric: float32 (B,), NaN is missing.
        clocks: int64 (B, H, V) per clock attribute: Eq. 3's best values by hour bucket, 0 is none.

    Example:
        >>> zeros = torch.zeros(2, dtype=torch.int64)
        >>> batch = Batch(user_B=zeros, item_B=zeros, request_B=zeros, timestamp_ms_B=zeros,
        ...     second_of_day_B=zeros, day_of_week_B=zeros, known_ms_B=zeros, known_behaviours_B=zeros,
        ...     labels={}, recent_BN=zeros.reshape(2, 1))
        >>> len(batch)
        2
    """

    user_B: Tensor
    item_B: Tensor
    request_B: Tensor
    timestamp_ms_B: Tensor
    second_of_day_B: Tensor
    day_of_week_B: Tensor
    known_ms_B: Tensor
    known_behaviours_B: Tensor
    labels: dict[str, Tensor]
    recent_BN: Tensor
    categorical: dict[str, Tensor] = field(default_factory=dict)
    multivalued: dict[str, Tensor] = field(default_factory=dict)
    numeric: dict[str, Tensor] = field(default_factory=dict)
    clocks: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.user_B.shape[0]

    def windows(self, histories: Histories, *, most: int) -> tuple[HistoryWindow, Tensor]:
        """The long history before each request, once per request, and each exposure's request.

        Returns:
            A window over R requests, and int64 (B,) with values 0..R-1.
        """
        starts_B = torch.ones(len(self), dtype=torch.bool, device=self.request_B.device)
        starts_B[1:] = self.request_B[1:] != self.request_B[:-1]
        window = histories.newest(self.user_B[starts_B], self.known_behaviours_B[starts_B], most=most)
        return window, starts_B.cumsum(0) - 1

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        moved = {
            name: value.to(device)
            if isinstance(value, Tensor)
            else {k: v.to(device) for k, v in value.items()}
            for name, value in vars(self).items()
        }
        return Batch(**moved)


@dataclass(frozen=True, kw_only=True)
class SampleChunk:
    """A stretch of samples as it lies on disk, whole requests only.

    Args:
        samples: as a Batch, but with empty clocks.
        clock_row_B: int64, each exposure's row in ``clock_rows``; row 0 is an empty clock.
        clock_rows: int32 (rows, H, V) per clock attribute.
        truths: float64 (B,) per label whose true probability is known.
        sizes: how many ids each feature had by the end of the chunk.
    """

    samples: Batch
    clock_row_B: Tensor
    clock_rows: dict[str, Tensor]
    truths: dict[str, Tensor]
    sizes: dict[str, int]

    def __len__(self) -> int:
        return len(self.samples)

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Consecutive batches of whole requests, as many as fit ``batch_size`` (at least one)."""
        for start, stop in self.cuts(batch_size):
            yield self.rows(slice(start, stop))

    def cuts(self, batch_size: int) -> Iterator[tuple[int, int]]:
        """First and last + 1 row of each batch."""
        request_B = self.samples.request_B.numpy()
        ends = np.append(np.flatnonzero(np.diff(request_B)) + 1, request_B.size)
        start = 0
        while start < request_B.size:
            fitting = int(np.searchsorted(ends, start + batch_size, side="right"))
            first_end = int(np.searchsorted(ends, start, side="right"))
            stop = int(ends[max(fitting - 1, first_end)])
            yield start, stop
            start = stop

    def rows(self, index: slice | Tensor) -> Batch:
        """Some of the samples, with their clocks."""
        s = self.samples
        row_B = self.clock_row_B[index]
        return Batch(
            user_B=s.user_B[index],
            item_B=s.item_B[index],
            request_B=s.request_B[index],
            timestamp_ms_B=s.timestamp_ms_B[index],
            second_of_day_B=s.second_of_day_B[index],
            day_of_week_B=s.day_of_week_B[index],
            known_ms_B=s.known_ms_B[index],
            known_behaviours_B=s.known_behaviours_B[index],
            recent_BN=s.recent_BN[index],
            labels={name: values[index] for name, values in s.labels.items()},
            categorical={name: values[index] for name, values in s.categorical.items()},
            multivalued={name: values[index] for name, values in s.multivalued.items()},
            numeric={name: values[index] for name, values in s.numeric.items()},
            clocks={name: rows[row_B].to(torch.int64) for name, rows in self.clock_rows.items()},
        )
