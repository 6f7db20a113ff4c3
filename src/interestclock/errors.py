"""Every error this package raises on purpose, in one tree.

A message says what was wrong, where (file, row, column or value), and what to do about it.
"""

from __future__ import annotations

__all__ = ["ConfigError", "InterestClockError", "LatenessError", "LogError", "ResultError"]


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
