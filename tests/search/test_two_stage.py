"""The frame of a two-stage search: its search against scoring everything, and models made of other parts."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from interestclock.search import (
    ItemKeys,
    ItemSearch,
    Retrieved,
    Spans,
    TwoStage,
    equal_projections,
    head_scores,
    pool_by_head,
)

DAYS = 30
ITEM_DIM = 4


class ByDay(ItemSearch):
    """A model of one head that searches by days ago and hands on what it is built to hand on."""

    def __init__(self, *, behaviours: int, timed: bool = True, with_mass: bool = False) -> None:
        super().__init__(item_dim=ITEM_DIM, behaviours=behaviours, scale=math.sqrt(3))
        self.query, self.key = equal_projections(ITEM_DIM, 3, gain=1.0)
        nn.init.normal_(self.key.weight)
        self.day = nn.Parameter(torch.randn(DAYS))
        self.timed, self.with_mass = timed, with_mass

    def gap_scores(self, gap_P: Tensor, *, dtype: torch.dtype) -> Tensor | None:
        return self.day[gap_P].to(dtype) if self.timed else None

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        query_BZ = self.query(candidate_BI) / self.scale
        item_BQK = head_scores(query_BZ, self.key.weight, (behaviour_BKI,), heads=1)
        relevance_BQK = item_BQK + self.day[gap_BK].unsqueeze(1)
        parts = (behaviour_BKI, gap_BK.unsqueeze(2).to(behaviour_BKI.dtype))
        pooled_BJ = pool_by_head(relevance_BQK, present_BK, parts).flatten(1)
        if not self.with_mass:
            return pooled_BJ
        mass_BA = relevance_BQK.masked_fill(~present_BK.unsqueeze(1), -torch.inf).logsumexp(2)
        return torch.cat([pooled_BJ, mass_BA], dim=1)


def histories(*, requests: int, longest: int, items: int) -> Spans:
    """Users' histories end to end, of different lengths, some of their behaviours not to be found."""
    length_M = torch.randint(0, longest + 1, (requests,))
    stop_M = length_M.cumsum(0)
    total = int(stop_M[-1])
    return Spans(
        item_E=torch.randint(-1, items, (total,)),
        time_E=torch.randint(0, DAYS, (total,)),
        start_M=stop_M - length_M,
        stop_M=stop_M,
        now_M=torch.full((requests,), DAYS - 1),
        period=0,
        gaps=DAYS,
    )


@torch.no_grad()
def slow_search(
    model: ByDay, candidate_I: Tensor, request: int, spans: Spans, vectors_NI: Tensor
) -> list[int]:
    """Places of the best, every behaviour projected and scored on its own."""
    scores = {}
    for place in range(int(spans.start_M[request]), int(spans.stop_M[request])):
        if spans.item_E[place] >= 0:
            key_Z = model.key(vectors_NI[spans.item_E[place]])
            scores[place] = float(model.query(candidate_I) @ key_Z) / math.sqrt(3)
            if model.timed:
                scores[place] += float(model.day[DAYS - 1 - spans.time_E[place]])
    return sorted(scores, key=lambda place: -scores[place])[: model.behaviours]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    requests=st.integers(1, 3),
    longest=st.integers(0, 8),
    candidates=st.integers(0, 4),
    behaviours=st.integers(1, 6),
    timed=st.booleans(),
)
def test_search_finds_what_scoring_everything_finds(
    *, seed: int, requests: int, longest: int, candidates: int, behaviours: int, timed: bool
) -> None:
    torch.manual_seed(seed)
    model = ByDay(behaviours=behaviours, timed=timed).double()
    vectors_NI = torch.randn(20, ITEM_DIM).double()
    candidate_BI, request_row_B = (
        torch.randn(candidates, ITEM_DIM).double(),
        torch.randint(0, requests, (candidates,)),
    )
    spans = histories(requests=requests, longest=longest, items=20)
    asked = {"request_row_B": request_row_B, "spans": spans, "items": 20}
    retrieved = model.search(candidate_BI, **asked, vectors=vectors_NI.__getitem__)
    older = ItemKeys(key_UZ=model.key(vectors_NI), row_N=torch.arange(20, dtype=torch.int32))
    among_keys = model.search(candidate_BI, **asked, vectors=vectors_NI.__getitem__, cached=older)
    for row in range(candidates):
        expected = slow_search(model, candidate_BI[row], int(request_row_B[row]), spans, vectors_NI)
        for each in (retrieved, among_keys):
            assert each.offset_BK[row][each.present_BK[row]].tolist() == expected


def test_attention_is_handed_each_found_behaviour_with_its_gap() -> None:
    torch.manual_seed(1)
    model, spans = ByDay(behaviours=3), histories(requests=2, longest=9, items=6)
    spans.item_E.clamp_(min=0)
    vectors_NI, candidate_BI = torch.randn(6, ITEM_DIM), torch.randn(5, ITEM_DIM)
    request_row_B = torch.tensor([0, 0, 1, 1, 1])
    asked = {"request_row_B": request_row_B, "spans": spans}
    out_BO = model.search_and_attend(candidate_BI, **asked, item_vectors_NI=vectors_NI)
    retrieved = model.search(candidate_BI, **asked, items=6, vectors=vectors_NI.__getitem__)
    gap_BK = DAYS - 1 - spans.time_E[retrieved.offset_BK]
    behaviour_BKI = vectors_NI[spans.item_E[retrieved.offset_BK]]
    assert torch.equal(out_BO, model.attend(candidate_BI, behaviour_BKI, gap_BK, retrieved.present_BK))
    attended_BO = model.attend_retrieved(
        candidate_BI, retrieved, **asked, items=6, vectors=vectors_NI.__getitem__
    )
    assert torch.equal(out_BO, attended_BO)


def test_a_model_may_hand_on_more_and_the_rest_stays_as_it_is() -> None:
    torch.manual_seed(2)
    plain, told_more = ByDay(behaviours=3), ByDay(behaviours=3, with_mass=True)
    told_more.load_state_dict(plain.state_dict())
    given = {
        "request_row_B": torch.tensor([0, 1]),
        "spans": histories(requests=2, longest=9, items=6),
        "item_vectors_NI": torch.randn(6, ITEM_DIM),
    }
    candidate_BI = torch.randn(2, ITEM_DIM)
    out_BO = told_more.search_and_attend(candidate_BI, **given)
    assert out_BO.shape == (2, ITEM_DIM + 2)
    assert torch.equal(out_BO[:, :-1], plain.search_and_attend(candidate_BI, **given))


def test_gradients_reach_the_found_and_no_other_item() -> None:
    torch.manual_seed(3)
    model = ByDay(behaviours=2)
    spans = Spans(
        item_E=torch.tensor([0, 1, 2, 3]), time_E=torch.tensor([29, 29, 29, 29]),
        start_M=torch.tensor([0]), stop_M=torch.tensor([4]), now_M=torch.tensor([29]), period=0, gaps=DAYS,
    )  # fmt: skip
    vectors_NI, candidate_BI = torch.randn(4, ITEM_DIM, requires_grad=True), torch.randn(1, ITEM_DIM)
    asked = {"request_row_B": torch.tensor([0]), "spans": spans}
    retrieved = model.search(candidate_BI, **asked, items=4, vectors=vectors_NI.__getitem__)
    assert not retrieved.score_BK.requires_grad
    model.search_and_attend(candidate_BI, **asked, item_vectors_NI=vectors_NI).sum().backward()
    touched = vectors_NI.grad.abs().sum(1).nonzero().flatten().tolist()
    assert touched == sorted(retrieved.offset_BK[0].tolist())


def test_how_to_attend_is_for_a_model_to_say() -> None:
    retrieved = Retrieved(
        offset_BK=torch.zeros(1, 0, dtype=torch.int64),
        score_BK=torch.zeros(1, 0),
        present_BK=torch.zeros(1, 0).bool(),
    )
    with pytest.raises(NotImplementedError):
        TwoStage(item_dim=2).attend_retrieved(
            torch.zeros(1, 2),
            retrieved,
            request_row_B=torch.tensor([0]),
            spans=histories(requests=1, longest=0, items=1),
            items=1,
            vectors=torch.zeros(1, 2).__getitem__,
        )
