"""What an updater tells of itself."""

from __future__ import annotations

import math

from interestclock.admission import Counters
from interestclock.updater import UpdaterNumbers


def test_before_anything_came() -> None:
    numbers = UpdaterNumbers(
        position=0,
        counts=Counters().counts(),
        events_per_second=math.nan,
        event_ms=0,
        lag_seconds=math.nan,
    )
    assert numbers.line() == (
        "0 events, -/s | store at entry 0 | waiting 0, late 0, ahead 0, duplicates 0, orphan labels 0, "
        "dead letters 0"
    )
    assert numbers.exposures == 0


def test_exposures_are_what_became_nothing_else() -> None:
    counters = Counters(
        received=100, waiting=7, labels_joined=20, late_labels=2, given_labels_late=9, items=1
    )
    numbers = UpdaterNumbers(
        position=3,
        counts=counters.counts(),
        events_per_second=5.0,
        event_ms=64_800_000,
        lag_seconds=7_200.0,
    )
    assert numbers.exposures == 70
    assert "lag 2.0 h | store at entry 3 | waiting 7, late 11," in numbers.line()


def test_erasures_are_told_once_there_are_some() -> None:
    counts = {"received": 9, "erasures": 1, "erased": 3}
    numbers = UpdaterNumbers(
        position=7, counts=counts, events_per_second=math.nan, event_ms=0, lag_seconds=math.nan
    )
    assert numbers.line().endswith("dead letters 0, erasures 1, erased 3")
    assert numbers.exposures == 5
