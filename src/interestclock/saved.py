"""What was saved as JSON, checked key by key: an error names the file, the key and what belongs there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from interestclock.errors import ConfigError, ResultError, system_errors_as

__all__ = ["made_of", "object_of", "read_object"]

T = TypeVar("T")
_AT = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)  # of msgspec: what, and where


def read_object(path: Path, *, remedy: str) -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
        remedy: what to do where it cannot be read.

    Raises:
        ResultError: the file is missing, or holds something else.
    """
    with system_errors_as(ResultError, f"{path}: cannot be read", remedy=remedy):
        content = path.read_bytes()
    return object_of(content, where=str(path), remedy=remedy)


def object_of(content: bytes | str, *, where: str, remedy: str) -> dict[str, Any]:
    """The JSON object that a text is.

    Args:
        where: it stands, for an error. remedy: what to do where it is none.

    Raises:
        ResultError: it is none.

    Example:
        >>> object_of('{"seed": 0', where="ranker.json", remedy="train it again")
        Traceback (most recent call last):
        interestclock.errors.ResultError: ranker.json: no whole JSON object; train it again
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ResultError(f"{where}: no whole JSON object; {remedy}")
    return found


def made_of(
    kind: type[T], described: Any, *, where: str, remedy: str, given: Mapping[str, Any] | None = None
) -> T:
    """A dataclass, with those in it, of what goes through JSON.

    Args:
        kind: of which. described: as ``asdict`` gave it; lists stand for tuples.
        where: it stands, for an error. remedy: what to do where it is damaged or of another version.
        given: values of fields that are made otherwise.

    Raises:
        ResultError: a key is unknown or missing, or a value is of another type or out of its range.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Size:
        ...     rows: int
        ...     widths: tuple[int, ...] = ()
        >>> made_of(Size, {"rows": 3, "widths": [1, 2]}, where="a file", remedy="write it again")
        Size(rows=3, widths=(1, 2))
        >>> made_of(Size, {"row": 3}, where="a file", remedy="write it again")
        Traceback (most recent call last):
        interestclock.errors.ResultError: a file: key 'row' is unknown; there are rows, widths; write it again
        >>> made_of(Size, {"rows": "3"}, where="a file", remedy="write it again")
        Traceback (most recent call last):
        interestclock.errors.ResultError: a file: key 'rows': expected int, got str; write it again
    """
    try:
        made: T = _made(kind, described, "", given or {})
    except (_UnfitError, ConfigError, ValueError) as error:
        raise ResultError(f"{where}: {error}; {remedy}") from error
    return made


class _UnfitError(Exception):
    """What does not fit, in words."""


def _made(kind: Any, described: Any, within: str, given: Mapping[str, Any]) -> Any:
    if not isinstance(described, dict):
        what = f"key '{within.removesuffix('.')}': " if within else ""
        raise _UnfitError(f"{what}expected an object, got {type(described).__name__}")
    hints, values = get_type_hints(kind), dict(given)
    names = [each.name for each in fields(kind)]
    for name in described:
        if name not in names:
            raise _UnfitError(f"key '{within}{name}' is unknown; there are {', '.join(names)}")
    for each in fields(kind):
        if each.name in described:
            values[each.name] = _value(hints[each.name], described[each.name], f"{within}{each.name}")
        elif each.name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise _UnfitError(f"key '{within}{each.name}' is missing")
    return kind(**values)


def _value(hint: Any, value: Any, key: str) -> Any:
    if is_dataclass(hint):
        return _made(hint, value, f"{key}.", {})
    origin, inner = get_origin(hint), get_args(hint)
    if origin is dict and is_dataclass(inner[1]) and isinstance(value, dict):
        return {name: _value(inner[1], each, f"{key}.{name}") for name, each in value.items()}
    if origin is list and is_dataclass(inner[0]) and isinstance(value, list):
        return [_value(inner[0], each, f"{key}[{place}]") for place, each in enumerate(value)]
    if hint is int and isinstance(value, float):  # which would pass where it is whole
        raise _UnfitError(f"key '{key}': expected int, got float")
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        what, below = (str(error), None) if found is None else found.groups()
        what = what.replace("`", "")
        key += below or ""
        raise _UnfitError(f"key '{key}': {what[:1].lower()}{what[1:]}") from error
