"""Exposures whose labels may still come: one row each, found by serial number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["OPEN", "OpenExposures"]

# Shapes: N exposures, K labels, S all that are open.

IntArray = npt.NDArray[np.integer]
OPEN = -1  # a label that has not come
_NEVER = np.iinfo(np.int64).max


class OpenExposures:
    """Accepted exposures by serial number (from 0, in order of arrival), until nothing can change them.

    Args:
        labels: K, how many labels an exposure has.

    Raises:
        ValueError: (from what takes serial numbers) one of them is not open.

    Example:
        >>> exposures = OpenExposures(labels=1)
        >>> exposures.append(np.array([500]), np.array([1_000]))
        array([0])
        >>> exposures.set_labels(np.array([0]), 0, value_N=np.array([1]), known_ms_N=np.array([900]))
        >>> exposures.resolved_ms(np.array([0])).tolist(), exposures.label_NK(np.array([0])).tolist()
        ([900], [[1]])
    """

    def __init__(self, *, labels: int) -> None:
        self.first = 0
        self.stop = 0
        self._columns: dict[str, npt.NDArray[Any]] = {
            "timestamp_ms": np.zeros(0, np.int64),
            "until_ms": np.zeros(0, np.int64),
            "user": np.zeros(0, np.int32),
            "item": np.zeros(0, np.int32),
            "second_of_day": np.zeros(0, np.int32),
            "engaged": np.zeros(0, np.bool_),
            "label": np.zeros((0, labels), np.int8),
            "known_ms": np.zeros((0, labels), np.int64),
        }

    def append(self, timestamp_ms_N: IntArray, until_ms_N: IntArray) -> npt.NDArray[np.int64]:
        """Open exposures, whose labels may come until a moment; gives their serial numbers."""
        serial_N = np.arange(self.stop, self.stop + timestamp_ms_N.size)
        self.stop += timestamp_ms_N.size
        self._make_room()
        place_N = self._places(serial_N)
        self._columns["timestamp_ms"][place_N] = timestamp_ms_N
        self._columns["until_ms"][place_N] = until_ms_N
        self._columns["label"][place_N] = OPEN
        self._columns["known_ms"][place_N] = _NEVER
        self._columns["engaged"][place_N] = False
        return serial_N

    def describe(self, serial_N: IntArray, *, user_N: IntArray, item_N: IntArray, second_N: IntArray) -> None:
        """Note who saw what, in numbers, once they have some."""
        place_N = self._places(serial_N)
        for name, values_N in (("user", user_N), ("item", item_N), ("second_of_day", second_N)):
            self._columns[name][place_N] = values_N

    def column(self, name: str, serial_N: IntArray) -> npt.NDArray[Any]:
        """A column at serial numbers; ``user``, ``item`` and ``second_of_day`` once described."""
        values: npt.NDArray[Any] = self._columns[name][self._places(serial_N)]
        return values

    def span_ms(self, serial: int) -> tuple[int, int]:
        """When an exposure was shown, and until when its labels may be known."""
        place = serial - self.first
        return int(self._columns["timestamp_ms"][place]), int(self._columns["until_ms"][place])

    def set_labels(self, serial_N: IntArray, label: int, *, value_N: IntArray, known_ms_N: IntArray) -> None:
        """Note labels and when they were known, no serial number twice."""
        place_N = self._places(serial_N)
        self._columns["label"][place_N, label] = value_N
        self._columns["known_ms"][place_N, label] = known_ms_N

    def engage(self, serial_N: IntArray) -> npt.NDArray[np.bool_]:
        """Mark exposures as engaged with; true for those, in order, that were not yet."""
        place_N = self._places(serial_N)
        _, first_N = np.unique(place_N, return_index=True)
        new_N = np.zeros(serial_N.size, np.bool_)
        new_N[first_N] = ~self._columns["engaged"][place_N[first_N]]
        self._columns["engaged"][place_N] = True
        return new_N

    def label_NK(self, serial_N: IntArray) -> npt.NDArray[np.int8]:  # noqa: N802  shapes stand in names
        """Labels, int8 (N, K), ``OPEN`` where none has come."""
        labels_NK: npt.NDArray[np.int8] = self._columns["label"][self._places(serial_N)]
        return labels_NK

    def resolved_ms(self, serial_N: IntArray) -> npt.NDArray[np.int64]:
        """From when on nothing changes any more: all labels known, or the wait over."""
        last_known_ms_N = self._columns["known_ms"][self._places(serial_N)].max(axis=1)
        resolved_ms_N: npt.NDArray[np.int64] = np.minimum(last_known_ms_N, self.column("until_ms", serial_N))
        return resolved_ms_N

    def close_before(self, serial: int) -> None:
        """Forget all exposures below a serial number; memory is given back when half of it is unused."""
        unused = min(serial, self.stop) - self.first
        held = self.stop - self.first
        if unused > 0 and 2 * unused >= held:
            for name, values_S in self._columns.items():
                self._columns[name] = values_S[unused:held].copy()
            self.first += unused

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        held = self.stop - self.first
        return {"span": np.array([self.first, self.stop])} | {
            name: values_S[:held] for name, values_S in self._columns.items()
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.first, self.stop = state["span"].tolist()
        self._columns = {name: np.array(state[name]) for name in self._columns}

    def _places(self, serial_N: IntArray) -> IntArray:
        """Where exposures stand; one that was forgotten must not be taken for another."""
        places_N: IntArray = serial_N - self.first
        if (
            places_N.size and places_N.astype(np.uint64).max() >= self.stop - self.first
        ):  # less than 0 is huge
            named = f"exposures {serial_N.min()} to {serial_N.max()}"
            raise ValueError(f"{named}, but {self.first} to {self.stop - 1} are open")
        return places_N

    def _make_room(self) -> None:
        held = self.stop - self.first
        for name, values_S in self._columns.items():
            missing = held - len(values_S)
            if missing > 0:
                spare = np.zeros((max(missing, len(values_S) // 2), *values_S.shape[1:]), values_S.dtype)
                self._columns[name] = np.concatenate([values_S, spare])
