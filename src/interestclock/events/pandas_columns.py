"""Columns of pandas as Arrow's: categories, nullable values, time zones, objects, and the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from interestclock.events.raw_tables import check_columns

__all__ = ["pandas_names", "pandas_table"]

_OTHERWISE = (pa.ArrowException, TypeError, ValueError, OverflowError)
_GROUPS = (list, tuple, set, frozenset)


def pandas_names(frame: Any) -> tuple[str, ...]:
    """The names of a frame's columns, and of what of its index has a name of its own.

    Args:
        frame: a ``pandas.DataFrame``. Labels that are no text are written as text.

    Example:
        >>> import pandas
        >>> pandas_names(pandas.DataFrame({"song": ["a"], 0: [1]}, index=pandas.Index([7], name="uid")))
        ('song', '0', 'uid')
    """
    columns = [str(label) for label in frame.columns]
    index = [str(name) for name in frame.index.names if name is not None]
    return (*columns, *(name for name in index if name not in columns))


def pandas_table(frame: Any, columns: Sequence[str], *, called: str) -> pa.Table:
    """Some columns as Arrow has them: missing values of any kind as null.

    Objects of one kind become that; of several, such as numbers and text, the text that each is written as.

    Args:
        frame: a ``pandas.DataFrame``. columns: by name; of the index, too. called: it, for the message.

    Raises:
        LogError: it lacks a column, or has it twice.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"uid": [7, "guest"], "liked": pandas.array([1, None], "Int8")})
        >>> pandas_table(frame, ["uid", "liked"], called="pandas DataFrame").to_pylist()
        [{'uid': '7', 'liked': 1}, {'uid': 'guest', 'liked': None}]
    """
    check_columns(Path(called), pandas_names(frame), columns)
    labels = [str(label) for label in frame.columns]
    return pa.table({name: _column(frame, labels, name) for name in columns})


def _column(frame: Any, labels: list[str], name: str) -> pa.Array:
    if name in labels:
        return _values(frame.iloc[:, labels.index(name)])
    level = [str(each) for each in frame.index.names].index(name)
    return _values(frame.index.get_level_values(level).to_series())


def _values(series: Any) -> pa.Array | pa.ChunkedArray:
    if hasattr(series, "sparse"):
        series = series.sparse.to_dense()
    if series.dtype == object and _differ(series):
        return _written(series)
    try:
        values = pa.array(series, from_pandas=True)
    except _OTHERWISE:
        return _written(series)
    return _written(series) if isinstance(values.type, pa.BaseExtensionType) else values


def _differ(series: Any) -> bool:
    """Whether its values are of several kinds that Arrow would make one of, by the first of them."""
    first = next((each for each in series.array if isinstance(each, (str, date, *_GROUPS))), None)
    if first is None or isinstance(first, str):  # mostly: found at once, and nothing copied
        return False
    kinds: set[object] = set()
    for each in series.dropna().array:
        if isinstance(each, date):
            kinds.add(str(each.tzinfo) if isinstance(each, datetime) else date)
        elif isinstance(each, _GROUPS):
            kinds.add(type(each))
        elif isinstance(each, str):
            return False  # beside anything else Arrow refuses it
    return len(kinds) > 1


def _written(series: Any) -> pa.Array:
    """Each value as the text it is written as; sets and tuples as lists, moments as ISO 8601."""
    missing_N = series.isna().to_numpy(dtype=bool)
    values = [
        None if gone else sorted(each, key=str) if isinstance(each, set | frozenset) else each
        for each, gone in zip(series.astype(object), missing_N, strict=True)
    ]
    if all(each is None or isinstance(each, _GROUPS) for each in values):
        lists = [None if each is None else list(each) for each in values]
        try:
            return pa.array(lists)
        except _OTHERWISE:
            return pa.array([None if each is None else [_text(one) for one in each] for each in lists])
    return pa.array([None if each is None else _text(each) for each in values], pa.string())


def _text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return str(list(value) if isinstance(value, tuple) else value)
