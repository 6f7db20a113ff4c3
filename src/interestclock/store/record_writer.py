"""Records of users into chunks of LMDB: only those that change are written."""

from __future__ import annotations

from typing import Any

from interestclock.store.change_records import NewRecords
from interestclock.store.records import chunk_key, chunks

__all__ = ["RecordWriter"]


class RecordWriter:
    """Writes one kind of records within one transaction.

    Args:
        txn, database: where to.
    """

    def __init__(self, txn: Any, database: Any) -> None:
        self._txn, self._database = txn, database

    def write(self, index: int, new: NewRecords, *, count: int, dropped: int) -> None:
        """What changed of one user.

        Args:
            count, dropped: how many records there ever were, and were dropped, in the store.
        """
        for chunk in new.gone(count=count, dropped=dropped):
            self._txn.delete(chunk_key(index, chunk), db=self._database)
        lead = new.lead
        there = b"" if lead is None else self._txn.get(chunk_key(index, lead), b"", db=self._database)
        for chunk, value in new.chunks(there):
            self._txn.put(chunk_key(index, chunk), value, db=self._database)

    def remove(self, index: int, *, count: int, dropped: int) -> None:
        """All records of one who left."""
        for chunk in chunks(dropped, count):
            self._txn.delete(chunk_key(index, chunk), db=self._database)
