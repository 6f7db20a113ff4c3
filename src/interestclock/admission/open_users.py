"""Whose the exposures are that await labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.erased_users import Erasures
from interestclock.arrays import Arrays, texts_as_arrays, texts_in

__all__ = ["OpenUsers", "users_of"]

# Shapes: N exposures that are held.

_JOINED = 512  # exposures; a chunk of more is left as it is


class OpenUsers:
    """User ids of exposures, in the order of their serial numbers; null of who was erased.

    Small chunks are joined as a binary counter carries: exposures that come one by one cost no more than a
    few copies of each.

    Example:
        >>> from interestclock.admission.user_hashes import UserHashes
        >>> users, hashes = OpenUsers(), UserHashes()
        >>> users.append(pa.chunked_array([["ann", "bob"], ["ann"]]))
        >>> users.forget(1)
        >>> users.erase(Erasures(until_ms={hashes.of("ann"): 5}, hashes=hashes, user_ids=None)).tolist()
        [1]
    """

    def __init__(self) -> None:
        self._chunks: deque[pa.Array] = deque()

    def append(self, user_ids: pa.Array | pa.ChunkedArray) -> None:
        """Exposures are held."""
        if not len(user_ids):
            return
        text = user_ids.cast(pa.string())
        chunk = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
        while self._chunks and len(self._chunks[-1]) <= min(len(chunk), _JOINED):
            chunk = pa.concat_arrays([self._chunks.pop(), chunk])
        self._chunks.append(chunk)

    def forget(self, count: int) -> None:
        """The first so many are held no more."""
        while count:
            first = self._chunks.popleft()
            if len(first) > count:
                self._chunks.appendleft(first.slice(count))
            count -= min(count, len(first))

    def erase(self, erasures: Erasures) -> npt.NDArray[np.int64]:
        """Exposures of erased users become nobody's; gives where they stand, counted from the first."""
        users = self._whole()
        mine_N = erasures.among(users)
        if mine_N.any():
            place_N = pa.array(np.arange(mine_N.size), mask=mine_N)
            self._chunks = deque([users.take(place_N)])  # anew: to make some null leaves their bytes
        return np.flatnonzero(mine_N)

    def state(self) -> Arrays:
        """For a checkpoint."""
        return texts_as_arrays(self._whole())

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._chunks = deque()
        self.append(texts_in(state))

    def _whole(self) -> pa.Array:
        return pa.concat_arrays(self._chunks) if self._chunks else pa.array([], pa.string())


def users_of(messages: pa.Table) -> pa.Array | pa.ChunkedArray:
    """Whose messages are; nobody's, where they do not say.

    Example:
        >>> users_of(pa.table({"event_id": ["a", "b"]})).to_pylist()
        [None, None]
    """
    if "user_id" in messages.column_names:
        return messages["user_id"]
    return pa.nulls(messages.num_rows, pa.string())
