"""A bar of records that were read, where there is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["record_progress"]


@contextmanager
def record_progress(console: Console, what: str) -> Iterator[Callable[[tuple[int, int]], None]]:
    """Shows how far something is; elsewhere than in a terminal says nothing.

    Args:
        console: where to. what: is done.

    Example:
        >>> with record_progress(Console(), "reading the store") as report:
        ...     report((500, 1_000))
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda read: bars.update(task, completed=read[0], total=read[1])
