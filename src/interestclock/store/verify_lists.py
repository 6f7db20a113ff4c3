"""Whether a store lists its items as they are, and tells which changed: a part of ``store verify``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from interestclock.store.item_lists import key_in, lists_of
from interestclock.store.records import ItemRecord
from interestclock.store.verify_values import Checked

__all__ = ["check_feed", "check_lists"]


def check_lists(store: Checked) -> Iterator[str]:
    """Each item stands in the lists of its values, and nothing else does."""
    listed = 0
    for key, slot in store.pairs("item_lists"):
        those, index = key_in(key)
        value = store.get("item", slot)
        record = None if value is None else _record(value)
        if record is None or record.index != index or those not in lists_of(record):
            yield f"a list names item {int.from_bytes(slot, 'big')}, which is not in it"
        else:
            listed += 1
    wanted = sum(len(lists_of(record)) for _, value in store.pairs("item") if (record := _record(value)))
    if listed < wanted:
        yield f"lists of items lack {wanted - listed:,} entries"


def check_feed(store: Checked) -> Iterator[str]:
    """Items are said to have changed at positions that the store has been at."""
    for key, _ in store.pairs("item_feed"):
        position = int.from_bytes(key[:8], "big")
        if not store.meta.items_changed_after <= position <= store.meta.position:
            yield f"an item is said to have changed at entry {position:,}, which the store is not at"


def _record(value: bytes) -> ItemRecord | None:
    try:
        return msgspec.msgpack.decode(value, type=ItemRecord)
    except msgspec.DecodeError:
        return None  # ``check_items`` says so
