"""Frames as logs: whatever hands its rows over by Arrow's C stream interface, and pandas."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from interestclock.errors import ConfigError, LogError
from interestclock.events.held_frame import HeldFrame
from interestclock.events.log_files import LogPath
from interestclock.events.pandas_columns import pandas_names, pandas_table
from interestclock.events.raw_tables import check_columns

__all__ = ["ArrowStream", "Frame", "LazyFrame", "LogData", "column_names", "frame_name", "hold", "paths_of"]

_GIVE = (
    "give a frame of pandas or Polars, an Arrow table or reader, a relation of DuckDB, a table of Ibis, or "
    "the path of a file or folder"
)
_NOT_HANDED_OVER = {
    **dict.fromkeys(("Int128", "UInt128"), "cast it: data.with_columns({column}.cast(polars.Int64))"),
    "Object": "make text or numbers of it: data.with_columns({column}.map_elements(str, polars.String))",
}
"""Types of Polars that Arrow has none for: what to do about each."""


class ArrowStream(Protocol):
    """What has rows and hands them over: a frame of pandas or Polars, an Arrow table or reader, ...

    Example:
        >>> hasattr(pa.table({"user": [1]}), "__arrow_c_stream__")
        True
    """

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule of Arrow's C stream interface."""


class LazyFrame(Protocol):
    """A frame that is yet to be worked out, as Polars and Narwhals have it.

    Example:
        >>> hasattr(pa.table({"user": [1]}), "collect")
        False
    """

    def collect(self) -> Any:
        """The frame that it stands for."""


Frame = ArrowStream | LazyFrame
LogData = LogPath | Frame


def paths_of(data: LogData) -> LogPath | None:
    """What names files, as it is; None for a frame.

    Raises:
        ConfigError: a list of something else than paths.

    Example:
        >>> paths_of("plays.csv"), paths_of(["a.csv", "b.csv"]), paths_of(pa.table({"user": [1]}))
        ('plays.csv', ['a.csv', 'b.csv'], None)
    """
    if isinstance(data, str | Path):
        return data
    if not isinstance(data, Sequence):
        return None
    if not data:
        raise ConfigError(f"an empty list is no log; {_GIVE}")
    if not all(isinstance(each, str | Path) for each in data):
        raise ConfigError(f"a list of {type(data[0]).__name__} is no log; {_GIVE}{_made_of(data[0])}")
    return data


def hold(data: LogData, columns: Sequence[str]) -> HeldFrame:
    """The columns of a frame that are read, as an Arrow table, and copied only where the frame is no Arrow.

    Args:
        data: a frame; one that is lazy is worked out, and a reader is read, here and once.
        columns: of the frame. An index of pandas that has a name is a column, too.

    Raises:
        ConfigError: it is no frame. LogError: it lacks a column, has it twice, or cannot be read.

    Example:
        >>> held = hold(pa.table({"user": [1, 2], "note": ["a", "b"]}), ["user"])
        >>> held.called, held.columns, held.table.column_names
        ('pyarrow Table', ('user', 'note'), ['user'])
    """
    called, given = frame_name(data), _worked_out(data)
    if _is_pandas(given):
        names = pandas_names(given)
        return HeldFrame(called=called, columns=names, table=pandas_table(given, columns, called=called))
    if isinstance(given, pa.Table):
        return HeldFrame.of(given.schema.names, [given], columns, called=called)
    if _is_polars(given):
        return _from_polars(given, columns, called)
    return _from_stream(given, columns, called)


def column_names(data: LogData) -> tuple[str, ...]:
    """The columns of a frame, in its order.

    Raises:
        ConfigError: it is no frame.

    Example:
        >>> column_names(pa.table({"user": [1], "item": [2]}))
        ('user', 'item')
    """
    if isinstance(data, pa.RecordBatchReader):
        return tuple(data.schema.names)
    return hold(data, ()).columns


def frame_name(data: object) -> str:
    """What a frame is called in messages: its library and its class.

    Example:
        >>> frame_name(pa.table({"user": [1]}))
        'pyarrow Table'
    """
    kind = type(data)
    library = kind.__module__.split(".", maxsplit=1)[0].removeprefix("_")
    return kind.__name__ if library == "builtins" else f"{library} {kind.__name__}"


def _is_pandas(data: object) -> bool:
    """Without importing pandas: who has a frame of it has imported it."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _is_polars(data: object) -> bool:
    """Without importing Polars, as above."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, polars.DataFrame)


def _worked_out(data: Any) -> Any:
    """What a frame of Narwhals wraps, and a lazy frame comes to."""
    narwhals = sys.modules.get("narwhals")
    if narwhals is not None and isinstance(data, narwhals.DataFrame | narwhals.LazyFrame):
        return _worked_out(data.to_native())
    if not hasattr(data, "__arrow_c_stream__") and hasattr(data, "collect"):
        return _worked_out(_collected(data))
    return data


def _collected(data: Any) -> Any:
    """What a lazy frame comes to; where it cannot be worked out, the first line of what its library says."""
    try:
        return data.collect()
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise LogError(
            f"{frame_name(data)}: cannot be worked out ({type(error).__name__}: {first}); mend it until "
            ".collect() gives a frame"
        ) from error


def _made_of(data: object) -> str:
    """How a frame is made of what is none."""
    kind = type(data).__name__
    if isinstance(data, dict) or kind in ("ndarray", "recarray"):
        return ". pandas.DataFrame(...) makes one of a dictionary, a list of rows or an array"
    if kind in ("DataFrame", "LazyFrame", "Table"):
        return ". pandas.concat(...), polars.concat(...) or pyarrow.concat_tables(...) makes one of several"
    return ""


def _from_polars(data: Any, columns: Sequence[str], called: str) -> HeldFrame:
    """By pieces, as they lie: its stream would first copy all columns into one piece."""
    check_columns(Path(called), data.columns, columns)
    newest = sys.modules["polars"].CompatLevel.newest()
    read = data.select(list(dict.fromkeys(columns)))
    for name, kind in read.schema.items():
        if (remedy := _NOT_HANDED_OVER.get(str(kind))) is not None:
            raise LogError(
                f"{called}: column '{name}' holds {kind}, which cannot be read; "
                f"{remedy.format(column=f'polars.col({name!r})')}"
            )
    table = read.to_arrow(compat_level=newest)
    return HeldFrame(called=called, columns=tuple(data.columns), table=table)


def _from_stream(data: Any, columns: Sequence[str], called: str) -> HeldFrame:
    if type(data).__name__ == "Series":
        raise ConfigError(f"a {called} is one column and no log; give the frame that it is of")
    if not hasattr(data, "__arrow_c_stream__"):
        raise ConfigError(f"a {called} is no log; {_GIVE}{_made_of(data)}")
    try:
        reader = pa.RecordBatchReader.from_stream(data)
        return HeldFrame.of(
            reader.schema.names,
            map(pa.Table.from_batches, ([each] for each in reader)),
            columns,
            called=called,
        )
    except pa.ArrowException as error:
        raise LogError(f"{called}: cannot be read as a table ({error}); give a frame with columns") from error
