"""What a live trainer does, as JSON lines."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from interestclock.errors import ConfigError

__all__ = ["JsonLines", "log_to"]

_LOGGER = "interestclock"
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    r"""One JSON object per record: ``time`` (ISO, UTC), ``level``, ``logger``, ``message``, then its extras.

    An exception stands under ``exception``, a stack under ``stack``, as text. An extra that has the name of
    one of these gets an underscore behind it. NaN and infinities are null; what JSON does not know is text.

    Example:
        >>> record = logging.makeLogRecord({"name": "interestclock.train", "levelname": "INFO",
        ...     "msg": "checkpoint %d", "args": (3,), "created": 0.25, "seconds": 1.5})
        >>> JsonLines().format(record)
        '{"time": "1970-01-01T00:00:00.250+00:00", "level": "INFO", "logger": "interestclock.train",
          "message": "checkpoint 3", "seconds": 1.5}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, without the end of line."""
        record_fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            record_fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            record_fields["stack"] = self.formatStack(record.stack_info)
        extras = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        named = {
            f"{name}_" if name in record_fields else name: _plain(value) for name, value in extras.items()
        }
        return json.dumps(record_fields | named, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: a status line may have put itself in between."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to(target: str | Path | TextIO, *, level: int = logging.INFO) -> Callable[[], None]:
    """Write what the package logs as JSON lines, besides wherever it goes already; as text on a terminal.

    Args:
        target: a file, appended to, or a stream such as ``sys.stderr``. A file that was moved away, as log
            rotation does, is made anew.
        level: from which on.

    Returns:
        Call it to end this.

    Raises:
        ConfigError: the file cannot be written.

    Example:
        >>> import sys
        >>> stop = log_to(sys.stdout)
        >>> logging.getLogger("interestclock.train").info("began", extra={"events": 7})
        {"time": "...", "level": "INFO", "logger": "interestclock.train", "message": "began", "events": 7}
        >>> stop()
    """
    logger = logging.getLogger(_LOGGER)
    handler, level_before = _handler(target), logger.level
    on_terminal = not isinstance(target, str | Path) and target.isatty()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s") if on_terminal else JsonLines())
    handler.setLevel(level)
    logger.addHandler(handler)
    logger.setLevel(min(level, logger.getEffectiveLevel()))

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level_before)
        handler.close()

    return stop


def _handler(target: str | Path | TextIO) -> logging.Handler:
    if not isinstance(target, str | Path):
        return _StandardError() if target is sys.stderr else logging.StreamHandler(target)
    try:
        return WatchedFileHandler(target, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{target}: the log cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from error
