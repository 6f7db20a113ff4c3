"""Where a result is written to."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.files import check_written_out

__all__ = ["checked_target"]


def checked_target(path: str | Path) -> Path:
    """A file to write.

    Raises:
        ConfigError: there is no folder to write it in, or it is a folder itself. ResultError: it begins
            with ``~``.

    Example:
        >>> checked_target("nowhere/report.html")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: nowhere/report.html: there is no folder nowhere; make it first
    """
    target = Path(path)
    check_written_out(target)
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; name a file in it")
    if not target.parent.is_dir():
        raise ConfigError(f"{target}: there is no folder {target.parent}; make it first")
    return target
