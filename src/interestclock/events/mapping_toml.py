"""Read a mapping file as its keys are declared: an unknown one and a value of another type are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from reprlib import Repr
from typing import Any, TypeVar, get_args, get_origin

from msgspec import Struct

from interestclock.errors import ConfigError
from interestclock.events.label_shorthand import label_from_text
from interestclock.events.mapping_shorthand import table_of
from interestclock.events.model_faults import Wording, convert, first_fault
from interestclock.mapping_keys import LabelColumn, bare_type, keys_of

__all__ = ["mapping_from", "read_mapping"]

_LARGEST_SHOWN = 10**30
Keys = TypeVar("Keys", bound=Struct)


def read_mapping(path: Path, keys: type[Keys]) -> Keys:
    """The mapping in a TOML file; paths in it are relative to the file.

    Args:
        path: the file. keys: what it may hold, as ``LogKeys`` or ``ColumnMapping``.

    Raises:
        ConfigError: the file is missing or no TOML, a key is unknown, a value has the wrong type.

    Example:
        >>> from interestclock.mapping_keys import LogKeys
        >>> read_mapping(Path("nowhere.toml"), LogKeys)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: nowhere.toml: no such mapping file
    """
    written = _load(path)
    kinds = _kinds_of(keys)
    _refuse_misplaced(path, written, {name: kind for name, kind in kinds.items() if name not in written})
    try:
        return mapping_from(written, keys, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def mapping_from(written: Mapping[str, Any], keys: type[Keys], *, folder: Path | None = None) -> Keys:
    """A mapping of what stands for its keys, as a file has it.

    Args:
        written: by key. keys: what there may be. folder: paths in it are relative to.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type.

    Example:
        >>> from interestclock.mapping_keys import LogKeys
        >>> mapping_from({"labels": {"finish": "done"}, "attributes": ["genre"]}, LogKeys).attributes
        {'genre': 'genre'}
    """
    kinds = _kinds_of(keys)
    table = {name: _in_full(value, kinds.get(name)) for name, value in written.items()}
    try:
        mapping: Keys = convert(table if folder is None else _from(folder, table, kinds), keys)
    except (ValueError, ConfigError) as error:
        raise ConfigError(first_fault(table, keys, _MappingWording()) or str(error)) from error
    return mapping


def _kinds_of(keys: type[Struct]) -> dict[str, Any]:
    return {name: bare_type(kind) for name, _, kind in keys_of(keys)}


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(
            path.read_text(encoding="utf-8-sig")
        )  # some editors begin with a byte-order mark
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such mapping file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: it has a number of thousands of digits; give text in quotes") from error
    except RecursionError as error:
        raise ConfigError(
            f"{path}: lists or tables in it are nested too deeply; no key needs that"
        ) from error


def _refuse_misplaced(path: Path, table: Mapping[str, Any], missing: Mapping[str, Any]) -> None:
    """Refuse a key of the file that stands below a ``[table]``: TOML makes a name of that table of it.

    Args:
        path: the file. table: what it holds. missing: the keys it does not give, and their types.
    """
    for above, entries in table.items():
        if not isinstance(entries, dict):
            continue
        for name, value in entries.items():
            if name in missing and isinstance(value, _written_as(missing[name])):
                raise ConfigError(
                    f"{path}: '{name}' stands under [{above}] and is a name there; if the key '{name}' is "
                    "meant, move its line above the first [table], else choose another name"
                )
        _refuse_misplaced(path, entries, missing)


def _written_as(kind: Any) -> type:
    """What TOML has for a key's type; a table is misplaced only where it is written as a list."""
    if kind is bool:
        return bool
    return list if get_origin(kind) in (dict, tuple) else str


def _in_full(value: Any, kind: Any) -> Any:
    """A list stands for the table whose names and columns agree, and text for a label's column."""
    if get_origin(kind) is not dict:
        return value
    if isinstance(value, list):
        value = table_of("", value)
    if bare_type(get_args(kind)[1]) is LabelColumn and isinstance(value, dict):
        return {
            name: label_from_text(each) if isinstance(each, str) else each for name, each in value.items()
        }
    return value


def _from(folder: Path, table: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Paths of files from where the mapping file is."""
    return {
        name: str(folder / value) if kinds.get(name) is Path and isinstance(value, str) and value else value
        for name, value in table.items()
    }


class _MappingWording(Wording):
    """The key, what it is, what to give."""

    def called(self, where: str, name: str) -> str:
        return f"{where}.{name}" if where else name

    def unknown(self, where: str, name: str, known: Sequence[str]) -> str:
        close = get_close_matches(name, known, n=1)
        remedy = (
            f"did you mean '{self.called(where, close[0])}'?" if close else f"keys are {', '.join(known)}"
        )
        return f"unknown key '{self.called(where, name)}'; {remedy}"

    def missing(self, where: str) -> str:
        return f"'{where}' is empty; give text in quotes, or leave it out"

    def wrong(self, where: str, value: Any, expected: str) -> str:
        return f"'{where}' is {_as_written.repr(value)}; give {expected}"


class _AsWritten(Repr):
    """A value as the file has it, shortened where it is long; dates have no quotes there."""

    def repr_date(self, value: date, _: int) -> str:
        return value.isoformat()

    def repr_datetime(self, value: datetime, _: int) -> str:
        return value.isoformat()

    def repr_time(self, value: time, _: int) -> str:
        return value.isoformat()

    def repr_int(self, value: int, level: int) -> str:
        if abs(value) >= _LARGEST_SHOWN:  # Python writes no number of thousands of digits
            return "a number of very many digits"
        return super().repr_int(value, level)


_as_written = _AsWritten()
_as_written.maxstring = _as_written.maxother = 100
