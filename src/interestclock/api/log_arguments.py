"""Arguments that say what a log's columns mean: the keys of a mapping, and where things are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from interestclock.defaults import ALL_TIME_MINUTES
from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, EventSource, open_log, resolve_mapping
from interestclock.events.frames import LogData, frame_name, paths_of
from interestclock.events.log_files import as_paths
from interestclock.events.mapping_entries import labels_delayed
from interestclock.events.mapping_toml import mapping_from
from interestclock.mapping_keys import BEGIN_A_MAPPING, LabelColumn, LogKeys

__all__ = ["Columns", "Labels", "log_title", "open_described"]

Columns = Mapping[str, str] | Sequence[str]
"""Names and columns, or names where both agree."""

Labels = Mapping[str, str | LabelColumn] | Sequence[str]
"""Names and columns or what makes them, such as ``played >= 0.8``; names alone where both agree."""

_KEYS = [name for name in LogKeys.__struct_fields__ if name != "log"]


def open_described(
    data: LogData, arguments: Mapping[str, Any], *, dead_letters: str | Path | None = None
) -> EventSource:
    """The log that the arguments of a function describe, as the options of a command do.

    Args:
        data: a path, several, or a frame.
        arguments: each key of a mapping by name, None where it is not given; and ``mapping``, ``layout``,
            ``label_delays`` and ``lateness_minutes``.
        dead_letters: for rows that cannot be used, where the arguments name no file.

    Raises:
        ConfigError: what is given cannot be. LogError: the log cannot be read as described.
    """
    items, given = arguments["items"], _given(arguments)
    mapping, layout = _mapping(arguments["mapping"]), arguments["layout"]
    if mapping is None and layout is None and BEGIN_A_MAPPING & given.keys() and not _describes_itself(data):
        mapping = ColumnMapping()
    file = items if isinstance(items, str | Path) else None
    resolved = resolve_mapping(data, mapping=mapping, layout=layout, items=file)
    return open_log(
        data,
        mapping=_over(resolved, given, arguments),
        items=items,
        lateness_ms=_lateness_ms(arguments["lateness_minutes"]),
        dead_letters=arguments["dead_letters"] or dead_letters,
    )


def log_title(data: LogData) -> str:
    """The log's name for a heading.

    Example:
        >>> log_title("logs/plays.csv"), log_title(["a.csv", "b.csv"])
        ('plays.csv', 'a.csv and 1 more')
    """
    files = paths_of(data)
    if files is None:
        return frame_name(data)
    first, *more = as_paths(files)
    return first.name + (f" and {len(more)} more" if more else "")


def _lateness_ms(minutes: object) -> int:
    number = float(minutes) if isinstance(minutes, Real) and not isinstance(minutes, bool) else -1.0
    if not 0 <= number <= ALL_TIME_MINUTES:
        raise ConfigError(
            f"lateness_minutes is {minutes!r}; give 0 to {ALL_TIME_MINUTES:,}: how far a row may stand "
            "behind the newest"
        )
    return round(number * 60_000)


def _describes_itself(data: LogData) -> bool:
    files = paths_of(data)
    paths = () if files is None else as_paths(files)
    return len(paths) == 1 and (paths[0] / "log.toml").is_file()


def _mapping(given: object) -> ColumnMapping | None:
    if given is None or isinstance(given, ColumnMapping):
        return given
    if not isinstance(given, str | Path):
        raise ConfigError(f"mapping is {given!r}; give the path of a TOML file, or a ColumnMapping")
    return ColumnMapping.from_toml(given)


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that are given, of the types that a mapping file would need."""
    written = {
        name: _as_in_a_file(arguments[name])
        for name in _KEYS
        if name != "items" and arguments[name] is not None
    }
    checked = mapping_from(written, LogKeys)
    return {name: getattr(checked, name) for name in written}


def _as_in_a_file(value: Any) -> Any:
    if isinstance(value, Struct):
        return {name: each for name, each in structs.asdict(value).items() if each is not None}
    if isinstance(value, Mapping):
        return {name: _as_in_a_file(each) for name, each in value.items()}
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else value


def _over(mapping: ColumnMapping, given: Mapping[str, Any], arguments: Mapping[str, Any]) -> ColumnMapping:
    """A mapping with what is given put over it, as options are: tables add, all else replaces."""
    changed = {
        name: {**getattr(mapping, name), **value} if isinstance(value, dict) else value
        for name, value in given.items()
    }
    labels = changed.get("labels", mapping.labels)
    for name in _given_as_text(arguments["labels"]) & mapping.labels.keys():
        before = mapping.labels[name]
        labels[name] = structs.replace(
            labels[name], delay_seconds=before.delay_seconds, known_column=before.known_column
        )
    delays = [f"{name}={seconds}" for name, seconds in (arguments["label_delays"] or {}).items()]
    return structs.replace(mapping, **changed | {"labels": labels_delayed(labels, delays)})


def _given_as_text(labels: Labels | None) -> set[str]:
    """Labels of which nothing is said about when they are known."""
    if isinstance(labels, Mapping):
        return {name for name, label in labels.items() if isinstance(label, str)}
    return set(labels or ())
