"""Read a mapping file: every key checked against the mapping's fields, every value against its type.

A mapping file names columns; every key is optional unless said otherwise, an unknown key is an error::

    log = "events"                  # the log: a file, or a folder of Parquet files read in name order;
                                    # relative to this file. Only needed in a folder's log.toml
    items = "items.parquet"         # item attributes: Parquet, CSV or TSV; relative to this file
    items_key = "item_id"           # its key column (default: the name of `item`)
    items_match = "item_id"         # the log's column that is looked up in it (default: `item`)

    user = "user_id"                # default user_id
    item = "item_id"                # default item_id
    time = "timestamp_ms"           # default timestamp_ms: timestamps, ISO 8601 text or Unix time
    time_unit = "auto"              # of Unix time: auto (by size), s, ms, us or ns
    time_format = "%d/%m/%Y %H:%M"  # of text that is not ISO 8601, as strptime writes it
    time_is_local = false           # true: `time` is the wall clock of the event's offset or zone, not UTC
    utc_offset_minutes = "offset"   # column: the event's own offset, used first
    zone_column = "zone"            # column: an IANA zone, used where there is no offset
    zone = "America/New_York"       # the zone of events that have neither
    request = "request_id"          # column: exposures shown together carry the same value
    event_id = "event_id"           # column: two rows with the same value are one event
    separator = "|"                 # splits text columns with several values (lists need none)

    positive_only = "purchase"      # every row is a choice of this name; excludes [labels]
    clock_attributes = ["genre"]    # attributes that feed the clocks (default: all)
    engaged = ["finish", "like"]    # labels whose 1 puts an exposure into the history
                                    # (default: those that count as finish and like)

    [labels]                        # name = column of 0, 1, true, false or nothing (missing)
    finish = "finish"
    like = { column = "liked", delay_seconds = 60 }            # known a minute after the exposure
    skip = { column = "skip", known_column = "skip_known_ms" } # a column says when, as `time` is written
    love = { expression = "rating >= 4 and not bot" }          # made of other columns, in SQL's words

    [eq3]                           # which label is which term of Eq. 3 (default: by name)
    finish = "finish"               # terms: like, finish, skip, dislike

    [attributes]                    # name = column of the log's own rows; lists or text
    category = "product_category"

    [item_attributes]               # name = column of the items file
    genre = "genre"

    [categorical]                   # context with one value
    device = "device"

    [multivalued]                   # context with several: lists or text with the separator
    playlist_tags = "tags"

    [numeric]                       # context that is a quantity
    age_days = "age_days"

    [outcomes]                      # measured, never trained on
    played_ms = "played_ms"

    [truths]                        # label name = column of its true probability (simulated logs)
    finish = "truth_finish"

    [csv]                           # text logs: how they are written
    delimiter = ";"                 # default: tab in .tsv and .txt, else a comma
    encoding = "latin-1"            # default utf-8
    columns = ["user", "item", "t"] # names, in a file without a header row
    quoted = false                  # default true: "a, b" in quotes is one value

A table whose names and columns agree may be a list: ``numeric = ["age_days", "tempo"]`` (before the first
``[table]`` of the file, as TOML has it).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from interestclock.errors import ConfigError
from interestclock.events.mapping import ColumnMapping
from interestclock.events.mapping_parts import CsvFormat, LabelColumn

__all__ = ["read_mapping"]

_PATHS = ("log", "items")
_NAMES = ("clock_attributes", "engaged")
_TABLES = ("eq3", "attributes", "item_attributes", "categorical", "multivalued", "numeric")
_MORE_TABLES = ("outcomes", "truths")


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping in a TOML file; paths in it are relative to the file.

    Args:
        path: the file, as the docstring of this module describes it.

    Raises:
        ConfigError: the file is missing or no TOML, a key is unknown, a value has the wrong type.

    Example:
        >>> read_mapping(Path("nowhere.toml"))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: nowhere.toml: no such mapping file
    """
    table = _load(path)
    known = [field.name for field in fields(ColumnMapping)]
    _check_keys(path, "", table, known)
    try:
        return ColumnMapping(**{key: _field(path, key, value) for key, value in table.items()})
    except ConfigError as error:
        raise error if str(error).startswith(str(path)) else ConfigError(f"{path}: {error}") from error


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such mapping file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error


def _field(path: Path, key: str, value: Any) -> Any:
    if key in _PATHS:
        return path.parent / _text(path, key, value)
    if key in _NAMES:
        return _texts(path, key, value)
    if key in (*_TABLES, *_MORE_TABLES):
        return _columns(path, key, value)
    if key == "labels":
        return _labels(path, value)
    if key == "csv":
        return _csv(path, value)
    return _flag(path, key, value) if key == "time_is_local" else _text(path, key, value)


def _labels(path: Path, value: Any) -> dict[str, LabelColumn]:
    if isinstance(value, list):
        return {name: LabelColumn(column=name) for name in _texts(path, "labels", value)}
    table = _table(path, "labels", value)
    return {name: _label(path, f"labels.{name}", entry) for name, entry in table.items()}


def _label(path: Path, key: str, value: Any) -> LabelColumn:
    if isinstance(value, str):
        return LabelColumn(column=value)
    table = _table(path, key, value)
    _check_keys(path, f"{key}.", table, ["column", "expression", "delay_seconds", "known_column"])
    known, expression = table.get("known_column"), table.get("expression")
    return LabelColumn(
        column=None
        if "column" not in table and expression is not None
        else _text(path, f"{key}.column", table.get("column")),
        expression=None if expression is None else _text(path, f"{key}.expression", expression),
        delay_seconds=_number(path, f"{key}.delay_seconds", table.get("delay_seconds", 0.0)),
        known_column=None if known is None else _text(path, f"{key}.known_column", known),
    )


def _csv(path: Path, value: Any) -> CsvFormat:
    table = _table(path, "csv", value)
    _check_keys(path, "csv.", table, [field.name for field in fields(CsvFormat)])
    delimiter, columns = table.get("delimiter"), table.get("columns")
    return CsvFormat(
        delimiter=None if delimiter is None else _text(path, "csv.delimiter", delimiter),
        encoding=_text(path, "csv.encoding", table.get("encoding", "utf-8")),
        columns=None if columns is None else _texts(path, "csv.columns", columns),
        quoted=_flag(path, "csv.quoted", table.get("quoted", True)),
    )


def _columns(path: Path, key: str, value: Any) -> dict[str, str]:
    if isinstance(value, list):
        return {name: name for name in _texts(path, key, value)}
    table = _table(path, key, value)
    return {name: _text(path, f"{key}.{name}", column) for name, column in table.items()}


def _check_keys(path: Path, prefix: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    names = list(known)
    for key in table:
        if key not in names:
            close = get_close_matches(key, names, n=1)
            remedy = f"did you mean '{prefix}{close[0]}'?" if close else f"keys are {', '.join(names)}"
            raise ConfigError(f"{path}: unknown key '{prefix}{key}'; {remedy}")


def _table(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(path, key, value, "a table of NAME = COLUMN")
    return value


def _text(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        _refuse(path, key, value, "text in quotes")
    return value


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        _refuse(path, key, value, 'a list as ["genre", "mood"]')
    return tuple(_text(path, key, entry) for entry in value)


def _number(path: Path, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(path, key, value, "a number")
    return float(value)


def _flag(path: Path, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        _refuse(path, key, value, "true or false")
    return value


def _refuse(path: Path, key: str, value: Any, expected: str) -> NoReturn:
    raise ConfigError(f"{path}: '{key}' is {value!r}; give {expected}")
