"""Errors in the words of who called: options of the command line become arguments of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, get_origin

from interestclock.errors import InterestClockError
from interestclock.mapping_keys import LogKeys, bare_type, keys_of

__all__ = ["in_arguments", "speaking_in_arguments"]

_NO_VALUE = r"(?!(?:or|and|says|makes|both|here)\b)"
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s;()]+?(?=[.,;:)]*(?:\s|$))"
_OPTION = re.compile(rf"(?<![\w-])--(?P<name>[a-z][a-z0-9-]*)(?: {_NO_VALUE}(?P<value>{_VALUE}))?")
_QUOTES = "\"'"
_WORDS = {
    "give a table of NAME = COLUMN": "give a dictionary of names and columns, or a list of names",
    'a column\'s name or a table, as { column = "liked" }': (
        'a column\'s name, an expression in quotes, or LabelColumn(column="liked")'
    ),
}
"""What is said of a mapping file alone, and here."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class _Argument:
    """What an option is called here, its type, and of a flag what it says."""

    name: str
    kind: Any
    says: bool = True


@contextmanager
def speaking_in_arguments() -> Iterator[None]:
    """Errors, and what is noted on them, name arguments within.

    Raises:
        InterestClockError: of the kind it was.

    Example:
        >>> with speaking_in_arguments():
        ...     raise InterestClockError("set such rows aside: --dead-letters FILE")
        Traceback (most recent call last):
        interestclock.errors.InterestClockError: set such rows aside: dead_letters=FILE
    """
    try:
        yield
    except InterestClockError as error:
        error.args = (in_arguments(str(error)), *error.args[1:])
        if hasattr(error, "__notes__"):
            error.__notes__ = [in_arguments(note) for note in error.__notes__]
        raise


def in_arguments(text: str) -> str:
    """A message with each option as the argument that it is in Python.

    Example:
        >>> in_arguments("name one, for example --label-column finish=COLUMN")
        "name one, for example labels={'finish': 'COLUMN'}"
        >>> in_arguments("give a zone (--zone Asia/Tokyo), or --time-is-local; use --seeds 3.")
        "give a zone (zone='Asia/Tokyo'), or time_is_local=True; use seeds=3."
        >>> in_arguments('if it parts values, say so: --separator ","')
        "if it parts values, say so: separator=','"
    """
    for of_a_file, of_python in _WORDS.items():
        text = text.replace(of_a_file, of_python)
    return _OPTION.sub(_argument, text)


def _argument(option: re.Match[str]) -> str:
    name, value = option["name"], option["value"]
    argument = _of_keys().get(name) or _Argument(name=name.replace("-", "_"), kind=str)
    if argument.kind is bool:
        return f"{argument.name}={argument.says}" + ("" if value is None else f" {value}")
    if value is None:
        return f"{argument.name}="
    return f"{argument.name}={_written(argument.kind, value[1:-1] if value[0] in _QUOTES else value)}"


def _written(kind: Any, value: str) -> str:
    """A number and a name in capitals as they are, entries as a dictionary, names as a list, else text."""
    name, equals, column = value.partition("=")
    if kind is dict and equals:
        return f"{{{name!r}: {column!r}}}"
    if kind in (dict, tuple) or ("," in value and value != ","):
        return repr(value.split(","))
    return value if _NUMBER.fullmatch(value) or value.isupper() else repr(value)


@cache
def _of_keys() -> dict[str, _Argument]:
    """By the name of the option."""
    found = {"label-delay": _Argument(name="label_delays", kind=dict)}
    for name, key, kind in keys_of(LogKeys):
        bare = bare_type(kind)
        if key.option is not None:
            found[key.option] = _Argument(name=name, kind=get_origin(bare) or bare)
        if key.opposite is not None:
            found[key.opposite] = _Argument(name=name, kind=bare, says=False)
    return found
