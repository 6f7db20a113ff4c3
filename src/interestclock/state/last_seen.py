"""When users and items were last seen, and what each user's last offset to UTC was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import Arrays, below, texts_as_arrays, texts_in, under, with_room
from interestclock.ids import Vocabulary
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["LastSeen"]

# Shapes: N exposures, U users by slot, R some slots, T messages of items.

IntArray = npt.NDArray[np.integer]


class LastSeen:
    """By slot, of those that an ``Identity`` gave; others' slots may be asked for no more.

    Example:
        >>> seen, one = LastSeen(), np.array([1])
        >>> seen.note("user", one, np.array([60_000]), new_slots=one)
        >>> seen.note_offsets(one, np.array([60_000]), np.array([120]), zones=None)
        >>> seen.ms("user", one).tolist(), seen.offset(1), seen.zone(1)
        ([60000], (120, 60000), None)
    """

    def __init__(self) -> None:
        self._ms = {kind: np.zeros(1, np.int64) for kind in ("user", "item")}
        self._offset_minutes_U = np.zeros(1, np.int16)  # each user's last, as of ``_ms``
        self._zone_U = np.zeros(1, np.int16)  # that told it, if one did
        self._zones = Vocabulary()

    def note(
        self, kind: str, slot_N: IntArray, timestamp_ms_N: npt.NDArray[np.int64], *, new_slots: IntArray
    ) -> None:
        """See users or items in exposures.

        Args:
            kind: ``user`` or ``item``. slot_N: of each exposure. timestamp_ms_N: UTC milliseconds.
            new_slots: slots that are new, seen here or only told of.
        """
        last = max(int(slot_N.max(initial=0)), int(new_slots.max(initial=0)))
        seen_ms = with_room(self._ms[kind], last + 1)
        seen_ms[new_slots] = BEFORE_ALL_MS
        np.maximum.at(seen_ms, slot_N, timestamp_ms_N)
        self._ms[kind] = seen_ms

    def note_offsets(
        self,
        user_N: IntArray,
        timestamp_ms_N: npt.NDArray[np.int64],
        offset_minutes_N: IntArray,
        *,
        zones: pa.Array | pa.ChunkedArray | None,
    ) -> None:
        """Users were where clocks show this; they were noted before.

        Args:
            user_N: slots. offset_minutes_N: to UTC. zones: names (N,) of zones that told them, null where
                none did; None: nowhere.
        """
        zone_N = np.zeros(user_N.size, np.int16) if zones is None else self._zones.number(zones)
        seen_ms_U = self._ms["user"]
        newest_N = timestamp_ms_N == seen_ms_U[user_N]
        offset_U = with_room(self._offset_minutes_U, seen_ms_U.size)
        offset_U[user_N[newest_N]] = offset_minutes_N[newest_N]
        zone_U = with_room(self._zone_U, offset_U.size)
        zone_U[user_N[newest_N]] = zone_N[newest_N]
        self._offset_minutes_U, self._zone_U = offset_U, zone_U

    def record_described(self, item_T: IntArray, timestamp_ms_T: npt.NDArray[np.int64]) -> None:
        """Something was said of items at these moments: they stay for as long as those that are seen."""
        np.maximum.at(self._ms["item"], item_T, timestamp_ms_T)

    def ms(self, kind: str, slot_R: IntArray) -> npt.NDArray[np.int64]:
        """When they were last seen; ``BEFORE_ALL_MS`` for what was only told of before anything came."""
        seen_ms_R: npt.NDArray[np.int64] = self._ms[kind][slot_R]
        return seen_ms_R

    def set(self, kind: str, slot_R: IntArray, timestamp_ms: int) -> None:
        """They were last seen then; 0 of those that leave."""
        self._ms[kind][slot_R] = timestamp_ms

    def offset(self, user: int) -> tuple[int, int] | None:
        """A user's last offset to UTC in minutes, and when it was said (UTC milliseconds); None: never."""
        if not 0 < user < self._ms["user"].size:
            return None
        return int(self._offset_minutes_U[user]), int(self._ms["user"][user])

    def offsets(self, user_R: IntArray) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """Users' last offsets to UTC in minutes, and the numbers of the zones that told them, 0 is none."""
        return self._offset_minutes_U[user_R], self._zone_U[user_R]

    @property
    def zones(self) -> Vocabulary:
        """Names of all zones that told an offset."""
        return self._zones

    def zone(self, user: int) -> str | None:
        """The zone that told a user's last offset, if one did."""
        number = int(self._zone_U[user])
        return self._zones.values()[number - 1].as_py() if number else None

    def state(self) -> Arrays:
        """For a checkpoint; shares memory."""
        state = under("seen_ms", self._ms)
        state |= under("zones", texts_as_arrays(self._zones.values().cast(pa.string())))
        return state | {"offset_minutes": self._offset_minutes_U, "zone": self._zone_U}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, which others' names may stand among."""
        self._ms = {kind: np.array(each) for kind, each in below("seen_ms", state).items()}
        self._offset_minutes_U = np.array(state["offset_minutes"])
        self._zone_U, self._zones = np.array(state["zone"]), Vocabulary()
        self._zones.number(texts_in(below("zones", state)))
