"""Jobs for worker processes, which take functions from modules only."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from interestclock.errors import LogError
from interestclock.workers import Report


def nothing() -> None: ...


def square(number: int, report: Report) -> tuple[int, int]:
    """And in which process."""
    report(number)
    return number * number, os.getpid()


def wait_for(path: Path, report: Report) -> None:
    """Until somebody makes it; ``report`` says that it waits."""
    report(os.getpid())
    while not path.exists():
        time.sleep(0.01)


def make(path: Path, report: Report) -> None:
    path.touch()


def refuse(report: Report) -> None:
    raise LogError("no such row")


def break_down(report: Report) -> None:
    raise ZeroDivisionError("of my own")


class UnreadableError(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def break_down_unreadably(report: Report) -> None:
    raise UnreadableError("torn ", "apart")


def kill_oneself(report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def exit_at_once(report: Report) -> None:
    os._exit(1)


def say_goodbye(report: Report) -> None:
    sys.exit(3)


def fail() -> None:
    raise LogError("cannot begin")


def survive_signals(report: Report) -> str:
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    time.sleep(0.05)
    return "still here"


def main_module(report: Report) -> tuple[str | None, list[str]]:
    """Which script this process holds for its own, and where it looks for modules."""
    return getattr(sys.modules["__main__"], "__file__", None), sys.path


def spin(report: Report) -> None:
    """Never end, and never leave Python's lock for long."""
    report(os.getpid())
    while True:
        threading.get_ident()
