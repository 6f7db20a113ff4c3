"""Each user's records in a block of shared columns, ordered by when they became known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from interestclock.arrays import below, under, with_room
from interestclock.histories import block_order, block_room
from interestclock.histories.block_changes import BlockChanges, RecordChanges
from interestclock.histories.block_room import NO_BLOCK, Blocks, Column, Int64s, Moves, Room

__all__ = ["KNOWN", "UserBlocks"]

# Shapes: U users by slot, E places of all blocks (or some), N records of a call, R users of a call, M users
# at a time, C block sizes.

KNOWN = "known_ms"  # the column that orders; in a block that nobody has, it names the next such block
_SIZES = 48


class UserBlocks:
    """One block for each user that has records, a power of two in size.

    Records stand in the order of ``known_ms``, of equal ones by further columns. One that is inserted late
    goes where it belongs; as nothing is inserted that was known before what was read already (that would be
    late), a count of records that was read stays a valid pointer.

    Where a block is full, what is left in it is slid down to its beginning if that leaves a quarter free, and
    else moved to a block that does: n insertions in order cost O(n). Blocks given back are used again within
    their size, the last one first: what a call does depends on the calls before it alone.

    Args:
        columns: names and types; ``known_ms`` is int64.
        ties: columns that order records known at the same time, the most significant first.

    Example:
        >>> played = UserBlocks({"known_ms": np.dtype("int64"), "item": np.dtype("int32")}, ties=())
        >>> three = np.array([3, 3])
        >>> played.insert(three, {"known_ms": np.array([50, 20]), "item": np.array([7, 8])})
        >>> played.known_before(three, np.array([50, 51])).tolist()
        [1, 2]
        >>> start = played.blocks.offset_U[3]
        >>> played.columns["item"][start : start + 2].tolist()
        [8, 7]
    """

    def __init__(self, columns: Mapping[str, np.dtype[Any]], *, ties: tuple[str, ...]) -> None:
        self.users = 0
        self.used = 0
        long = np.zeros(0, np.int64)
        self.blocks = Blocks(long, long, long, long, long)
        self.columns: dict[str, Column] = {name: np.zeros(0, kind) for name, kind in columns.items()}
        self._order = (KNOWN, *ties)
        self._free_C = np.full(_SIZES, NO_BLOCK, np.int64)  # where the first free block of each size begins
        self.changes: BlockChanges | None = None  # noted where somebody follows

    def follow(self) -> None:
        """Note from now on which records change."""
        self.changes = BlockChanges()

    @property
    def bytes_used(self) -> int:
        """Of all arrays, with what they have to spare."""
        return sum(each.nbytes for each in (*self.blocks, *self.columns.values()))

    def lengths(self, user_R: Int64s) -> Int64s:
        """How many records each of these users has, without those dropped."""
        lengths_R: Int64s = self.blocks.count_U[user_R] - self.blocks.dropped_U[user_R]
        return lengths_R

    def admit(self, users: int) -> None:
        """Have an entry for each slot below ``users``; new ones have no records."""
        if users > self.users:
            self.blocks = Blocks(*(with_room(each, users, used=self.users) for each in self.blocks))
            self.users = users

    def insert(self, user_N: Int64s, values: Mapping[str, Column]) -> None:
        """Insert a record for each time that a user is named.

        Args:
            user_N: slots. values: (N,) for every column.
        """
        if not user_N.size:
            return
        order_N = np.lexsort((*(values[name] for name in reversed(self._order)), user_N))
        user_N = user_N[order_N]
        self.admit(int(user_N[-1]) + 1)
        if self.changes is not None:
            self.changes.note(user_N, self.blocks.count_U[user_N])
        place_N = self._claim(user_N)
        for name, column in self.columns.items():
            column[place_N] = values[name][order_N]
        self._restore_order(user_N)

    def put(self, user: int, values: Mapping[str, Column], *, dropped: int) -> None:
        """Give a user who never had records what other blocks hold of one, in the order in which it stands.

        The block is a new one behind all others, none of those given back, so that to read a user out of a
        store costs little but the copy.

        Args:
            values: (N,) for every column. dropped: records that there were before these.
        """
        self.admit(user + 1)
        blocks, first, length = self.blocks, self.used, values[KNOWN].size
        if length:
            blocks.base_U[user], blocks.capacity_U[user] = first, 1 << block_room.size_for(length)
            self._make_room(first + int(blocks.capacity_U[user]))
            for name, column in self.columns.items():
                column[first : first + length] = values[name]
        blocks.count_U[user], blocks.dropped_U[user] = dropped + length, dropped
        blocks.offset_U[user] = blocks.base_U[user] - dropped

    def move_up(self, user: int, column: str, value: int, known_ms: int) -> None:
        """The user's record with a value in a column was known earlier; it goes where it belongs.

        Raises:
            ValueError: there is none, or it was known no later.
        """
        first = self.blocks.offset_U[user] + self.blocks.dropped_U[user]
        stop = self.blocks.offset_U[user] + self.blocks.count_U[user]
        found = np.flatnonzero(self.columns[column][first:stop] == value)
        if not found.size or self.columns[KNOWN][first + found[-1]] <= known_ms:
            raise ValueError(f"user {user} has no record with {column} {value} known after {known_ms}")
        place = first + int(found[-1])
        self.columns[KNOWN][place] = known_ms
        target = place
        while target > first and self._key(place) < self._key(target - 1):
            target -= 1
        for each in self.columns.values():
            each[target : place + 1] = np.roll(each[target : place + 1], 1)
        if self.changes is not None:
            self.changes.note(np.array([user]), np.array([target - self.blocks.offset_U[user]]))

    def known_before(self, user_M: Int64s, at_ms_M: Int64s) -> Int64s:
        """How many records of each user were known strictly before a moment, those dropped included.

        Args:
            user_M: slots. at_ms_M: UTC milliseconds, in any order, none before what was dropped was known.
        """
        count_M = np.zeros(user_M.size, np.int64)
        block_order.known_before(self.blocks, self.columns[KNOWN], (user_M, at_ms_M), count_M)
        return count_M

    def drop(self, user_R: Int64s, *, known_before_ms: int, kept: int) -> None:
        """Of what was known before a moment keep each user's newest ``kept``; what is known since stays."""
        before_R = None if self.changes is None else self.blocks.dropped_U[user_R]
        block_order.drop(self.blocks, self.columns[KNOWN], user_R, (known_before_ms, kept))
        if self.changes is not None:
            fewer_R = user_R[self.blocks.dropped_U[user_R] != before_R]
            self.changes.note(fewer_R, self.blocks.count_U[fewer_R])

    def blank(self, user_R: Int64s) -> None:
        """Overwrite all that stands in the blocks of these users, who are about to be released."""
        for user in user_R[user_R < self.users].tolist():
            first = self.blocks.base_U[user]
            for column in self.columns.values():
                column[first : first + self.blocks.capacity_U[user]] = 0

    def release(self, user_R: Int64s) -> None:
        """Give blocks back: these users have no records, and never had any."""
        known_R = user_R[user_R < self.users]
        block_room.release(self.blocks, self.columns[KNOWN], known_R, self._free_C)
        if self.changes is not None:
            self.changes.note(known_R, np.zeros(known_R.size, np.int64))

    def places(self, user_R: Int64s) -> Int64s:
        """Where the records of these users stand, one user after the other."""
        length_R = self.lengths(user_R)
        first_R = self.blocks.offset_U[user_R] + self.blocks.dropped_U[user_R]
        return np.arange(length_R.sum()) + np.repeat(first_R - np.cumsum(length_R) + length_R, length_R)

    def changed(self) -> Int64s:
        """Users whose records changed since ``changes_of`` was called, ascending; none if nobody follows."""
        return np.zeros(0, np.int64) if self.changes is None else self.changes.users()

    def changes_of(self, user_R: Int64s, *, whole: bool) -> RecordChanges:
        """What changed of users since the last call; of who is not among them it is forgotten.

        Args:
            user_R: slots. whole: all that is kept of them.
        """
        noted_R = np.zeros_like(user_R) if self.changes is None else self.changes.drain(user_R)
        self.admit(int(user_R.max(initial=0)) + 1)
        count_R, dropped_R = self.blocks.count_U[user_R], self.blocks.dropped_U[user_R]
        from_R = dropped_R if whole else np.clip(noted_R, dropped_R, count_R)
        length_R, first_R = count_R - from_R, self.blocks.offset_U[user_R] + from_R
        place_E = np.arange(length_R.sum()) + np.repeat(first_R - np.cumsum(length_R) + length_R, length_R)
        values = {name: column[place_E] for name, column in self.columns.items()}
        return RecordChanges(from_R=from_R, count_R=count_R, dropped_R=dropped_R, values=values)

    def state(self) -> dict[str, Column]:
        """For a checkpoint: the blocks as they stand, sharing memory."""
        blocks = {name: each[: self.users] for name, each in self.blocks._asdict().items()}
        columns = {name: each[: self.used] for name, each in self.columns.items()}
        return {**blocks, **under("column", columns), "free_C": self._free_C}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Take over what ``state`` gave."""
        self.blocks = Blocks(*(np.array(state[name]) for name in Blocks._fields))
        columns = below("column", state)
        self.columns = {name: np.array(columns[name]) for name in self.columns}
        self._free_C = np.array(state["free_C"])
        self.users, self.used = self.blocks.base_U.size, self.columns[KNOWN].size

    def _key(self, place: int) -> tuple[int, ...]:
        return tuple(int(self.columns[name][place]) for name in self._order)

    def _claim(self, user_N: Int64s) -> Int64s:
        """Where a record more for each time that a user is named goes, in blocks that have room for all.

        Args:
            user_N: slots, ascending.
        """
        place_N = np.empty_like(user_N)
        moves = Moves(*np.empty((len(Moves._fields), user_N.size), np.int64))
        room = Room(self.columns[KNOWN], self._free_C, self.used)
        count, used = block_room.claim(self.blocks, room, moves, (user_N, place_N))
        if count:
            self._make_room(used)
            self._move(Moves(*(each[:count] for each in moves)))
        return place_N

    def _make_room(self, used: int) -> None:
        """Have columns that reach as far as all blocks."""
        before, self.used = self.columns[KNOWN].size, used
        self.columns = {name: with_room(each, used, used=before) for name, each in self.columns.items()}

    def _move(self, moves: Moves) -> None:
        """Take records to blocks in which there is room."""
        for column in self.columns.values():
            block_room.slide(column, moves)
        block_room.settle(self.blocks, self.columns[KNOWN], moves, self._free_C)

    def _restore_order(self, user_N: Int64s) -> None:
        """Count what was put behind each user's records, and sort it into them where it belongs there."""
        key = tuple(self.columns[name] for name in self._order)
        first_N, stop_N = np.empty_like(user_N), np.empty_like(user_N)
        late = block_order.append(self.blocks, key, user_N, (first_N, stop_N))
        if not late:
            return
        first_R, size_R = first_N[:late], stop_N[:late] - first_N[:late]
        if self.changes is not None:
            self._note_late(self.changes, np.unique(user_N), first_R)
        place_E = np.arange(size_R.sum()) + np.repeat(first_R - np.cumsum(size_R) + size_R, size_R)
        of_user_E = np.repeat(np.arange(late), size_R)
        order_E = np.lexsort((*(each[place_E] for each in reversed(key)), of_user_E))
        for column in self.columns.values():
            column[place_E] = column[place_E[order_E]]

    def _note_late(self, changes: BlockChanges, user_R: Int64s, place_R: Int64s) -> None:
        """Records changed from places on, each within the block of one of these users."""
        user_R = user_R[np.argsort(self.blocks.base_U[user_R])]
        user_R = user_R[np.searchsorted(self.blocks.base_U[user_R], place_R, side="right") - 1]
        changes.note(user_R, place_R - self.blocks.offset_U[user_R])
