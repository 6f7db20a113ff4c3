"""Where a stream is cut into the part to train on, the part to choose on and the part to report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.errors import LogError

__all__ = ["Split", "split_by_time"]

EIGHTHS = 8


@dataclass(frozen=True, kw_only=True)
class Split:
    """Rows ``[0, validation_start)`` train, ``[validation_start, test_start)`` choose, the rest report.

    Args:
        validation_start: first row of the validation part.
        test_start: first row of the test part.
        events: rows in all.
        validation_start_ms: UTC milliseconds of the first validation row.
        test_start_ms: UTC milliseconds of the first test row.

    Example:
        >>> split = split_by_time(np.arange(0, 80, 10))
        >>> split.validation_start, split.test_start, split.test_start_ms
        (6, 7, 70)
    """

    validation_start: int
    test_start: int
    events: int
    validation_start_ms: int
    test_start_ms: int


def split_by_time(timestamp_ms_N: npt.NDArray[Any]) -> Split:
    """Cut at 6/8 and 7/8 of the events, each cut moved on to the next timestamp.

    Rows of one millisecond are never parted; a request shown over several may be.
    Source: the papers' eight weeks, six to train, one to validate, one to test; here by event count.

    Args:
        timestamp_ms_N: UTC milliseconds in ascending order, int64.

    Raises:
        LogError: a part would be empty.
        ValueError: the timestamps do not ascend.

    Example:
        >>> split = split_by_time(np.sort(np.append(np.arange(15), 11)))
        >>> split.validation_start, split.test_start      # the two at 11 stay together
        (13, 14)
    """
    descends = np.flatnonzero(np.diff(timestamp_ms_N) < 0)
    if len(descends):
        raise ValueError(
            f"row {descends[0] + 1} is earlier than the row before it; sort by timestamp_ms first"
        )
    events = len(timestamp_ms_N)
    validation_start = _next_timestamp(timestamp_ms_N, events * 6 // EIGHTHS)
    test_start = _next_timestamp(timestamp_ms_N, events * 7 // EIGHTHS)
    if not 0 < validation_start < test_start < events:
        raise LogError(
            f"{events} events at {len(np.unique(timestamp_ms_N))} moments cannot be cut at 6/8 and 7/8 "
            "without an empty part; give a longer log"
        )
    return Split(
        validation_start=validation_start,
        test_start=test_start,
        events=events,
        validation_start_ms=int(timestamp_ms_N[validation_start]),
        test_start_ms=int(timestamp_ms_N[test_start]),
    )


def _next_timestamp(timestamp_ms_N: npt.NDArray[Any], row: int) -> int:
    """The first row at or after ``row`` whose timestamp differs from the one before it."""
    if row == 0:
        return 0
    return int(np.searchsorted(timestamp_ms_N, timestamp_ms_N[row - 1], side="right"))
