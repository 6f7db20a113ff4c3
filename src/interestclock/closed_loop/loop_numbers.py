"""How a closed loop is doing, in numbers and in words."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from interestclock.closed_loop.user_counts import UserNumbers
from interestclock.operations.in_words import duration, minute, number

__all__ = ["LoopNumbers", "PartNumbers", "resident_bytes"]


def resident_bytes(pid: int | None) -> float:
    """Memory that a process has, bytes; NaN where nothing says so.

    Example:
        >>> math.isnan(resident_bytes(None))
        True
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return math.nan
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


@dataclass(frozen=True, kw_only=True)
class PartNumbers:
    """A part, as it is.

    Args:
        name: of it. up: whether its process runs. restarts: how often it was started again.
        resident_bytes: its memory; NaN where that is not known.

    Example:
        >>> PartNumbers(name="trainer", up=True, restarts=1, resident_bytes=3e8).words()
        'trainer up, 1 restart, 300 MB'
    """

    name: str
    up: bool
    restarts: int
    resident_bytes: float

    def words(self) -> str:
        """All of it."""
        parts = [f"{self.name} {'up' if self.up else 'down'}"]
        if self.restarts:
            parts.append(f"{self.restarts} restart{'s' if self.restarts > 1 else ''}")
        if not math.isnan(self.resident_bytes):
            parts.append(f"{self.resident_bytes / 1e6:,.0f} MB")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class LoopNumbers:
    """A closed loop at a moment.

    Args:
        doing: what it is at. at_ms: what its clock shows, UTC milliseconds. speed_up: how fast that goes.
        parts: its processes. users: how they fare. updater, trainer: their metrics, as far as they answer.
        version: of the snapshot that answers; None before the first answer.

    Example:
        >>> numbers = LoopNumbers(doing="running", at_ms=64_800_000, speed_up=720.0)
        >>> numbers.lines()[0]
        'running | 1970-01-01 18:00 UTC, 720 times as fast'
    """

    doing: str
    at_ms: int
    speed_up: float
    parts: tuple[PartNumbers, ...] = ()
    users: UserNumbers = field(default_factory=UserNumbers)
    updater: Mapping[str, float] = field(default_factory=dict)
    trainer: Mapping[str, float] = field(default_factory=dict)
    version: str | None = None

    def lines(self) -> list[str]:
        """All of it, a matter to a line."""
        users, updater, trainer = self.users, self.updater, self.trainer
        first = f"{self.doing} | {minute(self.at_ms)} UTC"
        if self.speed_up != 1:
            first += f", {self.speed_up:g} times as fast"
        ranks = f"{users.ranks:,} ranks, {number(users.ranks_per_second, ',.1f')}/s"
        ranks += f", p50 {number(users.p50_ms, '.1f')} ms, p99 {number(users.p99_ms, '.1f')} ms"
        for name in ("unanswered", "skipped", "refused"):
            if count := getattr(users, name):
                ranks += f", {name} {count:,}"
        lag = duration(updater.get("store_lag_seconds", math.nan)) or "-"
        events = f"{int(updater.get('events_total', 0)):,} events"
        events += f", {number(updater.get('events_per_second', math.nan), ',.0f')}/s, lag {lag}"
        behind = duration(trainer.get("learning_behind_seconds", math.nan)) or "-"
        learned = int(trainer.get("events_by_outcome_total{outcome=learned}", 0))
        learning = f"learned {learned:,}, {behind} behind"
        auc = trainer.get("auc{window=recent}", math.nan)
        learning += f", AUC {number(auc, '.4f')}, version served {self.version or '-'}"
        return [first, *(each.words() for each in self.parts), ranks, events, learning]
