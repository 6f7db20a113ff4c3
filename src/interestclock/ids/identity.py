"""Which id is meant: each has a slot while it is known, and an index that no other id ever gets."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import with_room
from interestclock.errors import LogError
from interestclock.ids.given_ids import id_as
from interestclock.ids.id_arrays import bytes_of, ids_as_arrays, ids_in, plain_ids

__all__ = ["Identity"]

# Shapes: N ids of a call, S slots from 0, R some slots.

Slots = npt.NDArray[np.int32]


class Identity:
    """Ids of one kind, each in a slot from 1 on; slot 0 is no id.

    A slot is where memory of the id lies; once the id has left, the smallest free slot is used again, so that
    ever new ids need no more memory than there are at a time. An *index* is for good: int64, counted up from
    1 in the order in which ids first came, and never given to a second id. An id that left and comes back has
    a new one.

    Example:
        >>> users = Identity()
        >>> slot_N, came_R = users.admit(pa.array(["ann", None, "bob", "ann"]))
        >>> slot_N.tolist(), came_R.tolist()
        ([1, 0, 2, 1], [1, 2])
        >>> users.release(np.array([1]))
        >>> users.admit(pa.array(["eve"]))[0].tolist(), users.ids().to_pylist()
        ([1], ['eve', 'bob'])
        >>> users.index(np.array([0, 1, 2])).tolist()
        [0, 3, 2]
    """

    def __init__(self) -> None:
        self._type: pa.DataType | None = None
        self._slot_of: dict[int | str, int] = {}
        self._id_of: list[int | str | None] = [None]
        self._free: list[int] = []  # a heap
        self._index_S = np.zeros(1, np.int64)
        self._indexes = 0
        self._bytes_of_ids = 0

    def __len__(self) -> int:
        return len(self._slot_of)

    @property
    def id_type(self) -> str | None:
        """``int64`` or ``string``; None before there was an id."""
        return None if self._type is None else str(self._type)

    @property
    def capacity(self) -> int:
        """The largest slot that was ever in use."""
        return len(self._id_of) - 1

    @property
    def bytes_used(self) -> int:
        """Of the ids and everything that is kept of them, with what there is to spare; of ids roughly."""
        lists = sum(map(sys.getsizeof, (self._slot_of, self._id_of, self._free)))
        return self._index_S.nbytes + lists + self._bytes_of_ids

    def admit(self, ids: pa.Array | pa.ChunkedArray) -> tuple[Slots, Slots]:
        """Slots of ids; those not known get one.

        Args:
            ids: int64 or string, one type for all calls; null has slot 0.

        Returns:
            int32 (N,), and the slots that were given out, in the order in which their ids came.

        Raises:
            LogError: the ids are of another type than int64 and string, or than those before.
        """
        id_N = self._plain(ids)
        slot_N = self._slots(id_N)
        without = np.flatnonzero(slot_N == 0).tolist()
        new_slots = self._give_slots(list(dict.fromkeys(id_N[row] for row in without)))
        if new_slots.size:
            slot_N[without] = self._slots([id_N[row] for row in without])
        return slot_N, new_slots

    def look_up(self, ids: pa.Array | pa.ChunkedArray) -> Slots:
        """Slots of ids, int32, 0 for those not known; changes nothing.

        Raises:
            LogError: the ids are of another type than those known.
        """
        return self._slots(self._plain(ids))

    def find(self, texts: Sequence[str]) -> Slots:
        """Slots of ids that are said as text, as messages and erasures say them; 0 for those not known.

        Example:
            >>> users = Identity()
            >>> _ = users.admit(pa.array([7, 8]))
            >>> users.find(["8", "08", "ann"]).tolist()
            [2, 0, 0]
        """
        text = self._type is None or self._type == pa.string()
        return self._slots([id_as(each, text=text) for each in texts])

    def release(self, slot_R: npt.NDArray[np.integer]) -> None:
        """Let ids go, each once; their slots may be another's from now on."""
        self._index_S[slot_R] = 0
        for slot in slot_R.tolist():
            left = self._id_of[slot]
            if left is None:
                raise ValueError(f"slot {slot} is nobody's; release each once")
            del self._slot_of[left]
            self._id_of[slot] = None
            self._bytes_of_ids -= bytes_of(left)
            heapq.heappush(self._free, slot)

    def index(self, slot_R: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """The index of the id in each slot; 0 where there is none."""
        index_R: npt.NDArray[np.int64] = self._index_S[slot_R]
        return index_R

    def known(self) -> npt.NDArray[np.int64]:
        """The slots that are in use, ascending."""
        return np.flatnonzero(self._index_S[: len(self._id_of)])

    def ids(self, slot_R: npt.NDArray[np.integer] | None = None) -> pa.Array:
        """Ids in some slots, or in all from 1 on; null where a slot is free."""
        ids = self._id_of[1:] if slot_R is None else [self._id_of[each] for each in slot_R.tolist()]
        return pa.array(ids, self._type or pa.int64())

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint, sharing memory. ``ids`` are integers, ``text`` and its ``ends`` are strings."""
        state = {"index": self._index_S[: len(self._id_of)], "indexes": np.array(self._indexes)}
        return state | ids_as_arrays(self._id_of, text=self._type is not None and self._type == pa.string())

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._index_S, self._indexes = np.array(state["index"]), int(state["indexes"])
        self._type, ids = ids_in(state)
        there = (self._index_S > 0).tolist()
        self._id_of = [each if is_there else None for each, is_there in zip(ids, there, strict=True)]
        self._slot_of = {each: slot for slot, each in enumerate(self._id_of) if each is not None}
        self._free = [slot for slot, is_there in enumerate(there) if slot and not is_there]
        self._bytes_of_ids = sum(map(bytes_of, self._slot_of))

    def _plain(self, ids: pa.Array | pa.ChunkedArray) -> list[int | str | None]:
        """Ids as plain Python values, once they are known to be of the one type."""
        plain = plain_ids(ids)
        if plain.null_count < len(plain):
            if self._type not in (None, plain.type):
                raise LogError(
                    f"ids are of type {plain.type}, and were {self._type} before; an identity holds one "
                    "type: read the whole stream with the same one"
                )
            self._type = plain.type
        values: list[int | str | None] = plain.to_pylist()
        return values

    def _slots(self, ids: list[int | str | None]) -> Slots:
        slot_of: Mapping[Any, int] = self._slot_of  # null is never in it
        return np.fromiter(map(slot_of.get, ids, repeat(0)), np.int32, len(ids))

    def _give_slots(self, distinct: list[int | str | None]) -> Slots:
        """Slots for ids that have none; null gets none."""
        missing = [each for each in distinct if each is not None]
        if not missing:
            return np.zeros(0, np.int32)
        new_slots = [heapq.heappop(self._free) for _ in range(min(len(self._free), len(missing)))]
        new_slots += range(len(self._id_of), len(self._id_of) + len(missing) - len(new_slots))
        self._reach(max(new_slots))
        for each, slot in zip(missing, new_slots, strict=True):
            self._slot_of[each] = slot
            self._id_of[slot] = each
            self._bytes_of_ids += bytes_of(each)
        self._index_S[new_slots] = np.arange(self._indexes + 1, self._indexes + len(new_slots) + 1)
        self._indexes += len(new_slots)
        return np.array(new_slots, np.int32)

    def _reach(self, slot: int) -> None:
        """Have an entry for every slot up to this one, with room for half as many more."""
        self._id_of.extend([None] * (slot + 1 - len(self._id_of)))
        self._index_S = with_room(self._index_S, slot + 1)
