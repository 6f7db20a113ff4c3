"""Spans: what is refused, and gaps that no time drives out of their range."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.search import Spans
from interestclock.search.spans import gap_between

FITTING: dict[str, Any] = {
    "item_E": torch.tensor([1, 2, 3]),
    "time_E": torch.tensor([0, 1, 2]),
    "start_M": torch.tensor([0, 2]),
    "stop_M": torch.tensor([2, 3]),
    "now_M": torch.tensor([1, 1]),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"stop_M": torch.tensor([2, 3_000_000])},
            r"up to 3000000, .* not all inside the 3 behaviours; give 0 <=",
        ),
        ({"start_M": torch.tensor([-1, 2])}, "spans from -1 on and up to 3"),
        ({"start_M": torch.tensor([0, 3]), "stop_M": torch.tensor([2, 2])}, "the shortest -1 long"),
        ({"time_E": torch.tensor([0, 1])}, r"time_E has shape \(2,\); give \(3,\)"),
        ({"now_M": torch.tensor([1])}, r"now_M has shape \(1,\); give \(2,\)"),
        ({"gaps": 0}, "period is 86400 and gaps 0; give 0 or more, and 1 or more"),
    ],
)
def test_spans_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    Spans(**FITTING)
    with pytest.raises(ValueError, match=message):
        Spans(**FITTING | change)


@settings(deadline=None)
@given(
    st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40), st.sampled_from([0, 24]), st.integers(1, 40)
)
def test_a_gap_is_one_of_those_there_are_whatever_the_times(
    time: int, now: int, period: int, gaps: int
) -> None:
    gap = gap_between(time, now, period, gaps)
    assert 0 <= gap < gaps
    spans = Spans(**FITTING, period=period, gaps=gaps)
    assert spans.gap(torch.tensor([time]), torch.tensor([now])).tolist() == [gap]
