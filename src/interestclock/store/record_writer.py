"""Records of users into chunks: only those that change are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.histories.block_changes import RecordChanges
from interestclock.store.records import CHUNK, chunk_key, chunks, from_chunk, to_chunk

__all__ = ["RecordWriter"]

# Shapes: R users.


class RecordWriter:
    """Writes one kind of records within one transaction.

    Args:
        txn, database: where to. types: of the columns.
    """

    def __init__(self, txn: Any, database: Any, types: Mapping[str, np.dtype[Any]]) -> None:
        self._txn, self._database, self._types = txn, database, types

    def write(
        self, index: int, changes: RecordChanges, user: int, first: int, *, before: tuple[int, int]
    ) -> int:
        """What changed of one user.

        Args:
            user: its place among those of ``changes``. first: where its records begin there.
            before: how many records there ever were, and were dropped, in the store.

        Returns:
            Where the next user's begin.
        """
        start, count, dropped = (
            int(each[user]) for each in (changes.from_R, changes.count_R, changes.dropped_R)
        )
        self._drop(index, before=before, dropped=dropped, count=count)
        for chunk in chunks(start, count):
            lowest, stop = max(start, chunk * CHUNK), min(count, (chunk + 1) * CHUNK)
            new = slice(first + lowest - start, first + stop - start)
            values = {name: column[new] for name, column in changes.values.items()}
            key, lead = chunk_key(index, chunk), lowest - chunk * CHUNK
            if lead:
                values = self._behind(key, lead, values)
            self._txn.put(key, to_chunk(values, self._types), db=self._database)
        return first + count - start

    def remove(self, index: int, *, count: int, dropped: int) -> None:
        """All records of one who left."""
        for chunk in chunks(dropped, count):
            self._txn.delete(chunk_key(index, chunk), db=self._database)

    def _drop(self, index: int, *, before: tuple[int, int], dropped: int, count: int) -> None:
        """Remove chunks of which nothing is left."""
        count_before, dropped_before = before
        left = chunks(dropped, count)
        for chunk in chunks(dropped_before, count_before):
            if chunk not in left:
                self._txn.delete(chunk_key(index, chunk), db=self._database)

    def _behind(
        self, key: bytes, lead: int, values: Mapping[str, npt.NDArray[Any]]
    ) -> dict[str, npt.NDArray[Any]]:
        """Values behind the first ``lead`` of a chunk; those that it lacks were dropped, and are 0."""
        there = from_chunk(self._txn.get(key, b"", db=self._database), self._types)
        whole = {}
        for name, column in values.items():
            kept = there[name][:lead]
            gone = np.zeros(lead - kept.size, column.dtype)
            whole[name] = np.concatenate([kept, gone, column])
        return whole
