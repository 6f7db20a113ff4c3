"""A store that an older version wrote, converted where it is: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from interestclock.errors import ResultError
from interestclock.store.environment import Environment
from interestclock.store.item_lists import ItemLists
from interestclock.store.meta import META, stored_meta
from interestclock.store.records import FORMAT, ItemRecord
from interestclock.store.writer import FIRST_MAP_BYTES, lock_to_write

__all__ = ["migrate_store"]

Databases = Mapping[str, Any]


def migrate_store(folder: str | Path) -> int:
    """Convert the store in a folder to the format of this version, in one transaction.

    Servers of the version that wrote it cannot read it any more; nothing else that is in the folder changes.

    Args:
        folder: of the store.

    Returns:
        The format that it was of; ``FORMAT`` where there was nothing to do.

    Raises:
        ResultError: there is no store, an updater runs in it, or it is of a later format.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import StoreWriter
        >>> folder = tempfile.mkdtemp()
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> migrate_store(folder) == FORMAT
        True
    """
    folder = Path(folder)
    Environment.open(folder).close()  # to write, one would be made where there is none
    writing = lock_to_write(folder)
    try:
        environment = Environment.open(folder, map_bytes=FIRST_MAP_BYTES)
        try:
            return environment.write(lambda txn: _convert(txn, environment.databases, str(environment.path)))
        finally:
            environment.close()
    finally:
        writing.release()


def _convert(txn: Any, databases: Databases, where: str) -> int:
    meta = stored_meta(txn.get(META, b"", db=databases["meta"]), where)
    found = meta.format
    if found > FORMAT:
        raise ResultError(f"{where} is of format {found}, of a later version; this one knows {FORMAT}")
    for number in range(found, FORMAT):
        _CONVERSIONS[number](txn, databases)
    meta.format = FORMAT
    txn.put(META, msgspec.msgpack.encode(meta), db=databases["meta"])
    return found


def _list_items(txn: Any, databases: Databases) -> None:
    """Format 2 lists items by their values."""
    txn.drop(databases["item_lists"], delete=False)
    lists = ItemLists(txn, databases["item_lists"])
    for slot, value in txn.cursor(db=databases["item"]):
        lists.add(int.from_bytes(slot, "big"), _record_of_format_2(value), None)


def _forget_when_items_were_seen(txn: Any, databases: Databases) -> None:
    """Format 3 does not say when an item was seen last, so that an exposure does not write its item."""
    for slot, value in list(txn.cursor(db=databases["item"])):
        txn.put(slot, msgspec.msgpack.encode(_record_of_format_2(value)), db=databases["item"])


def _record_of_format_2(value: bytes) -> ItemRecord:
    each, index, _seen_ms, _shown, values, versions = msgspec.msgpack.decode(value)
    return ItemRecord(id=each, index=index, values=values, versions=[tuple(one) for one in versions])


_CONVERSIONS: Mapping[int, Callable[[Any, Databases], None]] = {
    1: _list_items,
    2: _forget_when_items_were_seen,
}
