"""Up to which moment of the stream everything is there: no partition is waited for less than another."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.admission.dispositions import Disposition
from interestclock.arrays import below, texts_as_arrays, texts_in, under
from interestclock.events.message_types import unit_fault
from interestclock.timeofday import AFTER_ALL_MS, BEFORE_ALL_MS

__all__ = ["Watermark"]

# Shapes: T messages in the order in which they arrived, P partitions.

Times = npt.NDArray[np.int64]
_log = logging.getLogger("interestclock.admission")


class Watermark:
    """The least of what the partitions have reached, less the lateness; it never goes back.

    What a partition has reached is the newest event time seen in it. Those that are *awaited* hold the
    watermark back: each that has spoken, and each that a tick names, until a tick no longer names it. One
    that speaks again is awaited again. Once a tick awaits none, it moves the watermark to its own moment,
    less the lateness.

    A message is late if the watermark has passed its time and it stands behind its own partition's newest
    by more than the lateness. As long as its partition was awaited, the first implies the second. What the
    watermark has passed otherwise came after its partition was let go.

    All of it follows from messages and ticks in their order, not from how they are batched.

    Args:
        lateness_ms: how far an event's time may stand behind its partition's newest.

    Example:
        >>> watermark = Watermark(lateness_ms=10)
        >>> _ = watermark.passed(np.array([100, 500]), ["a", "b"], np.array([0, 1]))
        >>> watermark.at_ms                          # a may bring more from 90 on
        90
        >>> watermark.tick(awaited=("b",), polled_ms=600)
        >>> watermark.at_ms
        490
        >>> watermark.passed(np.array([101, 80, 495]), ["a", "b"], np.array([0, 0, 0]))[0]
        array([2, 1, 0], dtype=int8)
    """

    def __init__(self, *, lateness_ms: int) -> None:
        self.lateness_ms = lateness_ms
        self.at_ms: int = BEFORE_ALL_MS
        self.newest_ms: int = BEFORE_ALL_MS
        self._reached_ms: dict[str, int] = {}
        self._awaited: set[str] = set()
        self._unit_at_fault = False  # was warned of

    @property
    def reached_ms(self) -> int:
        """The newest event time of partitions that are there, also behind the end."""
        return max(self._reached_ms.values(), default=BEFORE_ALL_MS)

    def passed(
        self, time_ms_T: Times, names: list[str], partition_T: npt.NDArray[np.integer]
    ) -> tuple[npt.NDArray[np.int8], Times]:
        """Look at messages in the order of their arrival, and move on.

        Args:
            time_ms_T: (T,) int64, each one's event time. names: of partitions. partition_T: (T,) places in
                them.

        Returns:
            Dispositions, (T,) int8: ``USED``, ``LATE`` or ``LATE_AFTER_IDLE``; and where the watermark stood
            once each was seen, (T,) int64.
        """
        if not time_ms_T.size:
            return np.zeros(0, np.int8), np.zeros(0, np.int64)
        active_partitions = np.unique(partition_T).tolist()
        own_T = np.empty(time_ms_T.size, np.int64)
        least_T = np.full(
            time_ms_T.size, self._least_of_others({names[place] for place in active_partitions}), np.int64
        )
        for place in active_partitions:
            name, mine_T = names[place], partition_T == place
            before_ms = self._reached_ms.get(name, BEFORE_ALL_MS)
            reached_T = np.maximum.accumulate(np.where(mine_T, time_ms_T, before_ms))
            reached_T = np.maximum(reached_T, before_ms)
            own_T[mine_T] = reached_T[mine_T]
            self._reached_ms[name] = int(reached_T[-1])
            first = 0 if name in self._awaited else int(mine_T.argmax())
            np.minimum(least_T[first:], reached_T[first:], out=least_T[first:])
        self._awaited.update(names[place] for place in active_partitions)
        self.newest_ms = max(self.newest_ms, int(time_ms_T.max()))
        at_T = np.maximum(np.maximum.accumulate(least_T - self.lateness_ms), self.at_ms)
        self.at_ms = int(at_T[-1])
        behind_T = np.where(
            time_ms_T < own_T - self.lateness_ms, Disposition.LATE, Disposition.LATE_AFTER_IDLE
        )
        late_T = time_ms_T < at_T
        if late_T.any():
            self._look_at_units(time_ms_T[late_T])
        return np.where(late_T, behind_T, Disposition.USED).astype(np.int8), at_T

    def tick(self, *, awaited: Iterable[str], polled_ms: int) -> None:
        """Wait for these partitions, known or not, and for no others.

        Args:
            awaited: none, where the stream is quiet: then the watermark moves to ``polled_ms`` less the
                lateness. polled_ms: when, UTC milliseconds.
        """
        self._awaited = set(awaited)
        for name in self._awaited:
            self._reached_ms.setdefault(name, BEFORE_ALL_MS)
        least_ms = self._least_of_others(set()) if self._awaited else polled_ms
        self.at_ms = max(self.at_ms, least_ms - self.lateness_ms)

    def let_all_go(self) -> None:
        """No partition that has spoken brings anything more; the watermark stays for those that come."""
        self._reached_ms, self._awaited = {}, set()

    def end(self) -> None:
        """Nothing comes any more."""
        self.at_ms = self.newest_ms = AFTER_ALL_MS

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        names = sorted(self._reached_ms)
        return {
            "at_newest_ms": np.array([self.at_ms, self.newest_ms]),
            "reached_ms": np.array([self._reached_ms[name] for name in names], np.int64),
            "awaited": np.array([name in self._awaited for name in names], np.bool_),
            **under("names", texts_as_arrays(names)),
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.at_ms, self.newest_ms = state["at_newest_ms"].tolist()
        names = texts_in(below("names", state)).to_pylist()
        self._reached_ms = dict(zip(names, state["reached_ms"].tolist(), strict=True))
        awaited = zip(names, state["awaited"].tolist(), strict=True)
        self._awaited = {name for name, waits in awaited if waits}

    def _look_at_units(self, late_ms: Times) -> None:
        """Warn, once, where what is late is so for its time's unit; parsers refuse such, sources may not."""
        if self._unit_at_fault:
            return
        for time in np.unique(late_ms).tolist():
            fault = unit_fault(time)
            if fault is not None:
                self._unit_at_fault = True
                _log.warning("a message is late, but its unit is at fault: its time %d %s", time, fault)
                return

    def _least_of_others(self, active_partitions: set[str]) -> int:
        reached = (self._reached_ms[name] for name in self._awaited - active_partitions)
        return min(reached, default=AFTER_ALL_MS)
