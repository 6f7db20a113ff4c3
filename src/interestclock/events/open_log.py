"""One way in: a path or a frame and what is known about it become a stream of events."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from interestclock.defaults import LAYOUTS
from interestclock.errors import ConfigError
from interestclock.events.described import check_described
from interestclock.events.foursquare import foursquare_mapping
from interestclock.events.frames import Frame, LogData, column_names, frame_name, hold, paths_of
from interestclock.events.held_frame import HeldFrame
from interestclock.events.items import item_columns
from interestclock.events.log_files import LogPath, as_paths, called, log_files
from interestclock.events.mapping import ColumnMapping
from interestclock.events.mapping_guess import guess_mapping
from interestclock.events.schema import EventSource
from interestclock.events.table_source import TableSource
from interestclock.mapping_keys import CsvFormat

__all__ = ["LAYOUTS", "open_log", "resolve_mapping"]

_MAPPING_FILE = "log.toml"


def open_log(
    path: LogData,
    *,
    mapping: ColumnMapping | None = None,
    layout: str | None = None,
    items: str | Path | Frame | None = None,
    lateness_ms: int = 0,
    dead_letters: str | Path | None = None,
) -> EventSource:
    """Open an event log.

    A folder with a ``log.toml`` (``interestclock simulate`` writes one) needs nothing else; a mapping given
    here replaces it.

    Args:
        path: a Parquet, Feather, CSV or TSV file, a folder of these, a pattern such as ``plays-*.csv``,
            several of these, or a folder with a ``log.toml``. Or a frame: of pandas, Polars or Narwhals,
            lazy or not, an Arrow table or reader, a relation of DuckDB, a table of Ibis. Its rows count from
            1, and a named index of pandas is a column.
        mapping: what the columns mean.
        layout: a built-in mapping instead: ``foursquare``.
        items: the items file (for foursquare: the categories), or a frame; wins over the mapping's.
        lateness_ms: how far a row may stand behind the newest before it.
        dead_letters: JSON-lines file for rows that cannot be used; None refuses the first of them.

    Raises:
        ConfigError: no mapping, or one that cannot be; what is given is neither a path nor a frame.
        LogError: the log cannot be read as described.

    Example:
        >>> open_log(Path("plays.parquet"))
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.parquet: no such file or folder
    """
    files = paths_of(path)
    if files is not None and _own_file(files) is None:
        log_files(files)  # what is not there is said before what it may mean
    items_file = items if isinstance(items, str | Path) else None
    mapping = resolve_mapping(path, mapping=mapping, layout=layout, items=items_file)
    return TableSource(
        _held(path, mapping) if files is None else _files(files, mapping),
        mapping,
        items=None if items is None or items is items_file else hold(items, item_columns(mapping)),
        lateness_ms=lateness_ms,
        dead_letters=dead_letters,
    )


def resolve_mapping(
    path: LogData,
    *,
    mapping: ColumnMapping | None = None,
    layout: str | None = None,
    items: str | Path | None = None,
) -> ColumnMapping:
    """The mapping a log is read with: the one given, a layout's, or its folder's ``log.toml``.

    Args:
        path: the log.
        mapping: wins where given.
        layout: name of a built-in mapping; not together with a mapping.
        items: the items file; wins over the mapping's.

    Raises:
        ConfigError: an unknown layout, both a layout and a mapping, or none of the three.

    Example:
        >>> resolve_mapping(Path("plays.csv"), layout="foursqare")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: unknown layout 'foursqare'; the built-in layout is foursquare
    """
    if layout is not None:
        _check_layout(layout, mapping)
        return foursquare_mapping(items)
    if mapping is None:
        mapping = _own_mapping(path)
    return mapping if items is None else structs.replace(mapping, items=Path(items))


def _held(frame: LogData, mapping: ColumnMapping) -> HeldFrame:
    if mapping.csv != CsvFormat():
        raise ConfigError(f"csv says how a text file is written; a {frame_name(frame)} is none: leave it out")
    check_described(frame_name(frame), column_names(frame), mapping)
    return hold(frame, mapping.log_columns())


def _own_file(path: LogPath) -> Path | None:
    """The ``log.toml`` of a folder that describes itself."""
    paths = as_paths(path)
    file = paths[0] / _MAPPING_FILE if len(paths) == 1 else None
    return file if file is not None and file.is_file() else None


def _files(path: LogPath, mapping: ColumnMapping) -> LogPath:
    """The path itself, unless it is a folder that describes itself."""
    file = _own_file(path)
    if file is None:
        return path
    if mapping.log is None:
        raise ConfigError(f'{file}: names no log; add for example: log = "events"')
    return mapping.log


def _check_layout(layout: str, mapping: ColumnMapping | None) -> None:
    if layout not in LAYOUTS:
        raise ConfigError(f"unknown layout '{layout}'; the built-in layout is {', '.join(LAYOUTS)}")
    if mapping is not None:
        raise ConfigError(f"a mapping and the layout '{layout}' are given; give one of the two")


def _own_mapping(data: LogData) -> ColumnMapping:
    path = paths_of(data)
    if path is None:
        has = ", ".join(column_names(data))
        raise ConfigError(
            f"{frame_name(data)}: nothing says what its columns mean; it has {has}. A mapping to start from, "
            f"as guess_mapping makes it:\n\n{guess_mapping(data)}"
        )
    file = _own_file(path)
    if file is not None:
        return ColumnMapping.from_toml(file)
    log_files(path)  # what is not there is said before what it may mean
    raise ConfigError(
        f"{called(path)}: nothing says what its columns mean; give a mapping file (--mapping FILE.toml), "
        f"options such as --user COLUMN --label-column finish=COLUMN, or --layout {LAYOUTS[0]}. A mapping to "
        f"start from, as 'interestclock mapping guess' makes it:\n\n{guess_mapping(path)}"
    )
