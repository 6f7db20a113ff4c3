"""Columns of exposures by serial number, from the first that is still of interest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import Arrays, with_room

__all__ = ["Column", "SerialColumns"]

# Shapes: N exposures, S all that are held.

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class Column:
    """What stands in a column until it is set.

    Args:
        kind: its type. fill: the value. width: values of an exposure; 0 is a lone one.
    """

    kind: type[np.generic]
    fill: float | None = 0
    width: int = 0


class SerialColumns:
    """Exposures by serial number, in order of admission, until they are closed.

    Raises:
        ValueError: (from what takes serial numbers) one of them is not held.

    Example:
        >>> held = SerialColumns({"user": Column(kind=np.int32, fill=-1)})
        >>> held.append(3)
        array([0, 1, 2])
        >>> held.put("user", np.array([2]), np.array([7]))
        >>> held.close_before(1)
        >>> held.get("user", np.array([1, 2])).tolist()
        [-1, 7]
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.first = self.stop = 0
        self._base = 0  # the serial number of the first place
        self._about = dict(columns)
        self._columns = {name: _none(about) for name, about in self._about.items()}

    def append(self, count: int) -> npt.NDArray[np.int64]:
        """Hold so many exposures more; gives their serial numbers."""
        serial_N = np.arange(self.stop, self.stop + count)
        self.stop += count
        for name, values_S in self._columns.items():
            self._columns[name] = with_room(values_S, self.stop - self._base, fill=self._about[name].fill)
        return serial_N

    def get(self, name: str, serial_N: IntArray) -> npt.NDArray[Any]:
        """A column at serial numbers."""
        values: npt.NDArray[Any] = self._columns[name][self._places(serial_N)]
        return values

    def put(self, name: str, serial_N: IntArray, values_N: Any, *, at: IntArray | None = None) -> None:
        """Set a column at serial numbers; of a wide one the value ``at`` a place each."""
        place_N = self._places(serial_N)
        self._columns[name][place_N if at is None else (place_N, at)] = values_N

    def held(self, name: str) -> npt.NDArray[Any]:
        """A column, from ``first`` on."""
        return self._columns[name][self.first - self._base : self.stop - self._base]

    def close_before(self, serial: int) -> None:
        """Forget all exposures below a serial number; memory is given back when half of it is unused."""
        self.first = max(self.first, min(serial, self.stop))
        unused, held = self.first - self._base, self.stop - self._base
        if unused > 0 and 2 * unused >= held:
            self._columns = {name: each[unused:held].copy() for name, each in self._columns.items()}
            self._base = self.first

    def state(self) -> Arrays:
        """For a checkpoint."""
        return {"span": np.array([self.first, self.stop])} | {name: self.held(name) for name in self._columns}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.first, self.stop = state["span"].tolist()
        self._base = self.first
        self._columns = {name: np.array(state[name]) for name in self._columns}

    def _places(self, serial_N: IntArray) -> IntArray:
        """Where exposures stand; one that was forgotten must not be taken for another."""
        if serial_N.size and not (serial_N.min() >= self.first and serial_N.max() < self.stop):
            named = f"exposures {serial_N.min()} to {serial_N.max()}"
            raise ValueError(f"{named}, but {self.first} to {self.stop - 1} are open")
        return serial_N - self._base


def _none(about: Column) -> npt.NDArray[Any]:
    return np.zeros((0, about.width) if about.width else 0, about.kind)
