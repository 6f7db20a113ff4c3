"""Keys of a mapping as options of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from msgspec import Struct

from interestclock.mapping_keys import Key, bare_type, keys_of

__all__ = ["KeyOption", "key_options"]

_COLUMN = "NAME=COLUMN"
_SEVERAL = (dict, tuple)


@dataclass(frozen=True, kw_only=True)
class KeyOption:
    """A key as an option.

    Args:
        key: its name in a mapping; ``delay_seconds`` is of each label. name: without dashes before it.
        help: what it holds, and how an entry is written. several: whether it may be repeated.
        opposite: of what is true or false, and takes no value: the option that says no.
    """

    key: str
    name: str
    help: str
    several: bool
    opposite: str | None = None


def key_options(keys: type[Struct]) -> tuple[KeyOption, ...]:
    """The keys that are options, in the order of their declaration.

    Args:
        keys: ``LogKeys``, or what has its keys and more.

    Example:
        >>> from interestclock.mapping_keys import LogKeys
        >>> [option.help for option in key_options(LogKeys) if option.name == "numeric"]
        ['Context that is a quantity. NAME=COLUMN, or NAME where both agree; repeat for several.']
    """
    return tuple(_options(keys))


def _options(keys: type[Struct]) -> Iterator[KeyOption]:
    for name, key, kind in keys_of(keys):
        bare = bare_type(kind)
        shape = get_origin(bare)
        if key.option is not None:
            several = shape in _SEVERAL
            opposite = (key.opposite or f"no-{key.option}") if bare is bool else None
            yield KeyOption(
                key=name, name=key.option, help=_help(key, shape), several=several, opposite=opposite
            )
        if shape is dict:
            yield from _of_each_entry(bare_type(get_args(bare_type(kind))[1]))


def _of_each_entry(kind: Any) -> Iterator[KeyOption]:
    """Where an entry has keys of its own, as a label has."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        for name, key, _ in keys_of(kind):
            if key.option is not None:
                given = f"{key.entry}: {key.help[0].lower()}{key.help[1:]}"
                yield KeyOption(key=name, name=key.option, help=given, several=True)


def _help(key: Key, shape: Any) -> str:
    given = key.help if key.otherwise is None else f"{key.help[:-1]} (default: {key.otherwise})."
    if shape is tuple:
        return f"{given[:-1]}; repeat for several."
    if shape is dict and key.entry == _COLUMN:
        return f"{given} {_COLUMN}, or NAME where both agree; repeat for several."
    return f"{given} {key.entry}; repeat for several." if shape is dict else given
