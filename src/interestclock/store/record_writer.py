"""Records of users into chunks of LMDB: only those that change are written."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import numpy.typing as npt

from interestclock.store.new_records import NO_LEAD, NewRecords
from interestclock.store.records import chunk_key, chunk_keys

__all__ = ["RecordWriter", "put_in_order"]

# Shapes: R users, C chunks.


class RecordWriter:
    """Writes one kind of records within one transaction.

    Args:
        txn, database: where to.
    """

    def __init__(self, txn: Any, database: Any) -> None:
        self._txn, self._database = txn, database

    def write(self, new: NewRecords, index_R: npt.NDArray[Any], rows: range) -> None:
        """What changed of some users in a row.

        Args:
            index_R: of all users.
        """
        part = new.chunks_of(rows)
        keys = chunk_keys(index_R[new.row_C[part]], new.chunk_C[part])
        values = new.values(rows, self._leads(new, index_R, rows))
        put_in_order(self._txn, self._database, zip(keys, values, strict=True))

    def drop(self, index: int, chunks: Iterable[int]) -> None:
        """Chunks of one user of which nothing is left."""
        for chunk in chunks:
            self._txn.delete(chunk_key(index, chunk), db=self._database)

    def _leads(self, new: NewRecords, index_R: npt.NDArray[Any], rows: range) -> list[bytes]:
        lead_R = new.lead_R[rows.start : rows.stop]
        keys = chunk_keys(index_R[rows.start : rows.stop], lead_R)
        return [
            b"" if lead == NO_LEAD else self._txn.get(key, b"", db=self._database)
            for lead, key in zip(lead_R.tolist(), keys, strict=True)
        ]


def put_in_order(txn: Any, database: Any, pairs: Iterable[tuple[bytes, bytes | memoryview]]) -> None:
    """Put values in the order of their keys; behind all that is there LMDB fills whole pages.

    Args:
        txn, database: where to. pairs: distinct keys, in any order.
    """
    ordered = sorted(pairs, key=itemgetter(0))
    with txn.cursor(db=database) as cursor:
        behind = bool(ordered) and (not cursor.last() or bytes(cursor.key()) < ordered[0][0])
        cursor.putmulti(ordered, append=behind)
