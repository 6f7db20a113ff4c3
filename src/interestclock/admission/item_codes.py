"""Lists of item ids in four bytes an item: each id is held once, whichever lists it stands in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import with_room

__all__ = ["ItemCodes"]

# Shapes: X items of a list, N lists.


class ItemCodes:
    """Numbers of item ids, and lists of ids as such numbers, until each list is given back.

    An id leaves with the last list that it stands in, and its number goes to another.

    Example:
        >>> codes = ItemCodes()
        >>> first, second = codes.acquire(["a", "b", "c"]), codes.acquire(["c", "a"])
        >>> codes.place(second, "a"), codes.place(second, "b"), len(second)
        (1, None, 8)
        >>> codes.give_back(first)
        >>> len(codes), codes.lists([second]).to_pylist()
        (2, [['c', 'a']])
    """

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}
        self._ids: list[str | None] = []  # by number
        self._lists = np.zeros(0, np.int32)  # that each stands in
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._code_of)

    def acquire(self, item_ids: Sequence[str]) -> bytes:
        """A list to be held, in which no item stands twice; int32 (X,) as bytes."""
        codes = list(map(self._code_of.get, item_ids))
        for place in [place for place, code in enumerate(codes) if code is None]:
            codes[place] = self._new(item_ids[place])
        return self.hold(np.array(codes, np.int32))

    def hold(self, code_X: npt.NDArray[np.int32]) -> bytes:
        """A list to be held of numbers that others hold already."""
        self._lists[code_X] += 1
        return code_X.tobytes()

    def give_back(self, held: bytes) -> None:
        """A list that ``acquire`` or ``hold`` gave is wanted no more."""
        code_X = np.frombuffer(held, np.int32)
        self._lists[code_X] -= 1
        for code in code_X[self._lists[code_X] == 0].tolist():
            item_id = self._ids[code]
            assert item_id is not None
            del self._code_of[item_id]
            self._ids[code] = None
            self._free.append(code)

    def place(self, held: bytes, item_id: str) -> int | None:
        """Where an item stands in a list, None where it does not."""
        code = self._code_of.get(item_id)
        if code is None:
            return None
        found = np.flatnonzero(np.frombuffer(held, np.int32) == code)
        return int(found[0]) if found.size else None

    def lists(self, held: Sequence[bytes]) -> pa.ListArray:
        """Lists of ids, each id once in a dictionary in the order in which they name it first (N,)."""
        stop_N = np.cumsum([0, *(len(each) // 4 for each in held)], dtype=np.int32)
        named = pa.array(np.frombuffer(b"".join(held), np.int32)).dictionary_encode()
        ids = pa.array([self._ids[code] for code in named.dictionary.to_pylist()], pa.string())
        return pa.ListArray.from_arrays(stop_N, pa.DictionaryArray.from_arrays(named.indices, ids))

    def _new(self, item_id: str) -> int:
        code = self._free.pop() if self._free else len(self._ids)
        if code == len(self._ids):
            self._ids.append(item_id)
            self._lists = with_room(self._lists, code + 1)
        self._ids[code] = item_id
        self._code_of[item_id] = code
        return code
