"""Which items changed at which position, in LMDB: for servers that keep something of items between reads."""

from __future__ import annotations

from typing import Any

from interestclock.store.records import ItemRecord, StoreMeta, feed_key

__all__ = ["MOST_CHANGES", "ItemFeedWriter"]

MOST_CHANGES = 1 << 17  # that are kept: a server that is further behind looks all items up again


class ItemFeedWriter:
    """Notes items within one transaction.

    Args:
        txn, database: where to. position: that the transaction brings the store to.
    """

    def __init__(self, txn: Any, database: Any, *, position: int) -> None:
        self._txn, self._database, self._position = txn, database, position

    def note(self, slot: int, now: ItemRecord | None, before: ItemRecord | None) -> None:
        """An item is this now, and was that."""
        if _content(now) != _content(before):
            self._txn.put(feed_key(self._position, slot), b"", db=self._database)

    def trim(self, meta: StoreMeta) -> None:
        """Keep the newest, and have the store say from where on."""
        count = self._txn.stat(self._database)["entries"]
        if count <= MOST_CHANGES:
            return
        cursor, position = self._txn.cursor(db=self._database), 0
        cursor.first()
        for _ in range(count - MOST_CHANGES // 2):
            position = int.from_bytes(bytes(cursor.key())[:8], "big")
            cursor.delete()
        meta.items_changed_after = position


def _content(record: ItemRecord | None) -> Any:
    return None if record is None else (record.id, record.values, record.versions)
