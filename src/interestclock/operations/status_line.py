"""What a live trainer shows on a terminal, and prints where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType

from rich.console import Console

from interestclock.operations.in_words import duration, minute, number
from interestclock.operations.renewed_line import RenewedLine
from interestclock.operations.telemetry import StatusNumbers

__all__ = ["StatusLine"]


class StatusLine:
    """What a live trainer tells, on a ``RenewedLine``.

    Args:
        console: where to.
        among_candidates: of a log of choices: what is judged are choices beside candidates that were drawn.
        monotonic_s: a clock.

    Example:
        >>> import sys
        >>> from interestclock.operations.telemetry import Telemetry
        >>> telemetry = Telemetry(tasks=("finish",), main_task="finish")
        >>> telemetry.progress(events=1_200, event_ms=64_800_000, wall_ms=64_802_500)
        >>> with StatusLine(Console(file=sys.stdout, force_terminal=False)) as status:
        ...     status.show(telemetry.line())
        1,200 events, -/s | 1970-01-01 18:00 UTC, lag 2.5 s | AUC -, calibration - |
        waiting 0, late 0, ahead 0, duplicates 0, orphan labels 0, dead letters 0
    """

    def __init__(
        self,
        console: Console,
        *,
        among_candidates: bool = False,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = RenewedLine(console, monotonic_s=monotonic_s)
        self._auc = "AUC among candidates" if among_candidates else "AUC"

    def __enter__(self) -> StatusLine:
        self._line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.__exit__(kind, error, trace)

    def show(self, numbers: StatusNumbers) -> None:
        """Show numbers, unless others were shown a moment ago."""
        self._line.show(lambda: " | ".join(_parts(numbers, self._auc)))


def _parts(numbers: StatusNumbers, auc: str) -> Iterator[str]:
    yield f"{numbers.events:,} events, {number(numbers.events_per_second, ',.0f')}/s"
    if numbers.event_ms:
        behind = duration(numbers.behind_seconds)
        learning = f", learning {behind} behind" if behind else ""
        lag = duration(numbers.lag_seconds)
        yield f"{minute(numbers.event_ms)} UTC{f', lag {lag}' if lag else ''}{learning}"
    yield f"{auc} {number(numbers.auc, '.4f')}, calibration {number(numbers.calibration, '.3f')}"
    if numbers.hour is not None:
        calibration = number(numbers.hour_calibration, ".3f")
        yield f"at {numbers.hour} h: AUC {number(numbers.hour_auc, '.4f')}, calibration {calibration}"
    if numbers.table_rows:
        yield "rows: " + ", ".join(f"{feature} {rows:,}" for feature, rows in numbers.table_rows.items())
    yield (
        f"waiting {numbers.waiting:,}, late {numbers.late:,}, ahead {numbers.ahead:,}, "
        f"duplicates {numbers.duplicates:,}, orphan labels {numbers.orphan_labels:,}, "
        f"dead letters {numbers.dead_letters:,}"
    )
