"""Whether a log before is long enough for a first snapshot, while the clock stands before its end."""

from __future__ import annotations

from interestclock.closed_loop.config import LoopConfig
from interestclock.closed_loop.loop_users import LogBefore
from interestclock.errors import ConfigError
from interestclock.timeofday import HOUR_MS, MINUTE_MS

__all__ = ["check_span"]

_SNAPSHOTS = 2  # intervals: the first begins with what is learned


def check_span(config: LoopConfig, before: LogBefore) -> None:
    """Refuse a log before of which nothing would be learned, and waited for without end.

    Of its newest part nothing is: events may still come late, and labels.

    Args:
        config: of the loop. before: what is known of the log before.

    Raises:
        ConfigError: it is too short.

    Example:
        >>> check_span(LoopConfig(speed_up=720), LogBefore(start_ms=0, span_ms=HOUR_MS))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: the first 7 days of the log hold 1.0 hours, and at ...
    """
    waited_minutes = config.lateness_minutes + before.label_wait_minutes
    needed_ms = (waited_minutes + _SNAPSHOTS * config.snapshot_minutes) * MINUTE_MS
    if before.span_ms is not None and before.span_ms <= needed_ms:
        raise ConfigError(
            f"the first {config.days_before} days of the log hold {before.span_ms / HOUR_MS:,.1f} hours, and "
            f"at --speed-up {config.speed_up:g} it takes {needed_ms / HOUR_MS:,.1f} until there is a first "
            "snapshot (lateness, labels and two snapshots' intervals); give more --days-before, or a lower "
            "--speed-up"
        )
