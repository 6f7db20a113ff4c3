"""Numbers of a message that a log would read: 7.0 is 7, and an offset may be in hours or as +05:30."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.utc_offsets import parse_offsets

__all__ = ["as_a_log_has_it", "offset_in_minutes"]

_log = logging.getLogger("interestclock.source")
_EXACT_BELOW = 2.0**53  # floats tell whole numbers apart up to here
_OFFSET = "utc_offset_minutes"
_AS_THEY_ARE = "values"  # raw columns: their types are what labels are made of


def as_a_log_has_it(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a message, with whole numbers as such, and its offset in minutes.

    Example:
        >>> as_a_log_has_it({"user_id": 7.0, "labels": {"like": 1.0}, "utc_offset_minutes": "+05:30"})
        {'user_id': 7, 'labels': {'like': 1}, 'utc_offset_minutes': 330}
    """
    read = {name: each if name == _AS_THEY_ARE else _whole(each) for name, each in fields.items()}
    offset = read.get(_OFFSET)
    if isinstance(offset, str | int | float) and not isinstance(offset, bool):
        minutes = offset_in_minutes(offset)
        read[_OFFSET] = offset if minutes is None else minutes
    return read


@lru_cache(maxsize=1_024)
def offset_in_minutes(offset: str | float) -> int | None:
    """Minutes to add to UTC, read as in a log (``parse_offsets``); None: it cannot be one.

    A number whose size tells that it is in hours or seconds is warned of, once for each such number.

    Example:
        >>> offset_in_minutes(330), offset_in_minutes(2), offset_in_minutes(5.5), offset_in_minutes("soon")
        (330, 120, 330, None)
    """
    try:
        minutes = parse_offsets(pa.array([offset])).values[0].as_py()
    except (LogError, OverflowError, pa.ArrowException):
        return None
    if minutes is not None and not isinstance(offset, str) and minutes != offset:
        _log.warning("utc_offset_minutes is %s in a message: read as %d minutes", offset, minutes)
    return None if minutes is None else int(minutes)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_BELOW:
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value
