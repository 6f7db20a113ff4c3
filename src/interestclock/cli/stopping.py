"""Ctrl-C and SIGTERM end a command at once, at any moment of it, and leave nothing half done."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

from interestclock.unfinished import SIGNALS, put_away

__all__ = ["end_on_signals", "says_what_remains", "stopped_by_signals"]

_OUT, _ERRORS = 1, 2
_SHOW_CURSOR = b"\x1b[?25h\n"  # which a progress display hides; the line it left open ends here
_NOTHING = "nothing is left half written"

Remains = Callable[[], str | None]
_remains: list[Remains] = []


def _exit_code(number: int) -> int:
    """What a shell reports of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + number


def end_on_signals() -> None:
    """From now on the first signal puts away what is under way, says what remains, and ends the process.

    No exception goes through the code that it comes to. Signals that this process was started to ignore, as
    one that a shell runs in the background is, stay ignored. While the interpreter ends by itself all is
    done, and they come too late.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    atexit.register(_ignore)


def _ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  what handlers are given
    try:
        _ignore()
        left = put_away()
        _print_stopped("; ".join(left) or _what_remains())
    finally:
        os._exit(_exit_code(number))


def _what_remains() -> str:
    """Of a command's work, where it is stopped now."""
    return next(filter(None, (remains() for remains in _remains)), _NOTHING)


@contextmanager
def says_what_remains(remains: Remains) -> Iterator[None]:
    """While this is entered, a command that is stopped says this; None where nothing remains yet."""
    _remains.append(remains)
    try:
        yield
    finally:
        _remains.remove(remains)


def _print_stopped(remains: str) -> None:
    """The one message of a command that was stopped, past all buffers, which may be in use just now.

    Nothing waits in those of standard output: every line is flushed when it is printed.
    """
    with suppress(OSError):  # nobody reads it any more
        if os.isatty(_OUT) and os.environ.get("TERM") != "dumb":
            os.write(_OUT, _SHOW_CURSOR)
        os.write(_ERRORS, f"stopped; {remains}\n".encode())


class Stoppable(Protocol):
    """A run that looks now and then whether it is to stop, once it is under way."""

    stopping: bool
    under_way: bool


@contextmanager
def stopped_by_signals(run: Stoppable) -> Iterator[None]:
    """The first signal lets a run that is under way end by itself, with a checkpoint; a second ends it.

    Before it is under way, the first does: at once, as ``end_on_signals`` has it where that was called.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        if run.under_way and not run.stopping:
            run.stopping = True
            return
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        raise KeyboardInterrupt

    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
