"""``config.json`` in a folder that goes on: of which source and settings it is, and which of them differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from interestclock.errors import ResultError
from interestclock.live.setting_options import describe_change
from interestclock.saved import read_object

__all__ = ["CONFIG", "config_of", "differences"]

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
