"""An item table as messages: what loads a catalogue into a stream that runs."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from interestclock.errors import ConfigError, LogError
from interestclock.events.items import FROM_MS, ITEM_KEY
from interestclock.events.mapping import ColumnMapping
from interestclock.events.message_writers import item_message

__all__ = ["check_whole_items", "item_messages"]

_ATTRIBUTE = "attribute."
_ROWS_AT_A_TIME = 4_096


def check_whole_items(mapping: ColumnMapping, *, called: str) -> None:
    """Refuse a mapping by which rows of an items file do not say all of an item.

    Args:
        called: the items file, for messages.

    Raises:
        ConfigError: the file's key is no item id, or some attributes stand elsewhere.

    Example:
        >>> check_whole_items(ColumnMapping(attributes={"mood": "mood"}), called="items.csv")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: items.csv: the mapping has attribute mood in the log's rows, and ...
    """
    if mapping.items_match not in (None, mapping.item):
        raise ConfigError(
            f"{called}: its rows are looked up by '{mapping.items_match}' (items_match), and are no items; "
            "give a file with a row per item, and a mapping without items_match"
        )
    if mapping.attributes:
        raise ConfigError(
            f"{called}: the mapping has attribute {', '.join(mapping.attributes)} in the log's rows, and an "
            "item message says all of an item: it would have none of these any more; name their columns in "
            "the items file under [item_attributes]"
        )


def item_messages(items: pa.Table, *, from_ms: int) -> Iterator[bytes]:
    """A message for each row of an item table, in its order.

    Args:
        items: as ``read_items`` gives it. from_ms: since when items are so whose row does not say; UTC
            milliseconds.

    Raises:
        LogError: an item that no message can hold; says which, and why.

    Example:
        >>> table = pa.table({"item_id": ["7"], "attribute.genre": [["rock", "live"]]})
        >>> list(item_messages(table, from_ms=9))
        [b'{"item":"7","attributes":{"genre":["rock","live"]},"from_ms":9}']
    """
    names = [name for name in items.column_names if name.startswith(_ATTRIBUTE)]
    for batch in items.to_batches(max_chunksize=_ROWS_AT_A_TIME):
        for row in batch.to_pylist():
            attributes = {name.removeprefix(_ATTRIBUTE): row[name] for name in names}
            try:
                yield item_message(
                    item=row[ITEM_KEY], attributes=attributes, from_ms=row.get(FROM_MS, from_ms)
                )
            except ValueError as error:
                raise LogError(f"item {row[ITEM_KEY]!r}: {error}; correct the items file") from error
