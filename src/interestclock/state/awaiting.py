"""Exposures whose labels may still come: who saw what, found by serial number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import Arrays

__all__ = ["NEVER_MS", "AwaitingLabels"]

# Shapes: N exposures, S all that await.

IntArray = npt.NDArray[np.integer]
NEVER_MS = np.iinfo(np.int64).max
_COLUMNS = {
    "timestamp_ms": np.int64,
    "engaged_ms": np.int64,  # when it was known to be engaged with; NEVER_MS until then
    "user": np.int32,
    "item": np.int32,
    "second_of_day": np.int32,
    "utc_offset_minutes": np.int16,
}


class AwaitingLabels:
    """Exposures by serial number, in order of admission, until no label of theirs can come any more.

    Raises:
        ValueError: (from what takes serial numbers) one of them is not there, or is out of order.

    Example:
        >>> awaiting = AwaitingLabels()
        >>> awaiting.append(np.array([0, 1]), timestamp_ms=np.array([5, 9]), user=np.array([1, 2]),
        ...     item=np.array([3, 3]), second_of_day=np.array([0, 0]), utc_offset_minutes=np.array([0, 0]))
        >>> awaiting.close_before_ms(9)
        >>> awaiting.first, awaiting.column("user", np.array([1])).tolist()
        (1, [2])
    """

    def __init__(self) -> None:
        self.first = self.stop = 0
        self._base = 0  # the serial number of the first place
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: np.zeros(0, kind) for name, kind in _COLUMNS.items()
        }

    def append(self, serial_N: IntArray, **columns: npt.NDArray[Any]) -> None:
        """Take exposures, with consecutive serial numbers that go on from the last.

        Args:
            serial_N: (N,). columns: all but ``engaged_ms``, (N,) each.
        """
        if not serial_N.size:
            return
        if self.first == self.stop:  # nothing awaits: serial numbers may begin anywhere
            self.first = self.stop = self._base = int(serial_N[0])
        if serial_N[0] != self.stop or serial_N[-1] - serial_N[0] + 1 != serial_N.size:
            raise ValueError(f"exposures {serial_N[0]} to {serial_N[-1]} do not go on from {self.stop}")
        self.stop += serial_N.size
        self._make_room()
        places = slice(self.stop - serial_N.size - self._base, self.stop - self._base)
        for name, values_N in columns.items():
            self._columns[name][places] = values_N
        self._columns["engaged_ms"][places] = NEVER_MS

    def column(self, name: str, serial_N: IntArray) -> npt.NDArray[Any]:
        """A column at serial numbers."""
        values: npt.NDArray[Any] = self._columns[name][self._places(serial_N)]
        return values

    def engage(self, serial_N: IntArray, known_ms_N: IntArray) -> None:
        """Note when exposures, each once, were known to be engaged with."""
        self._columns["engaged_ms"][self._places(serial_N)] = known_ms_N

    def close_before_ms(self, timestamp_ms: int) -> None:
        """Forget exposures shown before a moment, up to the first that was not."""
        shown_ms_S = self._columns["timestamp_ms"][self.first - self._base : self.stop - self._base]
        stays = shown_ms_S >= timestamp_ms
        self.first += int(np.argmax(stays)) if stays.any() else stays.size
        unused, held = self.first - self._base, self.stop - self._base
        if unused > 0 and 2 * unused >= held:
            self._columns = {name: each[unused:held].copy() for name, each in self._columns.items()}
            self._base = self.first

    def state(self) -> Arrays:
        """For a checkpoint."""
        held = slice(self.first - self._base, self.stop - self._base)
        return {"span": np.array([self.first, self.stop])} | {
            name: values_S[held] for name, values_S in self._columns.items()
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.first, self.stop = state["span"].tolist()
        self._base = self.first
        self._columns = {name: np.array(state[name]) for name in self._columns}

    def _places(self, serial_N: IntArray) -> IntArray:
        """Where exposures stand; one that was forgotten must not be taken for another."""
        if serial_N.size and not (serial_N.min() >= self.first and serial_N.max() < self.stop):
            named = f"exposures {serial_N.min()} to {serial_N.max()}"
            raise ValueError(f"{named}, but {self.first} to {self.stop - 1} await labels")
        return serial_N - self._base

    def _make_room(self) -> None:
        held = self.stop - self._base
        for name, values_S in self._columns.items():
            missing = held - values_S.size
            if missing > 0:
                spare = np.zeros(max(missing, values_S.size // 2), values_S.dtype)
                self._columns[name] = np.concatenate([values_S, spare])
