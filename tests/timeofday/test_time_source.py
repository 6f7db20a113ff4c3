"""What time it is."""

from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.timeofday import TimeSource


def test_a_clock_shows_what_the_wall_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.timeofday.time_source.time.time_ns", lambda: 1_700_000_000_123_999_999)
    assert TimeSource().now_ms() == 1_700_000_000_123
    assert TimeSource(start_ms=0, left_ms=1_700_000_000_000, factor=60).now_ms() == 123 * 60
    assert TimeSource().is_wall
    assert not TimeSource(factor=2).is_wall
    assert not TimeSource(start_ms=1).is_wall


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf")])
def test_a_clock_runs_forwards(factor: float) -> None:
    with pytest.raises(
        ConfigError, match=r"factor is .*; give a (number above 0, for example 60|finite number)"
    ):
        TimeSource(factor=factor)
