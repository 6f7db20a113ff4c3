"""Which column seems to mean what, by its name and by what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.column_looks import ColumnLook
from interestclock.events.values import is_text

__all__ = ["guessed_keys"]

_USERS = (
    "user userid uid customer customerid member memberid visitor visitorid account accountid client clientid"
)
_ITEMS = (
    "item itemid iid song songid track trackid video videoid product productid movie movieid article "
    "articleid sku asin venue venueid content contentid book bookid placeid place"
)
_TIMES = "timestampms timestamp time ts datetime eventtime playedat viewedat createdat occurredat date"
_REQUESTS = "request requestid page pageid impressionid slate slateid"
_EVENTS = "event eventid"
_OFFSETS = "utcoffset utcoffsetminutes tzoffset timezoneoffset offset offsetminutes offsetmin"
_LABELS = {
    "finish": "finish finished complete completed done",
    "like": "like liked",
    "skip": "skip skipped",
    "dislike": "dislike disliked",
}
_POSITION = "place"  # of an item in a list, where it is a number
_SEPARATORS = "|;"
_IDS = ("integers", "text")
_SOME = 0.1  # of the rows
_MOST_VALUES = 2_000


def guessed_keys(looks: Sequence[ColumnLook], rows: pa.Table) -> dict[str, object]:
    """Keys of a mapping, as far as they can be told; what differs from the defaults and what does not.

    Args:
        looks: of all columns. rows: some, with all columns.

    Example:
        >>> from interestclock.events.column_looks import look_at
        >>> rows = pa.table({"uid": [7, 9], "song": ["a", "b"], "liked": [1, 0]})
        >>> looks = [look_at(name, rows[name].combine_chunks(), typed=True) for name in rows.column_names]
        >>> guessed_keys(looks, rows)
        {'user': 'uid', 'item': 'song', 'labels': {'like': 'liked'}}
    """
    keys: dict[str, object] = {}
    left = {each.name: each for each in looks}
    for key, names, kinds in (
        ("user", _USERS, _IDS),
        ("item", _ITEMS, _IDS),
        ("time", _TIMES, ("times",)),
        ("utc_offset_minutes", _OFFSETS, ("integers", "text")),
        ("zone_column", "", ("time zones",)),
        ("request", _REQUESTS, _IDS),
        ("event_id", _EVENTS, _IDS),
    ):
        found = _found(left.values(), names.split(), kinds)
        if found is not None:
            keys[key] = found
            del left[found]
    labels = dict(_labels(left.values()))
    if labels:
        keys["labels"] = labels
    attributes = [each for each in left if _is_attribute(left[each], rows, keys.get("item"))]
    if attributes:
        keys["attributes"] = {name: name for name in attributes}
        keys |= _separator(attributes, rows)
    return keys


def _found(looks: Iterable[ColumnLook], names: Sequence[str], kinds: Sequence[str]) -> str | None:
    """The column with the first of these names that holds what is looked for; of times, any that does."""
    of_kind = {
        _plain_name(each.name): each.name
        for each in looks
        if each.reads_as in kinds and (_plain_name(each.name), each.reads_as) != (_POSITION, "integers")
    }
    named = next((of_kind[name] for name in names if name in of_kind), None)
    by_kind = next(iter(of_kind.values()), None) if set(kinds) & {"times", "time zones"} else None
    return named or by_kind


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _labels(looks: Iterable[ColumnLook]) -> Iterator[tuple[str, str]]:
    for each in looks:
        plain = _plain_name(each.name)
        named = next((label for label, names in _LABELS.items() if plain in names.split()), None)
        # A column of one value tells nothing; one that is called so may have another further on.
        if each.reads_as == "0 and 1" and (named is not None or each.distinct > 1):
            yield named or each.name, each.name


def _is_attribute(look: ColumnLook, rows: pa.Table, item: object) -> bool:
    """Lists, and text of few values that are the same wherever an item is."""
    if look.reads_as == "lists":
        return True
    if look.reads_as != "text" or look.distinct > _MOST_VALUES or not isinstance(item, str):
        return False
    pairs = rows.select([item, look.name]).rename_columns(["item", "value"])
    items = pc.count_distinct(pairs["item"]).as_py()
    return bool(items < rows.num_rows and pairs.group_by(["item", "value"]).aggregate([]).num_rows == items)


def _separator(attributes: Sequence[str], rows: pa.Table) -> dict[str, str]:
    for mark in _SEPARATORS:
        for name in attributes:
            if is_text(rows[name].type):
                holding = pc.sum(pc.match_substring(rows[name], mark)).as_py() or 0
                if holding >= _SOME * rows.num_rows:
                    return {"separator": mark}
    return {}
