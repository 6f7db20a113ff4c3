"""Padded histories made spans, and what is refused by the caller's own names."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from interestclock.search import Spans
from interestclock.search.padded import check_candidates, check_histories, padded_spans


def spans_of(present_ML: Tensor, *, day_ML: Tensor | None = None, day_M: Tensor | None = None) -> Spans:
    requests = len(present_ML)
    return padded_spans(
        torch.tensor([7, 8, 9]).repeat(requests, 1),
        present_ML=present_ML,
        times=("day_ML", torch.tensor([1, 2, 3]).repeat(requests, 1) if day_ML is None else day_ML),
        now=("day_M", torch.full((requests,), 4) if day_M is None else day_M),
        items=10,
        period=7,
        gaps=4,
    )


def test_padding_is_an_item_that_is_never_found_wherever_it_stands() -> None:
    spans = spans_of(torch.tensor([[True, False, True], [False, False, False]]))
    assert spans.item_E.tolist() == [7, -1, 9, -1, -1, -1]
    assert (spans.start_M.tolist(), spans.stop_M.tolist()) == ([0, 3], [3, 6])
    assert (spans.period, spans.gaps, spans.longest) == (7, 4, 3)


def test_no_moments_give_nothing_to_search() -> None:
    spans = spans_of(torch.zeros(0, 3, dtype=torch.bool))
    assert (spans.longest, len(spans.item_E)) == (0, 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"day_ML": torch.zeros(1, 2)}, r"day_ML has shape \(1, 2\), behaviour_ML \(1, 3\); give one entry"),
        ({"day_M": torch.zeros(2).long()}, r"day_M has shape \(2,\); give \(1,\)"),
        ({"day_M": torch.zeros(1)}, r"day_M has type torch\.float32; give whole numbers"),
        ({"day_ML": torch.zeros(1, 3)}, r"day_ML has type torch\.float32; give whole numbers"),
        ({"day_M": torch.tensor([7])}, "day_M holds 7; give whole numbers from 0 on, below 7"),
        ({"day_ML": torch.tensor([[0, -1, 6]])}, "day_ML holds -1; give whole numbers from 0 on, below 7"),
    ],
)
def test_a_wrong_time_is_refused_by_its_own_name(wrong: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spans_of(torch.ones(1, 3, dtype=torch.bool), **wrong)


def test_a_mask_is_bool() -> None:
    with pytest.raises(ValueError, match=r"present_ML has type torch\.int64; give bool"):
        spans_of(torch.ones(1, 3).long())


def test_an_item_that_there_is_not_is_refused_and_padding_may_hold_any() -> None:
    behaviour_ML, present_ML = torch.tensor([[0, 5]]), torch.tensor([[True, False]])
    check_histories(behaviour_ML, present_ML, items=1)
    with pytest.raises(ValueError, match="behaviour_ML holds 5; give whole numbers from 0 on, below 5"):
        check_histories(behaviour_ML, ~present_ML, items=5)
    with pytest.raises(ValueError, match="behaviour_ML holds -5"):
        check_histories(-behaviour_ML, ~present_ML, items=6)


def test_a_candidate_of_no_request_is_refused() -> None:
    for row in (-1, 2):
        with pytest.raises(
            ValueError, match=f"request_row_B holds {row}; give whole numbers from 0 on, below 2"
        ):
            check_candidates(torch.zeros(1, 3), torch.tensor([row]), item_dim=3, requests=2)


def test_times_of_padding_may_be_any() -> None:
    assert spans_of(torch.tensor([[True, True, False]]), day_ML=torch.tensor([[1, 2, 99]])).longest == 3
