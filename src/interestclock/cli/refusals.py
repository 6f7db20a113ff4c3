"""What can be refused before anything that takes long to import is: a value, a log, a folder."""

from __future__ import annotations

import difflib
import glob
from collections.abc import Collection, Iterable
from pathlib import Path

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.plugins import instead_of_a_file, is_named

__all__ = ["check_choice", "check_folder", "check_logs"]


def check_choice(option: str, value: str | None, choices: Collection[str]) -> None:
    """Refuse a value that is none of an option's.

    Args:
        option: as it is written, without its dashes. value: None where it was not given.
        choices: what it may be.

    Raises:
        ConfigError: it is none of them.

    Example:
        >>> check_choice("order", "streming", ("streaming", "daily-shuffled"))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: --order 'streming' (did you mean streaming?); there ...
    """
    if value is not None and value not in choices:
        close = difflib.get_close_matches(value, choices, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ConfigError(f"--{option} '{value}'{hint}; there are {', '.join(choices)}")


def check_logs(logs: Iterable[str | Path | None]) -> None:
    """Refuse a path of a log that is not there; addresses, patterns and own code are looked at later.

    Args:
        logs: as they were given; None was not.

    Raises:
        LogError: it is not there.

    Example:
        >>> check_logs([Path("nowhere.csv")])
        Traceback (most recent call last):
        interestclock.errors.LogError: nowhere.csv: no such file or folder
    """
    for log in (str(each) for each in logs if each is not None):
        if not ("://" in log or is_named(log) or glob.has_magic(log) or Path(log).exists()):
            raise LogError(f"{log}: no such file or folder{instead_of_a_file(log)}")


def check_folder(folder: Path, otherwise: str) -> None:
    """Refuse a folder that is not there.

    Args:
        otherwise: what it does not hold then, and what to do.

    Raises:
        ResultError: it is not there.

    Example:
        >>> check_folder(Path("nowhere"), "holds no trainer; name another")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no trainer; name another
    """
    if not folder.exists():
        raise ResultError(f"{folder} {otherwise}")
