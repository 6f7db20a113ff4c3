"""Every error this package raises on purpose, in one tree.

A message says what was wrong, where (file, row, column or value), and what to do about it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from numbers import Integral, Real
from typing import Any, get_args, get_type_hints

__all__ = [
    "ConfigError",
    "InterestClockError",
    "LatenessError",
    "LogError",
    "QueueFullError",
    "RequestError",
    "ResultError",
    "check_names",
    "check_numbers",
    "check_size",
    "own_error",
    "settings_checked",
    "system_errors_as",
]


class InterestClockError(Exception):
    """Base of all errors below: catch it to catch whatever the package refuses.

    Example:
        >>> issubclass(LogError, InterestClockError)
        True
    """


class ConfigError(InterestClockError):
    """A setting, an option or a mapping file asks for something that cannot be.

    Example:
        >>> raise ConfigError("sigma_hours is 0.0; give a width above 0, for example 1.0 (one hour)")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: sigma_hours is 0.0; give a width above 0, for example 1.0 (one hour)
    """


class LogError(InterestClockError):
    """An event log cannot be read as it was described: a missing column, a wrong type, no rows.

    Example:
        >>> raise LogError("plays.csv: no column 'user'; it has user_id, song; use --user user_id")
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.csv: no column 'user'; it has user_id, song; use --user user_id
    """


class LatenessError(LogError):
    """An event arrived later than the stated lateness allows, so time order cannot be restored.

    Example:
        >>> issubclass(LatenessError, LogError)
        True
    """


class ResultError(InterestClockError):
    """A folder of results cannot be written or read: it holds something else, or half of a run.

    Example:
        >>> issubclass(ResultError, InterestClockError)
        True
    """


class RequestError(InterestClockError):
    """A request to rank cannot be answered as it was put: no candidates, no local time, a strange context.

    Example:
        >>> issubclass(RequestError, InterestClockError)
        True
    """


class QueueFullError(ResultError):
    """More waits to be written, or scored, than may wait: nothing was taken, and the same may be tried later.

    Example:
        >>> issubclass(QueueFullError, ResultError)
        True
    """


@contextmanager
def system_errors_as(
    kind: type[InterestClockError],
    what: str,
    *,
    remedy: str,
    of: tuple[type[Exception], ...] = (OSError,),
) -> Iterator[None]:
    """Say of what the system refuses within what could not be done, and what to do about it.

    Args:
        kind: of the error. what: where, and what could not be done. of: errors that are meant.

    Raises:
        InterestClockError: of that kind, from the system's error.

    Example:
        >>> with system_errors_as(ResultError, "out: it cannot be written", remedy="make room"):
        ...     raise OSError("No space left on device")
        Traceback (most recent call last):
        interestclock.errors.ResultError: out: it cannot be written (No space left on device); make room
    """
    try:
        yield
    except of as error:
        raise kind(f"{what} ({error}); {remedy}") from error


@contextmanager
def settings_checked() -> Iterator[None]:
    """What a clock's settings refuse, as any module of PyTorch would, is said as ours within.

    Raises:
        ConfigError: instead of a ValueError.

    Example:
        >>> with settings_checked():
        ...     check_size("dim", 0)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: dim is 0; give 1 or more
    """
    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from error


def check_names(name: str, given: object) -> None:
    """Refuse text where a collection of names is meant: it would be taken letter by letter, or by its parts.

    Args:
        name: of the argument. given: what it is.

    Raises:
        ConfigError: it is text.

    Example:
        >>> check_names("allow", "a:Clock")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: allow is the text 'a:Clock'; give names in a tuple, as ('a:Clock',)
    """
    if isinstance(given, str | bytes):
        raise ConfigError(f"{name} is the text {given!r}; give names in a tuple, as ({given!r},)")


def check_numbers(settings: Any, *, error: type[Exception] = ConfigError) -> None:
    """Refuse settings of which one is no number of its field's type: what ranges are checked of is a number.

    A field of ``int`` holds a whole number, one of ``float`` a finite one, one of ``bool`` True or False; so
    do tuples and dictionaries of them. ``None`` is for a field that names it. Other fields are passed over.

    Args:
        settings: a dataclass. error: of which kind; ``ValueError`` for clocks and baselines.

    Raises:
        ConfigError: (or ``error``) a value is of another type, NaN or infinite.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Sizes:
        ...     heads: int = 4
        ...     gain: float | None = None
        >>> check_numbers(Sizes())
        >>> check_numbers(Sizes(heads=2.5))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: heads is 2.5; give a whole number, for example 3
        >>> check_numbers(Sizes(gain=math.nan), error=ValueError)
        Traceback (most recent call last):
        ValueError: gain is nan; give a finite number
    """
    for name, kinds in _kinds_of(settings.__class__).items():
        given = getattr(settings, name)
        several = given.values() if isinstance(given, dict) else given
        for value in several if isinstance(given, dict | tuple | list) else (given,):
            if not (value is None and type(None) in kinds) and (wanted := _number_wanted(kinds, value)):
                raise error(f"{name} is {_quoted(given)}; give {wanted}")


@cache
def _kinds_of(settings: type[Any]) -> dict[str, frozenset[Any]]:
    """Of each field that holds numbers or flags, the types in its annotation."""
    hints = get_type_hints(settings)
    kinds = {
        each.name: frozenset((hints[each.name], *get_args(hints[each.name]))) for each in fields(settings)
    }
    return {name: those for name, those in kinds.items() if those & {bool, int, float}}


def _number_wanted(kinds: frozenset[Any], value: object) -> str | None:
    """What should be there, if it is not."""
    if bool in kinds:
        return None if isinstance(value, bool) else "True or False"
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if float in kinds:
        return None if math.isfinite(number) else "a finite number"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return None
    return "a whole number" + (f", for example {math.ceil(number)}" if math.isfinite(number) else "")


def _quoted(value: object) -> str:
    """As it is written: text in quotes, a number of NumPy as its digits."""
    return str(value) if isinstance(value, Real) else repr(value)


def check_size(name: str, value: int) -> None:
    """Refuse a size that is not whole, or below 1.

    Args:
        name: what the caller calls it. value: what was given.

    Raises:
        ValueError: it is below 1, or no whole number.

    Example:
        >>> check_size("dim", 0)
        Traceback (most recent call last):
        ValueError: dim is 0; give 1 or more
        >>> check_size("dim", 2.5)
        Traceback (most recent call last):
        ValueError: dim is 2.5; give a whole number, for example 3
    """
    if wanted := _number_wanted(frozenset({int}), value):
        raise ValueError(f"{name} is {_quoted(value)}; give {wanted}")
    if value < 1:
        raise ValueError(f"{name} is {value}; give 1 or more")


def own_error(error: BaseException) -> BaseException:
    """An error once more, for one of several callers: each that raises a common one adds its traceback to it.

    Args:
        error: that befell all of them. One whose class cannot be copied is given as it is.

    Example:
        >>> full = ResultError("the disk is full")
        >>> own_error(full) is full, own_error(full)
        (False, ResultError('the disk is full'))
    """
    try:
        own = copy.copy(error)
    except Exception:  # a class may want other arguments than it keeps
        return error
    own.__cause__, own.__context__ = error.__cause__, error.__context__
    own.__suppress_context__ = error.__suppress_context__
    return own.with_traceback(error.__traceback__)
