"""Offsets are looked up once per quarter of an hour, whatever the order of the times."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interestclock.timeofday.zone_offsets import zone_offset_minutes


@given(st.lists(st.integers(0, 40), max_size=12), st.booleans())
def test_offsets_of_many_are_those_of_each(hours: list[int], in_order: bool) -> None:
    hours = sorted(hours) if in_order else hours
    times_ms = 1_729_980_000_000 + 3_600_000 * np.array(hours, np.int64)  # the clock goes back among them
    each = [int(zone_offset_minutes(time_ms[None], "Europe/Berlin")[0]) for time_ms in times_ms]
    assert zone_offset_minutes(times_ms, "Europe/Berlin").tolist() == each
