"""Exposures whose labels may still come: one row each, found by serial number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.admission.label_events import LabelEvents
from interestclock.admission.serial_columns import Column, SerialColumns
from interestclock.arrays import Arrays

__all__ = ["OPEN", "OpenExposures"]

# Shapes: N exposures, J labels.

IntArray = npt.NDArray[np.integer]
OPEN = -1  # a label that has not come
_NEVER = np.iinfo(np.int64).max


class OpenExposures:
    """Accepted exposures by serial number (from 0, in order of arrival), until nothing can change them.

    Args:
        labels: J, how many labels an exposure has.

    Raises:
        ValueError: (from what takes serial numbers) one of them is not open.

    Example:
        >>> exposures = OpenExposures(labels=1)
        >>> exposures.append(np.array([500]), np.array([1_000]))
        array([0])
        >>> exposures.set_labels(LabelEvents(
        ...     known_ms_E=np.array([900]), serial_E=np.array([0]),
        ...     label_E=np.array([0], np.int8), value_E=np.array([1], np.int8)))
        >>> exposures.resolved_ms(np.array([0])).tolist(), exposures.label_NJ(np.array([0])).tolist()
        ([900], [[1]])
    """

    def __init__(self, *, labels: int) -> None:
        self._columns = SerialColumns(
            {
                "timestamp_ms": Column(kind=np.int64),
                "until_ms": Column(kind=np.int64),
                "label": Column(kind=np.int8, fill=OPEN, width=labels),
                "known_ms": Column(kind=np.int64, fill=_NEVER, width=labels),
            }
        )

    @property
    def first(self) -> int:
        """The lowest serial number that may be open."""
        return self._columns.first

    @property
    def stop(self) -> int:
        """The serial number that the next exposure will have."""
        return self._columns.stop

    def append(self, timestamp_ms_N: IntArray, until_ms_N: IntArray) -> npt.NDArray[np.int64]:
        """Open exposures, whose labels may come until a moment; gives their serial numbers."""
        serial_N = self._columns.append(timestamp_ms_N.size)
        self._columns.put("timestamp_ms", serial_N, timestamp_ms_N)
        self._columns.put("until_ms", serial_N, until_ms_N)
        return serial_N

    def column(self, name: str, serial_N: IntArray) -> npt.NDArray[Any]:
        """A column at serial numbers: ``timestamp_ms`` or ``until_ms``."""
        return self._columns.get(name, serial_N)

    def until_ms(self) -> npt.NDArray[np.int64]:
        """Until when labels may be known, of each exposure that is open, in order."""
        return self._columns.held("until_ms")

    def set_labels(self, labels: LabelEvents) -> None:
        """Note labels and when they were known, each label of an exposure once."""
        self._columns.put("label", labels.serial_E, labels.value_E, at=labels.label_E)
        self._columns.put("known_ms", labels.serial_E, labels.known_ms_E, at=labels.label_E)

    def label_NJ(self, serial_N: IntArray) -> npt.NDArray[np.int8]:  # noqa: N802  shapes stand in names
        """Labels, int8 (N, J), ``OPEN`` where none has come."""
        labels_NJ: npt.NDArray[np.int8] = self._columns.get("label", serial_N)
        return labels_NJ

    def resolved_ms(self, serial_N: IntArray) -> npt.NDArray[np.int64]:
        """From when on nothing changes any more: all labels known, or the wait over."""
        last_known_ms_N = self._columns.get("known_ms", serial_N).max(axis=1)
        resolved_ms_N: npt.NDArray[np.int64] = np.minimum(last_known_ms_N, self.column("until_ms", serial_N))
        return resolved_ms_N

    def close_before(self, serial: int) -> None:
        """Forget all exposures below a serial number."""
        self._columns.close_before(serial)

    def state(self) -> Arrays:
        """For a checkpoint."""
        return self._columns.state()

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._columns.restore(state)
