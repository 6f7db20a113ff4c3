"""The layout of the Foursquare check-ins of TSMC2014.

Columns, tab-separated without a header: user, venue, category id, category name, latitude, longitude, UTC
offset in minutes, and UTC time written as ``Tue Apr 03 18:02:00 +0000 2012``.

Source: Yang, Zhang, Zheng and Yu, IEEE Transactions on Systems, Man, and Cybernetics: Systems 45(1), 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from interestclock.errors import LogError
from interestclock.events.mapping import ColumnMapping
from interestclock.events.read_blocks import types_of
from interestclock.mapping_keys import CsvFormat

__all__ = ["foursquare_mapping"]

_COLUMNS = ("user", "venue", "category_id", "category_name", "latitude", "longitude", "offset", "time")
_KEYS = {"category_id": "category_id", "category": "category_id", "category_name": "category_name"}

_CHECKINS = ColumnMapping(
    user="user",
    item="venue",
    time="time",
    time_format="%a %b %d %H:%M:%S +0000 %Y",
    utc_offset_minutes="offset",
    positive_only="visit",
    attributes={"category": "category_name"},
    csv=CsvFormat(delimiter="\t", encoding="latin-1", columns=_COLUMNS, quoted=False),
)


def foursquare_mapping(categories: str | Path | None = None) -> ColumnMapping:
    """How to read TSMC2014 check-ins: a visit per row, its category, and the category's root if given.

    Args:
        categories: a CSV with ``root_type`` and one of ``category_id``, ``category`` (the id) or
            ``category_name``. None: the clocks see the category alone.

    Raises:
        LogError: the CSV lacks these columns.

    Example:
        >>> mapping = foursquare_mapping()
        >>> mapping.item, mapping.schema().labels, mapping.schema().clock_attributes
        ('venue', ('visit',), ('category',))
    """
    if categories is None:
        return _CHECKINS
    categories = Path(categories)
    key = _key(categories, list(types_of(categories, CsvFormat())))
    return structs.replace(
        _CHECKINS,
        items=categories,
        items_key=key,
        items_match=_KEYS[key],
        item_attributes={"root": "root_type"},
    )


def _key(path: Path, columns: Sequence[str]) -> str:
    for key in _KEYS:
        if key in columns and "root_type" in columns:
            return key
    raise LogError(
        f"{path}: expected columns category_id (or category_name) and root_type; it has {', '.join(columns)}"
    )
