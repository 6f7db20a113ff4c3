"""What a ranker is asked and, later, taught: exposures as named tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from interestclock.histories import Histories
from interestclock.samples.context import ContextTensors

__all__ = ["Batch", "SampleChunk", "request_starts"]

# Shapes: B exposures, M requests, K behaviours last seen, H hour buckets, V values, L behaviours.


def request_starts(
    user_B: npt.NDArray[np.integer], *same_B: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """True on the first of each run of exposures of one user at one time: a request.

    What depends on the user and the time alone (clock, recent items, long history) is the same for
    all candidates of a request, and is computed once.

    Args:
        user_B: their users. same_B: what else must not change within a request, such as the time.

    Example:
        >>> request_starts(np.array([1, 1, 2]), np.array([5, 5, 5])).tolist()
        [True, False, True]
    """
    starts_B = np.ones(user_B.size, np.bool_)
    starts_B[1:] = user_B[1:] != user_B[:-1]
    for column_B in same_B:
        starts_B[1:] |= column_B[1:] != column_B[:-1]
    return starts_B


@dataclass(frozen=True, kw_only=True)
class Batch(ContextTensors):
    """Exposures in stream order; a request's exposures stand together and never in two batches.

    Args:
        user_B, item_B: int64 dense numbers, from 1. request_B: int64, ascending.
        timestamp_ms_B: int64 UTC. second_of_day_B: int64 local. day_of_week_B: int64, 0 = Monday.
        known_ms_B: int64, when the last of the exposure's labels becomes known.
        known_behaviours_B: int64, how many of the user's behaviours were known strictly before.
        request_row_B: int64, the request (row of the M) of each exposure. first_M: int64, a request's
            first exposure.
        labels: int8 (B,) per task; -1 is missing.
        recent_MK: int64 items of the newest behaviours, 0 where there are fewer.
        (and context, as ``ContextTensors`` has it)
        clocks: integers (M, H, V) per clock attribute: Eq. 3's best values by hour bucket, 0 is none.
        carried: (B,) each, what no ranker reads: whoever made or asked the batch finds it there later.

    Example:
        >>> zeros = torch.zeros(2, dtype=torch.int64)
        >>> batch = Batch(user_B=zeros, item_B=zeros, request_B=zeros, timestamp_ms_B=zeros,
        ...     second_of_day_B=zeros, day_of_week_B=zeros, known_ms_B=zeros, known_behaviours_B=zeros,
        ...     request_row_B=zeros, first_M=zeros[:1], labels={}, recent_MK=zeros.reshape(1, 2))
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
    request_row_B: Tensor
    first_M: Tensor
    recent_MK: Tensor
    labels: dict[str, Tensor]
    clocks: dict[str, Tensor] = field(default_factory=dict)
    carried: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.user_B.shape[0]

    def newest(self, histories: Histories, *, most: int) -> tuple[Tensor, Tensor]:
        """Where the newest ``most`` behaviours that each of the M requests may know stand in ``histories``.

        Args:
            histories: of all users, E behaviours. most: of a request, at most.

        Returns:
            ``start_M`` and ``stop_M``, int64 (M,): positions into ``histories.item_E`` and whatever else ends
            in ``_E``, the first and the one behind the last, oldest first. Who has no past has both equal;
            that may be everyone, with E of 0.

        Example:
            >>> ones, user_B = torch.ones(2, dtype=torch.int64), torch.tensor([1, 2])
            >>> batch = Batch(user_B=user_B, item_B=ones, request_B=user_B, timestamp_ms_B=ones,
            ...     second_of_day_B=ones, day_of_week_B=ones, known_ms_B=ones,
            ...     known_behaviours_B=torch.tensor([0, 3]), request_row_B=torch.tensor([0, 1]),
            ...     first_M=torch.tensor([0, 1]), labels={}, recent_MK=ones.reshape(2, 1))
            >>> histories = Histories(
            ...     offset_U=torch.tensor([0, 0, 0]), item_E=torch.tensor([7, 8, 9]),
            ...     second_of_day_E=torch.tensor([60, 120, 180]), timestamp_ms_E=torch.tensor([1, 2, 3]))
            >>> start_M, stop_M = batch.newest(histories, most=2)  # user 1 has no past
            >>> [histories.item_E[start:stop].tolist() for start, stop in zip(start_M, stop_M)]
            [[], [8, 9]]
        """
        return histories.newest(self.user_B[self.first_M], self.known_behaviours_B[self.first_M], most=most)

    def select(self, index_X: Tensor) -> Batch:
        """The exposures at an index, in its order; ``request_B`` need not ascend any more."""
        request_U, request_row_X = torch.unique(self.request_row_B[index_X], return_inverse=True)
        first_U = torch.zeros_like(request_U)
        last_to_first_X = torch.arange(len(index_X) - 1, -1, -1, device=index_X.device)
        first_U[request_row_X.flip(0)] = last_to_first_X  # written last, so kept: the first occurrence
        by_exposure = [f.name for f in fields(self) if f.name not in _PER_REQUEST]
        taken: dict[str, Any] = {name: _indexed(getattr(self, name), index_X) for name in by_exposure}
        return Batch(
            **taken,
            request_row_B=request_row_X,
            first_M=first_U,
            recent_MK=self.recent_MK[request_U],
            clocks=_indexed(self.clocks, request_U),
        )

    @staticmethod
    def joined(batches: Sequence[Batch]) -> Batch:
        """Several batches as one."""
        requests = [len(batch.first_M) for batch in batches]
        rows = [len(batch) for batch in batches]
        joined = {f.name: _concatenated([getattr(b, f.name) for b in batches]) for f in fields(Batch)}
        for name, sizes, counts in (("request_row_B", requests, rows), ("first_M", rows, requests)):
            before = torch.tensor([0, *sizes[:-1]]).cumsum(0)
            joined[name] = joined[name] + before.repeat_interleave(torch.tensor(counts))
        return Batch(**joined)

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        if self.user_B.device == device:
            return self
        moved: dict[str, Any] = {f.name: _moved(getattr(self, f.name), device) for f in fields(self)}
        return Batch(**moved)


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    return {name: tensor.to(device) for name, tensor in value.items()}


def _indexed(value: Any, index_X: Tensor | slice) -> Any:
    if isinstance(value, Tensor):
        return value[index_X]
    return {name: tensor[index_X] for name, tensor in value.items()}


def _concatenated(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {name: _concatenated([value[name] for value in values]) for name in first}
    if first.ndim == 2:  # values per exposure: chunks may differ in how many the fullest one has
        width = max(tensor.shape[1] for tensor in values)
        return torch.cat([functional.pad(tensor, (0, width - tensor.shape[1])) for tensor in values])
    return torch.cat(list(values))


_PER_REQUEST = ("recent_MK", "request_row_B", "first_M", "clocks")


@dataclass(frozen=True, kw_only=True)
class SampleChunk:
    """Samples that lie together on disk, whole requests only.

    Args:
        samples: all of them as one batch; clocks are int32.
        truths: float64 (B,) per label whose true probability is known.
        sizes: how many ids each feature had by the end of the chunk.
        log_row_B: int64, the log's row that each sample is; 0 for a sampled candidate, which is none.
    """

    samples: Batch
    truths: dict[str, Tensor]
    sizes: dict[str, int]
    log_row_B: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.samples)

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Consecutive batches of whole requests, as many as fit ``batch_size`` (at least one)."""
        for start, stop in self._boundaries(batch_size):
            yield self.rows(start, stop)

    def _boundaries(self, batch_size: int) -> Iterator[tuple[int, int]]:
        request_B = self.samples.request_B.numpy()
        ends = np.append(np.flatnonzero(np.diff(request_B)) + 1, request_B.size)
        start = 0
        while start < request_B.size:
            fitting = int(np.searchsorted(ends, start + batch_size, side="right"))
            first_end = int(np.searchsorted(ends, start, side="right"))
            stop = int(ends[max(fitting - 1, first_end)])
            yield start, stop
            start = stop

    def rows(self, start: int, stop: int) -> Batch:
        """Samples ``start`` to ``stop`` (exclusive); both on a request's edge."""
        s, part = self.samples, slice(start, stop)
        first = int(s.request_row_B[start])
        requests = slice(first, int(s.request_row_B[stop - 1]) + 1)
        return Batch(
            user_B=s.user_B[part],
            item_B=s.item_B[part],
            request_B=s.request_B[part],
            timestamp_ms_B=s.timestamp_ms_B[part],
            second_of_day_B=s.second_of_day_B[part],
            day_of_week_B=s.day_of_week_B[part],
            known_ms_B=s.known_ms_B[part],
            known_behaviours_B=s.known_behaviours_B[part],
            request_row_B=s.request_row_B[part] - first,
            first_M=(s.first_M[requests] - start).clamp(min=0),
            recent_MK=s.recent_MK[requests],
            labels={name: values[part] for name, values in s.labels.items()},
            **{f.name: _indexed(getattr(s, f.name), part) for f in fields(ContextTensors)},
            clocks={name: values[requests] for name, values in s.clocks.items()},
            carried={name: values[part] for name, values in s.carried.items()},
        )
