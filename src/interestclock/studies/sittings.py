"""Sittings: a user's events with no long gap between them.

Shapes: ``E`` events, ``N`` of one table; ``U`` users, ``T`` sittings.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room
from interestclock.defaults import SITTING_MINUTES

__all__ = ["SittingTally", "numbered_by_user", "sittings_of"]

_MINUTE_MS = 60_000
_NEVER = np.iinfo(np.int64).min // 2

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer]


def sittings_of(user_E: Numbers, timestamp_ms_E: Ints, *, sitting_minutes: float = SITTING_MINUTES) -> Ints:
    """The number of each event's sitting, from 0, int64 (E,); those of a user follow each other in time.

    Args:
        user_E: users, in any order. timestamp_ms_E: UTC milliseconds.
        sitting_minutes: a gap of so many minutes or more ends a sitting.

    Example:
        >>> minute_E = np.array([0, 10, 45, 45])
        >>> sittings_of(np.array([7, 7, 7, 8]), minute_E * 60_000).tolist()
        [0, 0, 1, 2]
    """
    order_E = np.lexsort((timestamp_ms_E, user_E))
    user, timestamp_ms = user_E[order_E], timestamp_ms_E[order_E]
    begins = np.ones(len(order_E), bool)
    begins[1:] = (np.diff(user) != 0) | (np.diff(timestamp_ms) >= sitting_minutes * _MINUTE_MS)
    sitting_E = np.empty(len(order_E), np.int64)
    sitting_E[order_E] = np.cumsum(begins) - 1
    return sitting_E


def numbered_by_user(sitting_E: Numbers, user_E: Numbers) -> npt.NDArray[np.int32]:
    """Sittings numbered anew from 0, by user and then as they were, int32 (E,): as ``sittings_of`` does it.

    Args:
        sitting_E: numbered in the order in which they began, of all users. user_E: whose each event is.

    Example:
        >>> numbered_by_user(np.array([4, 5, 9, 4]), np.array([8, 7, 8, 8])).tolist()
        [1, 0, 2, 1]
    """
    _, first_T, place_E = np.unique(sitting_E, return_index=True, return_inverse=True)
    number_T = np.empty(len(first_T), np.int32)
    number_T[np.argsort(user_E[first_T], kind="stable")] = np.arange(len(first_T))
    number_E: npt.NDArray[np.int32] = number_T[place_E]
    return number_E


class SittingTally:
    """Numbers sittings of events that come in time order, table by table, and holds nothing of each event.

    Args:
        sitting_minutes: a gap of so many minutes or more ends a sitting.

    Example:
        >>> tally = SittingTally(sitting_minutes=30.0)
        >>> first = tally.add(np.array([8, 7]), np.array([0, 5]) * 60_000)
        >>> later = tally.add(np.array([7, 8]), np.array([20, 40]) * 60_000)
        >>> first.tolist(), later.tolist()
        ([1, 0], [0, 2])
    """

    def __init__(self, *, sitting_minutes: float = SITTING_MINUTES) -> None:
        self._gap_ms = sitting_minutes * _MINUTE_MS
        self._last_ms_U, self._newest_U = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._sittings = 0

    def add(self, user_N: Ints, timestamp_ms_N: Ints) -> Ints:
        """The sitting of each event, int64 (N,), in the order in which they began.

        Args:
            user_N: users' numbers, from 0. timestamp_ms_N: UTC milliseconds, ascending, none before those of
                the table before.
        """
        if not len(user_N):
            return np.zeros(0, np.int64)
        self._make_room(int(user_N.max()))
        order_N = np.argsort(user_N, kind="stable")
        user, timestamp_ms = user_N[order_N], timestamp_ms_N[order_N]
        (starts,) = np.nonzero(np.diff(user, prepend=-1))
        ends = np.append(starts[1:], len(user)) - 1
        before_ms = np.concatenate([[_NEVER], timestamp_ms[:-1]])
        before_ms[starts] = self._last_ms_U[user[starts]]
        begins = timestamp_ms - before_ms >= self._gap_ms
        begins[starts] |= before_ms[starts] == _NEVER
        sitting = self._numbers(user, starts, begins)
        self._last_ms_U[user[ends]], self._newest_U[user[ends]] = timestamp_ms[ends], sitting[ends]
        self._sittings += int(begins.sum())
        sitting_N = np.empty(len(user), np.int64)
        sitting_N[order_N] = sitting
        return sitting_N

    def _make_room(self, user: int) -> None:
        self._last_ms_U = with_room(self._last_ms_U, user + 1, fill=_NEVER)
        self._newest_U = with_room(self._newest_U, user + 1)

    def _numbers(self, user: Ints, starts: Ints, begins: npt.NDArray[np.bool_]) -> Ints:
        """Of events by user: the sitting that began last, here or in a table before."""
        begun = np.cumsum(begins)
        of_user = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(user))))
        none_yet: npt.NDArray[np.bool_] = begun == (begun - begins)[starts][of_user]
        numbers: Ints = np.where(none_yet, self._newest_U[user], self._sittings + begun - 1)
        return numbers
