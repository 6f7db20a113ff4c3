"""Each user's behaviours, ordered by when they became known, read as of any moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from interestclock.arrays import with_room
from interestclock.errors import ConfigError
from interestclock.histories.block_changes import RecordChanges
from interestclock.histories.blocks import KNOWN, UserBlocks
from interestclock.histories.frozen import Histories
from interestclock.timeofday import utc_hour

__all__ = ["Behaviours", "UserHistories"]

# Shapes: N behaviours of a call, M users at a time, R users of a call, U users by slot, S items by slot,
# E places of all users.

IntArray = npt.NDArray[np.integer]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Behaviours:
    """Engaged exposures with the moment at which that was known; arrays of one length N.

    The columns of a history are these, each declared here and nowhere else.

    Args:
        user_N, item_N: slots. serial_N: of the exposure, ascending as exposures were admitted.
        timestamp_ms_N: of the exposure, UTC. known_ms_N: of the label, not before the exposure.
        second_of_day_N: local, 0..86399. utc_offset_minutes_N: local less UTC.
        day_kind_N: 0 until a calendar gives it.

    Example:
        >>> one = np.array([1])
        >>> len(Behaviours(user_N=one, item_N=one, serial_N=one, timestamp_ms_N=one, known_ms_N=one,
        ...     second_of_day_N=one, utc_offset_minutes_N=one, day_kind_N=one))
        1
    """

    user_N: IntArray
    item_N: IntArray
    serial_N: IntArray
    timestamp_ms_N: IntArray
    known_ms_N: IntArray
    second_of_day_N: IntArray
    utc_offset_minutes_N: IntArray
    day_kind_N: IntArray

    def __len__(self) -> int:
        return int(self.user_N.size)

    def select(self, index: npt.NDArray[Any]) -> Behaviours:
        """The behaviours at an index or mask."""
        return Behaviours(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


_COLUMNS: dict[str, np.dtype[Any]] = {
    KNOWN: np.dtype(np.int64),
    "timestamp_ms": np.dtype(np.int64),
    "serial": np.dtype(np.int64),
    "item": np.dtype(np.int32),
    "second_of_day": np.dtype(np.int32),
    "hour": np.dtype(np.int32),
    "utc_offset_minutes": np.dtype(np.int16),
    "day_kind": np.dtype(np.uint8),
}


class UserHistories:
    """Users' behaviours, the newest of them kept; a behaviour may be added before it is known to anyone.

    A history is in the order in which its behaviours became known; of those known at once the earlier
    exposure comes first, then the one that was admitted first. Counts never fall: behaviours are counted from
    the first on that a user had, those dropped since included. So a count is a pointer that stays valid.

    Args:
        longest: behaviours kept of each user by ``trim``; None keeps all.

    Raises:
        ConfigError: ``longest`` is below 1.

    Example:
        >>> histories = UserHistories(longest=2)
        >>> at = np.array([5, 6, 7])
        >>> histories.add(Behaviours(user_N=np.ones_like(at), item_N=at, serial_N=at, timestamp_ms_N=at,
        ...     known_ms_N=at, second_of_day_N=at, utc_offset_minutes_N=0 * at, day_kind_N=0 * at))
        >>> histories.known_before(np.array([1, 1]), np.array([9, 6])).tolist()
        [3, 1]
        >>> _ = histories.trim(known_before_ms=9)
        >>> laid_out = histories.view(users=1)
        >>> start_M, stop_M = laid_out.newest(torch.tensor([1]), torch.tensor([3]), most=2)
        >>> laid_out.items_between(start_M, stop_M, width=2).tolist()
        [[6, 7]]
    """

    def __init__(self, *, longest: int | None = 10_000) -> None:
        if longest is not None and longest < 1:
            raise ConfigError(f"longest is {longest}; give 1 or more behaviours to keep of each user")
        self.longest = longest
        self._blocks = UserBlocks(_COLUMNS, ties=("timestamp_ms", "serial"))
        self._named_S = np.zeros(1, np.int64)  # behaviours that name each item

    @property
    def bytes_used(self) -> int:
        """Of all arrays, with what they have to spare."""
        return self._blocks.bytes_used + self._named_S.nbytes

    def admit(self, user: int) -> None:
        """Have an entry for each slot up to this one, so that a view of them changes nothing."""
        self._blocks.admit(user + 1)

    def add(self, behaviours: Behaviours) -> None:
        """Take behaviours, in any order."""
        if not len(behaviours):
            return
        values = {name: getattr(behaviours, f"{name}_N") for name in _COLUMNS if name != "hour"}
        values["hour"] = utc_hour(behaviours.timestamp_ms_N)
        self._blocks.insert(behaviours.user_N.astype(np.int64), values)
        self._name(behaviours.item_N, 1)

    def known_earlier(self, user_N: IntArray, serial_N: IntArray, known_ms_N: IntArray) -> None:
        """Behaviours that are there were known earlier than was thought when they came.

        Args:
            user_N, serial_N: which. known_ms_N: now.
        """
        for user, serial, known_ms in zip(user_N, serial_N, known_ms_N, strict=True):
            self._blocks.move_up(int(user), "serial", int(serial), int(known_ms))

    def known_before(self, user_M: IntArray, at_ms_M: IntArray) -> Int64s:
        """How many behaviours of each user were known strictly before a moment, int64 (M,).

        Args:
            user_M: slots. at_ms_M: UTC milliseconds, in any order.
        """
        return self._blocks.known_before(user_M.astype(np.int64), at_ms_M.astype(np.int64))

    def item_at(self, user_N: IntArray, position_N: IntArray) -> npt.NDArray[np.int32]:
        """Items by position in each user's history, counted from the first behaviour there ever was."""
        item_N: npt.NDArray[np.int32] = self._blocks.columns["item"][
            self._blocks.blocks.offset_U[user_N] + position_N
        ]
        return item_N

    def of_user(self, user: int) -> dict[str, npt.NDArray[Any]]:
        """All that is kept of a user's behaviours, a column each, in the order of the history."""
        if user >= self._blocks.users:
            return {name: column[:0] for name, column in self._blocks.columns.items()}
        place = self._blocks.places(np.array([user]))
        return {name: column[place] for name, column in self._blocks.columns.items()}

    @property
    def column_types(self) -> dict[str, np.dtype[Any]]:
        """What is kept of a behaviour, by column."""
        return dict(_COLUMNS)

    def follow(self) -> None:
        """Note from now on which records change."""
        self._blocks.follow()

    def changed(self) -> Int64s:
        """Users whose records changed since ``changes_of`` was called, ascending."""
        return self._blocks.changed()

    def changes_of(self, user_R: Int64s, *, whole: bool) -> RecordChanges:
        """What changed of users since the last call; of who is not among them it is forgotten.

        Args:
            user_R: slots. whole: all that is kept of them.
        """
        return self._blocks.changes_of(user_R, whole=whole)

    def put(self, user: int, values: Mapping[str, npt.NDArray[Any]], *, dropped: int) -> None:
        """Give a user who never had behaviours those that another holds, to be read alone.

        Args:
            user: slot. values: as ``of_user`` gives them. dropped: behaviours that there were before these.
        """
        self._blocks.put(user, values, dropped=dropped)

    def names(self, item_R: IntArray) -> npt.NDArray[np.bool_]:
        """Whether any behaviour that is kept names an item."""
        known_R = item_R < self._named_S.size
        named_R: npt.NDArray[np.bool_] = known_R & (self._named_S[np.where(known_R, item_R, 0)] > 0)
        return named_R

    def trim(self, *, known_before_ms: int) -> None:
        """Of what was known before a moment keep each user's newest ``longest``; all known since stays."""
        if self.longest is None:
            return
        user_R = np.flatnonzero(self._blocks.lengths(np.arange(self._blocks.users)) > self.longest)
        first_R = self._blocks.blocks.dropped_U[user_R]
        self._blocks.drop(user_R, known_before_ms=known_before_ms, kept=self.longest)
        dropped_R = self._blocks.blocks.dropped_U[user_R] - first_R
        first_R = first_R + self._blocks.blocks.offset_U[user_R]
        place = np.arange(dropped_R.sum()) + np.repeat(first_R - np.cumsum(dropped_R) + dropped_R, dropped_R)
        self._name(self._blocks.columns["item"][place], -1)

    def release(self, user_R: IntArray) -> None:
        """Drop all of these users; their slots may be others', whose counts begin at 0."""
        known_R = user_R[user_R < self._blocks.users].astype(np.int64)
        self._name(self._blocks.columns["item"][self._blocks.places(known_R)], -1)
        self._blocks.release(known_R)

    def erase(self, user_R: IntArray) -> None:
        """Drop all of these users, and overwrite where it stood."""
        known_R = user_R[user_R < self._blocks.users].astype(np.int64)
        self._name(self._blocks.columns["item"][self._blocks.places(known_R)], -1)
        self._blocks.blank(known_R)
        self._blocks.release(known_R)

    def view(self, *, users: int = 0) -> Histories:
        """The histories as they stand, for counts as of now or earlier; copies nothing.

        It holds until the next call that changes anything.

        Args:
            users: the largest slot that may be asked for.
        """
        self.admit(users)
        item_E, second_of_day_E, timestamp_ms_E, hour_E, offset_E = (
            torch.from_numpy(self._blocks.columns[name][: self._blocks.used])
            for name in ("item", "second_of_day", "timestamp_ms", "hour", "utc_offset_minutes")
        )
        return Histories(
            offset_U=torch.from_numpy(self._blocks.blocks.offset_U[: self._blocks.users]),
            item_E=item_E,
            second_of_day_E=second_of_day_E,
            timestamp_ms_E=timestamp_ms_E,
            kept_hour_E=hour_E,
            utc_offset_minutes_E=offset_E,
        )

    def laid_out(self, *, users: int, known_before_ms: int) -> Histories:
        """A copy of what was known before a moment, one user after the other without gaps, from slot 0 on.

        Args:
            users: the largest slot that may be asked for. known_before_ms: UTC milliseconds.
        """
        self.admit(users)
        blocks, user_U = self._blocks.blocks, np.arange(self._blocks.users)
        known_U = self._blocks.known_before(user_U, np.full(user_U.size, known_before_ms))
        offset_U = np.concatenate([[0], np.cumsum(known_U - blocks.dropped_U[: self._blocks.users])])
        first_U = blocks.offset_U[: self._blocks.users] + blocks.dropped_U[: self._blocks.users]
        place_E = np.arange(offset_U[-1]) + np.repeat(first_U - offset_U[:-1], np.diff(offset_U))
        item_E, second_of_day_E, timestamp_ms_E, offset_E = (
            torch.from_numpy(self._blocks.columns[name][place_E])
            for name in ("item", "second_of_day", "timestamp_ms", "utc_offset_minutes")
        )
        return Histories(
            offset_U=torch.from_numpy(offset_U),
            item_E=item_E,
            second_of_day_E=second_of_day_E,
            timestamp_ms_E=timestamp_ms_E,
            utc_offset_minutes_E=offset_E,
        )

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint; shares memory."""
        return {**self._blocks.state(), "named_S": self._named_S}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._blocks.restore(state)
        self._named_S = np.array(state["named_S"])

    def _name(self, item_N: IntArray, change: int) -> None:
        """So many behaviours more, or fewer, name these items."""
        if item_N.size:
            self._named_S = with_room(self._named_S, int(item_N.max()) + 1)
            np.add.at(self._named_S, item_N, change)
