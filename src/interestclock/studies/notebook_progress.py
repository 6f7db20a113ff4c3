"""Progress wherever a study is called from Python: in a terminal, a notebook or a log file."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TextIO

from rich.console import Console

from interestclock.studies.progress import StudyProgress, TerminalProgress, run_in_words
from interestclock.training import RunCost, RunProgress

__all__ = ["NotebookProgress", "progress_here"]

_BETWEEN_S = 0.5


def progress_here() -> AbstractContextManager[StudyProgress]:
    """Progress on standard error, as it suits where that goes.

    In a notebook one line that is renewed in place; in a terminal bars; in a file or a pipe a line for each
    phase and each run, of a run that takes long one every half minute.

    Example:
        >>> with progress_here() as progress:
        ...     progress.phase("reading the log", 0, 0)
    """
    if _in_notebook():
        return NotebookProgress(sys.stderr)
    return TerminalProgress(Console(stderr=True))


def _in_notebook() -> bool:
    """Whether a kernel runs this; IPython is asked only where somebody imported it."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookProgress:
    """One line, renewed in place twice a second at most; it needs no widgets, only a carriage return.

    Args:
        stream: where to. monotonic_s: a clock.

    Example:
        >>> import io
        >>> stream = io.StringIO()
        >>> with NotebookProgress(stream, monotonic_s=lambda: 0.0) as progress:
        ...     progress.phase("training", 1, 6)
        >>> stream.getvalue().split("\\r")[-1].strip()
        '[   0.0 s] training, 1 of 6'
    """

    def __init__(self, stream: TextIO, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._now_s = stream, monotonic_s
        self._began_s, self._shown_s = self._now_s(), -math.inf
        self._what, self._phase, self._run = "", "", ""
        self._wide = 0

    def __enter__(self) -> NotebookProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._phase:
            self._show()
            self._stream.write("\n")
            self._stream.flush()

    def phase(self, what: str, done: int, total: int) -> None:
        """Show what is being done, and how much of it is; another phase at once."""
        begins = what != self._what
        count = f", {done:,} of {total:,}" if total else f", {done:,}" if done else ""
        self._what, self._phase = what, f"{what}{count}"
        if begins:
            self._run = ""
        self._show_in_time(at_once=begins)

    def running(self, run: RunProgress) -> None:
        """Show how far a run is, of several the one that said so last."""
        self._run = f"; {run.run}: {run.samples:,} of {run.total:,}, {run_in_words(run)}"
        self._show_in_time(at_once=False)

    def finished(self, cost: RunCost) -> None:
        """Show that a run is done, until another says where it is."""
        self._run = f"; {cost.ranker}-seed{cost.seed}: {cost.seconds:.1f} s"
        self._show_in_time(at_once=False)

    def _show_in_time(self, *, at_once: bool) -> None:
        if at_once or self._now_s() - self._shown_s >= _BETWEEN_S:
            self._show()

    def _show(self) -> None:
        self._shown_s = self._now_s()
        line = f"[{self._shown_s - self._began_s:6.1f} s] {self._phase}{self._run}"
        self._stream.write(f"\r{line.ljust(self._wide)}")  # over what is left of a longer one
        self._wide = len(line)
        self._stream.flush()
