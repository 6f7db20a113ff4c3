"""A thread that has rankers follow their snapshots, beside the threads that answer."""

from __future__ import annotations

import logging
import math
from types import TracebackType
from typing import Self

from interestclock.errors import ConfigError
from interestclock.serving.background import Background
from interestclock.serving.rankers import Rankers

__all__ = ["Following"]

_log = logging.getLogger("interestclock.serving")


class Following:
    """Has rankers take new snapshots, looking for them now and then, until it is closed.

    Snapshots are read and verified in this thread; who scores waits for the swap alone.

    Args:
        rankers: that follow. every_seconds: how often is looked, in seconds on the wall.

    Raises:
        ConfigError: ``every_seconds`` is not positive.

    Example:
        >>> Following(None, every_seconds=0)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: every_seconds is 0; give seconds above 0, for example 1
    """

    def __init__(self, rankers: Rankers, *, every_seconds: float = 1.0) -> None:
        if not 0 < every_seconds < math.inf:
            raise ConfigError(f"every_seconds is {every_seconds}; give seconds above 0, for example 1")
        self._rankers = rankers
        self._looking = Background(
            self._look, seconds=every_seconds, log=_log, failing="snapshots cannot be looked for"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Look no more."""
        self._looking.close()

    def _look(self) -> None:
        for name in self._rankers.refresh():
            _log.info("ranker %s answers with %s", name, self._rankers.scorer(name).version)
