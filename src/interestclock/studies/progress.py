"""What a long study says while it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from interestclock.training import RunCost, RunProgress

__all__ = ["Quiet", "StudyProgress", "TerminalProgress", "run_in_words"]

_ELSEWHERE_S = 30.0  # between two lines of a run where there is no terminal


class StudyProgress(Protocol):
    """Progress of a study: told what is under way."""

    def phase(self, what: str, done: int, total: int) -> None:
        """A phase has done so much of a total (0: unknown)."""

    def running(self, run: RunProgress) -> None:
        """A run has come so far."""

    def finished(self, cost: RunCost) -> None:
        """A run is done."""


class Quiet:
    """Says nothing.

    Example:
        >>> Quiet().phase("reading", 1, 2)
    """

    def phase(self, what: str, done: int, total: int) -> None:
        """Say nothing."""

    def running(self, run: RunProgress) -> None:
        """Say nothing."""

    def finished(self, cost: RunCost) -> None:
        """Say nothing."""


class TerminalProgress:
    """Bars in a terminal; elsewhere a line for each phase, each run every half minute, and when it is done.

    Args:
        console: where to. monotonic_s: a clock.

    Example:
        >>> import sys
        >>> with TerminalProgress(Console(file=sys.stdout), monotonic_s=lambda: 0.0) as progress:
        ...     progress.phase("reading the log", 0, 0)
        [   0.0 s] reading the log
    """

    def __init__(self, console: Console, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._console, self._now_s = console, monotonic_s
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._phase: str | None = None
        self._began_s = self._now_s()
        self._printed_s: dict[str, float] = {}  # of runs: when they were printed last, or began

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def phase(self, what: str, done: int, total: int) -> None:
        """Show a phase's bar in place of the one before it, or say once that it began."""
        if what != self._phase:
            self._remove(self._phase)
            if not self._console.is_terminal:
                self._print(what)
        self._phase = what
        self._show(what, done, total, f"{done:,} of {total:,}" if total else f"{done:,}" if done else "")

    def running(self, run: RunProgress) -> None:
        """Move a run's bar; elsewhere say now and then how far it is."""
        text = run_in_words(run)
        self._show(run.run, run.samples, run.total, text)
        now_s = self._now_s()
        if now_s - self._printed_s.setdefault(run.run, now_s) >= _ELSEWHERE_S:
            self._printed_s[run.run] = now_s
            if not self._console.is_terminal:
                self._print(f"{run.run}: {run.samples:,} of {run.total:,}, {text}")

    def finished(self, cost: RunCost) -> None:
        """Say that a run is done and what it took."""
        name = f"{cost.ranker}-seed{cost.seed}"
        self._remove(name)
        memory = "memory n/a" if cost.peak_rss_mib is None else f"{cost.peak_rss_mib:,.0f} MiB"
        rate = cost.samples / max(cost.seconds, 1e-9)
        self._print(
            f"{name}: {cost.seconds:.1f} s, {rate:,.0f} samples/s, {memory}, recent AUC {_auc(cost.auc)}"
        )

    def _print(self, text: str) -> None:
        seconds = self._now_s() - self._began_s
        self._console.print(
            f"[{seconds:6.1f} s] {text}",
            highlight=False,
            markup=False,
            soft_wrap=not self._console.is_terminal,
        )

    def _show(self, name: str, done: int, total: int, text: str) -> None:
        if not self._console.is_terminal:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, text=text)
        self._bars.update(self._tasks[name], completed=done, total=total or None, text=text)

    def _remove(self, name: str | None) -> None:
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))


def run_in_words(run: RunProgress) -> str:
    """How fast a run is, up to which day, and how well it tells.

    Example:
        >>> run_in_words(RunProgress(run="base-seed0", samples=10, total=20, event_ms=0,
        ...     samples_per_second=1500.0, auc=0.61234))
        '1,500 samples/s, 1970-01-01, recent AUC 0.6123'
    """
    day = datetime.fromtimestamp(run.event_ms / 1000, UTC).strftime("%Y-%m-%d")
    return f"{run.samples_per_second:,.0f} samples/s, {day}, recent AUC {_auc(run.auc)}"


def _auc(value: float) -> str:
    """NaN while there is one class only."""
    return "-" if math.isnan(value) else f"{value:.4f}"
