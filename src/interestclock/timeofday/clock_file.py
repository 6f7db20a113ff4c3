"""One time for several processes: a file says how it follows from the clock on the wall."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from interestclock.errors import ConfigError, ResultError
from interestclock.files import write_text
from interestclock.saved import made_of, read_object
from interestclock.timeofday.time_source import TimeSource

__all__ = ["read_clock", "write_clock"]

_REMEDY = "give --clock a file that 'interestclock live' wrote, or leave it out: then it is the wall's"


def write_clock(path: str | Path, clock: TimeSource) -> None:
    """Write a time source down, whole or not at all, so that another process can go by it.

    Args:
        path: an older file is replaced.

    Raises:
        OSError: it cannot be written.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "clock.json"
        >>> write_clock(file, TimeSource(start_ms=1_704_067_200_000, left_ms=5_000, factor=720))
        >>> read_clock(file).at_ms(wall_ms=6_000)
        1704067920000
    """
    write_text(Path(path), json.dumps(asdict(clock)) + "\n")


def read_clock(path: str | Path) -> TimeSource:
    """The time source that a file says.

    Processes of one machine that read the same file show the same time; it is not read again later.

    Raises:
        ConfigError: the file is missing, or says something else.

    Example:
        >>> read_clock("nowhere.json")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: nowhere.json: cannot be read (...); give --clock ...
    """
    path = Path(path)
    try:
        return made_of(TimeSource, read_object(path, remedy=_REMEDY), where=str(path), remedy=_REMEDY)
    except ResultError as error:
        raise ConfigError(str(error)) from error
