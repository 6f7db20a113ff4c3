"""What is under way, and has to be put away first where a signal ends the process at once.

A command that is stopped ends without an exception (``docs/decisions/0025-stopping.md``): no ``finally`` of
it runs any more. So whoever holds something that outlives a process (another process, a file written aside)
names here, for as long as it does, how it is put away.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["SIGNALS", "put_away", "put_away_by", "uninterrupted"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_under_way: dict[object, Callable[[], None]] = {}


@contextmanager
def put_away_by(action: Callable[[], None]) -> Iterator[None]:
    """While this is entered, a signal that ends the process calls ``action`` first.

    Args:
        action: does nothing where there is nothing yet, or nothing any more; raises OSError, which names it,
            where something stays.

    Example:
        >>> with put_away_by(lambda: print("removed")):
        ...     put_away()
        removed
        []
        >>> put_away()
        []
    """
    token = object()
    _under_way[token] = action
    try:
        yield
    finally:
        del _under_way[token]


def put_away() -> list[str]:
    """Put away what is under way, the newest first; what could not be, in words."""
    remains = []
    for action in reversed(list(_under_way.values())):
        try:
            action()
        except Exception as error:  # whatever it is, the others' turn comes
            remains.append(str(error))
    return remains


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals that end a program wait until a few steps, of moments together, are done as a whole.

    Example:
        >>> before = signal.signal(signal.SIGTERM, lambda *_: print("stopped"))
        >>> with uninterrupted():
        ...     signal.raise_signal(signal.SIGTERM)
        ...     print("done")
        done
        stopped
        >>> _ = signal.signal(signal.SIGTERM, before)
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread only
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, lambda number, _: waiting.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for held in waiting:
            signal.raise_signal(held)
