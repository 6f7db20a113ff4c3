"""What a long study says while it runs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from interestclock.training import RunCost, RunProgress

__all__ = ["Quiet", "StudyProgress", "TerminalProgress"]


class StudyProgress(Protocol):
    """Hears how a study comes along."""

    def phase(self, what: str, done: int, total: int) -> None:
        """A phase has done so much of a total (0: unknown)."""

    def news(self, news: RunProgress) -> None:
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

    def news(self, news: RunProgress) -> None:
        """Say nothing."""

    def finished(self, cost: RunCost) -> None:
        """Say nothing."""


class TerminalProgress:
    """Bars in a terminal; elsewhere a line for each phase and each finished run.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._phase = ""
        self._began = time.perf_counter()

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def phase(self, what: str, done: int, total: int) -> None:
        """Show a phase's bar, or say once that it began."""
        if what != self._phase and not self._console.is_terminal:
            self._console.print(f"[{time.perf_counter() - self._began:6.1f} s] {what}", highlight=False)
        self._phase = what
        self._show(what, done, total, f"{done:,}" + (f" of {total:,}" if total else ""))

    def news(self, news: RunProgress) -> None:
        """Move a run's bar."""
        day = datetime.fromtimestamp(news.event_ms / 1000, UTC).strftime("%Y-%m-%d")
        text = f"{news.samples_per_second:8,.0f} samples/s  {day}  AUC {news.auc:.4f}"
        self._show(news.run, news.samples, news.total, text)

    def finished(self, cost: RunCost) -> None:
        """Say that a run is done and what it took."""
        name = f"{cost.ranker}-seed{cost.seed}"
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))
        memory = "memory n/a" if cost.peak_rss_mib is None else f"{cost.peak_rss_mib:,.0f} MiB"
        rate = cost.samples / max(cost.seconds, 1e-9)
        self._console.print(
            f"[{time.perf_counter() - self._began:6.1f} s] {cost.ranker} seed {cost.seed}: "
            f"{cost.seconds:.1f} s, {rate:,.0f} samples/s, {memory}",
            highlight=False,
        )

    def _show(self, name: str, done: int, total: int, text: str) -> None:
        if not self._console.is_terminal:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, text=text)
        self._bars.update(self._tasks[name], completed=done, total=total or None, text=text)
        if total and done >= total:
            self._bars.remove_task(self._tasks.pop(name))
