"""When a store is brought to where the state is: at once, or, while more is waiting, every so often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["LONGEST_HOLD_S", "CommitPace"]

LONGEST_HOLD_S = 0.5  # an event is to be seen within a second
_TIMES_A_COMMIT = 2.0


class CommitPace:
    """Holds changes back while more is waiting, so that commits take a third of the time, or less.

    A commit costs what the users in it do, and a chunk that several events changed is written once. So an
    updater that is behind commits after twice as long as its last commit took, half a second at most; one
    that is not commits at once.

    Args:
        now_s: seconds of a clock that does not go back.

    Example:
        >>> seconds = iter([0.0, 0.0, 3.0, 4.0, 4.5, 4.5, 4.6])
        >>> pace = CommitPace(now_s=lambda: next(seconds))
        >>> pace.due(more=True)  # nothing is known of what a commit takes
        True
        >>> with pace.commit():  # it takes 3 seconds
        ...     pass
        >>> pace.due(more=True), pace.due(more=True), pace.holding
        (False, True, True)
        >>> with pace.commit():
        ...     pass
        >>> pace.holding
        False
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._since_s: float | None = None  # when the first was held back
        self._hold_s = 0.0

    @property
    def holding(self) -> bool:
        """Whether the state is further than the store."""
        return self._since_s is not None

    def due(self, *, more: bool) -> bool:
        """Whether to commit, now that the state went on.

        Args:
            more: whether as much again is waiting, as far as is known.
        """
        now_s = self._now_s()
        if self._since_s is None:
            self._since_s = now_s
        return not more or now_s - self._since_s >= self._hold_s

    @contextmanager
    def commit(self) -> Iterator[None]:
        """While the store is brought to where the state is."""
        began_s = self._now_s()
        yield
        self._hold_s = min(_TIMES_A_COMMIT * (self._now_s() - began_s), LONGEST_HOLD_S)
        self._since_s = None
