"""``config.json`` in a folder that goes on: of which source and settings it is, and which of them differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from interestclock import __version__
from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError
from interestclock.files import write_text
from interestclock.live.setting_options import describe_change
from interestclock.saved import read_object
from interestclock.streams import Source

__all__ = ["CONFIG", "config_of", "differences", "settings_of", "unchanged_config", "write_config"]

CONFIG = "config.json"
_SHOWN = 3  # settings that differ


def config_of(folder: Path) -> dict[str, Any]:
    """What a trainer's folder says of itself: source, schema, configuration, fingerprint, version.

    Raises:
        ResultError: it cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> _ = (path / CONFIG).write_text('{"source": "a log", "fingerprint": "8f43"}')
        >>> config_of(path)["source"]
        'a log'
    """
    path, remedy = folder / CONFIG, "bring it back from a copy, or start anew in another folder"
    settings = read_object(path, remedy=remedy)
    if not isinstance(settings.get("fingerprint"), str):
        raise ResultError(f"{path}: key 'fingerprint' is missing; {remedy}")
    return settings


def settings_of(source: Source, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a folder is for good: the source, its names and clock, and settings, for JSON.

    Args:
        config: settings that decide what comes out.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> EmbeddedLogWriter(folder).close()
        >>> source = EmbeddedLogSource(folder, schema=LogSchema(labels=("finish",)), group="features")
        >>> list(settings_of(source, {"longest": 10_000}))
        ['source', 'schema', 'config']
    """
    settings = {"source": source.name, "schema": asdict(source.schema), "config": config}
    if source.clock is not None and not source.clock.is_wall:
        # Not since when: what it showed is written down with what was taken, and it may go on later.
        settings["clock"] = {"factor": source.clock.factor}
    return settings


def write_config(folder: Path, settings: Mapping[str, Any], **marks: str) -> None:
    """Write ``config.json`` with the settings' fingerprint and the version of this package.

    Args:
        marks: what else the folder says of itself.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> write_config(path, {"source": "a log"}, holds="store")
        >>> config_of(path)["holds"]
        'store'
    """
    known = {**settings, **marks, "fingerprint": digest_of_json(settings), "version": __version__}
    write_text(folder / CONFIG, json.dumps(known, indent=1))


def unchanged_config(
    folder: Path, settings: Mapping[str, Any], *, otherwise: Callable[[], str] = str
) -> dict[str, Any]:
    """What a folder says of itself, where it is of these settings.

    Args:
        otherwise: what else can be done where it is not, as the end of the error.

    Raises:
        ResultError: it is of others, or cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> write_config(path, {"source": "a log"})
        >>> unchanged_config(path, {"source": "another log"})
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... source was 'a log' and is 'another log'; go on with those ...
    """
    before = config_of(folder)
    if before["fingerprint"] != digest_of_json(settings):
        changes = differences({name: before.get(name) for name in settings}, settings)
        raise ResultError(
            f"{folder} is of another source or configuration: {changes}; go on with those of "
            f"{folder / CONFIG}, or name another folder{otherwise()}"
        )
    return before


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which settings differ, with both values, for an error; the first few, nothing where none does.

    Example:
        >>> differences({"train": {"seed": 0, "threads": 1}}, {"train": {"seed": 1, "threads": 1}})
        'train.seed was 0 and is 1'
    """
    changes = [
        describe_change(name, then, value)
        for name, then, value in _changes("", dict(before), json.loads(json.dumps(now)))
    ]
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    return ", ".join(changes[:_SHOWN]) + more


def _changes(name: str, before: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Settings that differ, by their names with dots; lists are compared whole."""
    if isinstance(before, dict) and isinstance(now, dict):
        for each in sorted({*before, *now}):
            yield from _changes(f"{name}.{each}".lstrip("."), before.get(each), now.get(each))
    elif before != now:
        yield name, before, now
