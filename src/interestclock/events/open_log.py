"""One way in: a path and what is known about it become a stream of events."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from interestclock.defaults import LAYOUTS
from interestclock.errors import ConfigError
from interestclock.events.foursquare import foursquare_mapping
from interestclock.events.log_files import LogPath, as_paths, called, log_files
from interestclock.events.mapping import ColumnMapping
from interestclock.events.schema import EventSource
from interestclock.events.table_source import TableSource

__all__ = ["LAYOUTS", "open_log", "resolve_mapping"]

_MAPPING_FILE = "log.toml"


def open_log(
    path: LogPath,
    *,
    mapping: ColumnMapping | None = None,
    layout: str | None = None,
    items: str | Path | None = None,
    lateness_ms: int = 0,
    dead_letters: str | Path | None = None,
) -> EventSource:
    """Open an event log.

    A folder with a ``log.toml`` (``interestclock simulate`` writes one) needs nothing else; a mapping given
    here replaces it.

    Args:
        path: a Parquet, Feather, CSV or TSV file, a folder of these, a pattern such as ``plays-*.csv``,
            several of these, or a folder with a ``log.toml``.
        mapping: what the columns mean.
        layout: a built-in mapping instead: ``foursquare``.
        items: the items file (for foursquare: the categories); wins over the mapping's.
        lateness_ms: how far a row may stand behind the newest before it.
        dead_letters: JSON-lines file for rows that cannot be used; None refuses the first of them.

    Raises:
        ConfigError: no mapping, or one that cannot be.
        LogError: the log cannot be read as described.

    Example:
        >>> open_log(Path("plays.parquet"))
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.parquet: no such file or folder
    """
    if _own_file(path) is None:
        log_files(path)  # what is not there is said before what it may mean
    mapping = resolve_mapping(path, mapping=mapping, layout=layout, items=items)
    return TableSource(_files(path, mapping), mapping, lateness_ms=lateness_ms, dead_letters=dead_letters)


def resolve_mapping(
    path: LogPath,
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


def _own_mapping(path: LogPath) -> ColumnMapping:
    file = _own_file(path)
    if file is not None:
        return ColumnMapping.from_toml(file)
    log_files(path)  # what is not there is said before what it may mean
    raise ConfigError(
        f"{called(path)}: nothing says what its columns mean; give a mapping file (--mapping FILE.toml), "
        f"options such as --user COLUMN --label-column finish=COLUMN, or --layout {LAYOUTS[0]}"
    )
