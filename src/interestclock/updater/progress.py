"""How far a feature updater is, and how far behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interestclock.admission.counters import NO_MESSAGES
from interestclock.operations.in_words import duration, minute, number

__all__ = ["UpdaterNumbers"]

_LATE = ("late_exposures", "late_labels", "given_labels_late", "late_after_idle")
_SHOWN = ("ahead", "duplicates", "orphan_labels", "dead_letters")
_IF_ANY = ("erasures", "erased")
_NO_PARTS = ("received", "learned", "given_labels_late", *NO_MESSAGES)


@dataclass(frozen=True, kw_only=True)
class UpdaterNumbers:
    """What a feature updater tells of itself.

    Args:
        position: the last entry of the admitted log that is in the store.
        counts: what became of the messages, as ``Counters`` has it.
        events_per_second: messages, over about the last ten seconds; NaN in the first half of a second.
        event_ms: the newest event time in the store, UTC milliseconds; 0 before the first.
        lag_seconds: how far the store is behind: since the newest event in it, or since the source was last
            seen to have no more; NaN for a log, which is as old as it is.
        published: the last entry of the admitted log that a broker has; None where it is not published.

    Example:
        >>> numbers = UpdaterNumbers(position=7, counts={"received": 1_200, "duplicates": 2},
        ...     events_per_second=950.0, event_ms=64_800_000, lag_seconds=0.25)
        >>> numbers.line()
        '1,200 events, 950/s | 1970-01-01 18:00 UTC, lag 0.2 s | store at entry 7 | waiting 0, late 0, ...'
        >>> numbers.exposures
        1198
    """

    position: int
    counts: Mapping[str, int]
    events_per_second: float
    event_ms: int
    lag_seconds: float
    published: int | None = None

    @property
    def exposures(self) -> int:
        """How many are in the features: messages that became nothing else."""
        others = sum(count for name, count in self.counts.items() if name not in _NO_PARTS)
        return self.counts.get("received", 0) - others

    def line(self) -> str:
        """All of it in one line."""
        parts = [f"{self.counts.get('received', 0):,} events, {number(self.events_per_second, ',.0f')}/s"]
        if self.event_ms:
            lag = duration(self.lag_seconds)
            parts.append(f"{minute(self.event_ms)} UTC" + (f", lag {lag}" if lag else ""))
        published = "" if self.published is None else f", published to {self.published:,}"
        parts.append(f"store at entry {self.position:,}{published}")
        late = sum(self.counts.get(name, 0) for name in _LATE)
        shown = [*_SHOWN, *(name for name in _IF_ANY if self.counts.get(name))]
        others = (f"{name.replace('_', ' ')} {self.counts.get(name, 0):,}" for name in shown)
        parts.append(", ".join((f"waiting {self.counts.get('waiting', 0):,}", f"late {late:,}", *others)))
        return " | ".join(parts)
