"""What is said of a key beside its type, and how what is said is read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Struct

__all__ = ["Key", "bare_type", "keys_of"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """What the documentation and the command line say of a key.

    Args:
        help: what it holds, as a sentence. option: its name on the command line; None: in a file only.
        opposite: of a flag, the option that says no; ``no-`` and its name where None.
        otherwise: what holds where it is not given, in words, if the default does not say it.
        entry: how one of several is written on the command line.

    Example:
        >>> Key(help="Column of the user.", option="user").otherwise is None
        True
    """

    help: str
    option: str | None = None
    opposite: str | None = None
    otherwise: str | None = None
    entry: str = "NAME=COLUMN"


def keys_of(keys: type[Struct]) -> Iterator[tuple[str, Key, Any]]:
    """Each key's name, what is said of it, and its type.

    Args:
        keys: ``LogKeys``, ``LabelColumn``, ``CsvFormat``, or what has their keys and more.

    Example:
        >>> from interestclock.mapping_keys import CsvFormat
        >>> [name for name, _, _ in keys_of(CsvFormat)]
        ['delimiter', 'encoding', 'columns', 'quoted']
    """
    hints = get_type_hints(keys, include_extras=True)
    for name in keys.__struct_fields__:
        notes = getattr(hints[name], "__metadata__", ())
        key = next((note for note in notes if isinstance(note, Key)), None)
        if key is not None:
            yield name, key, hints[name]


def bare_type(kind: Any) -> Any:
    """A type without null and without what is noted on it.

    Example:
        >>> bare_type(Annotated[int | None, Key(help="A number.")])
        <class 'int'>
    """
    if get_origin(kind) is Annotated:
        return bare_type(kind.__origin__)
    options = [each for each in get_args(kind) if each is not type(None)]
    return bare_type(options[0]) if 0 < len(options) < len(get_args(kind)) else kind
