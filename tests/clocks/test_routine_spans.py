"""Moments and weekdays of what was found: moment by moment, compiled and as a GPU has it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.clocks import routine_spans
from interestclock.clocks.routine_spans import RoutineSpans, times_apart

MOMENTS = st.integers(-(10**13), 10**13)
EPOCH = datetime(1970, 1, 1)


def slow(gap: int, then_ms: int, minutes: int, now_ms: int, weekday: int) -> list[int]:
    local = EPOCH + timedelta(milliseconds=then_ms, minutes=minutes)
    passed = timedelta(milliseconds=max(0, now_ms - then_ms)) // timedelta(minutes=1)
    return [gap, passed, local.weekday(), weekday]


@pytest.mark.parametrize("compiled", [True, False])
@settings(max_examples=40, deadline=None)
@given(
    then=st.lists(st.tuples(MOMENTS, st.integers(-720, 840)), min_size=1, max_size=6),
    now=st.lists(st.tuples(MOMENTS, st.integers(0, 6)), min_size=1, max_size=3),
    minutes_type=st.sampled_from([torch.int16, torch.int64]),
)
def test_each_is_measured_from_its_own_request(
    compiled: bool, *, then: list[tuple[int, int]], now: list[tuple[int, int]], minutes_type: torch.dtype
) -> None:
    behaviours, requests = len(then), len(now)
    spans = RoutineSpans(
        item_E=torch.zeros(behaviours, dtype=torch.int32),
        time_E=torch.zeros(behaviours, dtype=torch.int32),
        start_M=torch.zeros(requests, dtype=torch.int64),
        stop_M=torch.full((requests,), behaviours),
        now_M=torch.zeros(requests, dtype=torch.int64),
        moment_ms_E=torch.tensor([ms for ms, _ in then]),
        offset_minutes_E=torch.tensor([minutes for _, minutes in then], dtype=minutes_type),
        moment_ms_M=torch.tensor([ms for ms, _ in now]),
        weekday_M=torch.tensor([weekday for _, weekday in now]),
    )
    offset_BK = torch.arange(behaviours).flip(0).repeat(requests, 1)
    gap_BK = torch.arange(offset_BK.numel()).view_as(offset_BK)
    measured = times_apart if compiled else routine_spans._apart_anywhere
    apart_BKT = measured(gap_BK, offset_BK, spans, torch.arange(requests))
    for request, (now_ms, weekday) in enumerate(now):
        for rank, offset in enumerate(offset_BK[request].tolist()):
            wanted = slow(int(gap_BK[request, rank]), *then[offset], now_ms, weekday)
            assert apart_BKT[request, rank].tolist() == wanted
