"""What a live trainer shows on a terminal, and prints where there is none."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from interestclock.operations.telemetry import StatusNumbers

__all__ = ["StatusLine"]

_TERMINAL_S, _ELSEWHERE_S = 0.5, 30.0  # between two showings
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


class StatusLine:
    """A line that renews itself on a terminal, twice a second at most; elsewhere a line every 30 seconds.

    In the end a terminal's line gives way to a printed one: the last numbers are printed in any case. What
    others print to the same terminal meanwhile appears above the line.

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
        self._console, self._now_s = console, monotonic_s
        self._auc = "AUC among candidates" if among_candidates else "AUC"
        self._renews = console.is_terminal and not console.is_dumb_terminal
        # Standard error that goes to a file still goes there.
        above = sys.stderr.isatty()
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stderr=above)
        self._shown_s = -math.inf
        self._unprinted: StatusNumbers | None = None

    def __enter__(self) -> StatusLine:
        if self._renews:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if self._unprinted is not None:
            self._print(self._unprinted)

    def show(self, numbers: StatusNumbers) -> None:
        """Show numbers, unless others were shown a moment ago."""
        self._unprinted = numbers
        now_s = self._now_s()
        if now_s - self._shown_s < (_TERMINAL_S if self._renews else _ELSEWHERE_S):
            return
        self._shown_s = now_s
        if self._renews:
            self._live.update(Text(self._text(numbers)), refresh=True)
        else:
            self._print(numbers)

    def _print(self, numbers: StatusNumbers) -> None:
        self._console.print(self._text(numbers), highlight=False, markup=False, soft_wrap=True)
        self._unprinted = None

    def _text(self, numbers: StatusNumbers) -> str:
        return " | ".join(_parts(numbers, self._auc))


def _parts(numbers: StatusNumbers, auc: str) -> Iterator[str]:
    yield f"{numbers.events:,} events, {_number(numbers.events_per_second, ',.0f')}/s"
    if numbers.event_ms:
        behind = _duration(numbers.behind_seconds)
        learning = f", learning {behind} behind" if behind else ""
        lag = _duration(numbers.lag_seconds)
        yield f"{_minute(numbers.event_ms)} UTC{f', lag {lag}' if lag else ''}{learning}"
    yield f"{auc} {_number(numbers.auc, '.4f')}, calibration {_number(numbers.calibration, '.3f')}"
    if numbers.hour is not None:
        calibration = _number(numbers.hour_calibration, ".3f")
        yield f"at {numbers.hour} h: AUC {_number(numbers.hour_auc, '.4f')}, calibration {calibration}"
    if numbers.table_rows:
        yield "rows: " + ", ".join(f"{feature} {rows:,}" for feature, rows in numbers.table_rows.items())
    yield (
        f"waiting {numbers.waiting:,}, late {numbers.late:,}, ahead {numbers.ahead:,}, "
        f"duplicates {numbers.duplicates:,}, orphan labels {numbers.orphan_labels:,}, "
        f"dead letters {numbers.dead_letters:,}"
    )


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _minute(timestamp_ms: int) -> str:
    """Also of years that the standard library cannot name: a strange event must not stop a trainer."""
    return str(np.datetime64(timestamp_ms, "ms").astype("datetime64[m]")).replace("T", " ")


def _duration(seconds: float) -> str:
    """In the largest unit of which there are two; nothing for NaN."""
    if math.isnan(seconds):
        return ""
    for unit, size in _UNITS:
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
