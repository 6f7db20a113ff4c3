"""A server searches request by request and finds what a batch does; attention sees the same of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interestclock.clocks import LongTermClock, LongTermConfig
from interestclock.clocks.gap_table import GapTables
from interestclock.clocks.time_gap import TimeGap, gap_features
from interestclock.search import Spans
from interestclock.sequences import Twin, TwinConfig

ITEMS, WIDTH = 12, 6
MODELS = {
    "clock": lambda: LongTermClock(
        item_dim=WIDTH, config=LongTermConfig(behaviours=4, heads=2, latent_dim=3, output_dim=5)
    ),
    "twin": lambda: Twin(
        item_dim=WIDTH, config=TwinConfig(behaviours=4, heads=2, latent_dim=3, output_dim=5)
    ),
}


def spans_of(lengths: list[int], seed: int, *, period: int) -> Spans:
    """Spans of lengths, apart from each other, some of their items gone."""
    draw = np.random.default_rng(seed)
    edges = np.cumsum([0, *(length + 1 for length in lengths)])
    behaviours = int(edges[-1])
    return Spans(
        item_E=torch.from_numpy(draw.integers(-1, ITEMS, behaviours).astype(np.int32)),
        time_E=torch.from_numpy(draw.integers(0, 86_400, behaviours).astype(np.int32)),
        start_M=torch.from_numpy(edges[:-1]),
        stop_M=torch.from_numpy(edges[:-1] + np.array(lengths, np.int64)),
        now_M=torch.from_numpy(draw.integers(0, 86_400, len(lengths))),
        period=period,
        gaps=43_201 if period else 16_384,
    )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60, deadline=None)
@example(lengths=[21, 10], counts=[0, 4, 0, 0], seed=50)  # a tie at the edge of what is kept
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    counts=st.lists(st.integers(0, 5), min_size=4, max_size=4),
    seed=st.integers(0, 1_000),
)
def test_a_server_finds_and_attends_to_what_a_trainer_does(
    name: str, lengths: list[int], counts: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    model, vectors_NI = MODELS[name](), torch.randn(ITEMS, WIDTH)
    spans = spans_of(lengths, seed, period=86_400 if name == "clock" else 0)
    request_row_B = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(counts[: len(lengths)]))
    given = {"request_row_B": request_row_B, "spans": spans}
    candidate_BI, out = torch.randn(len(request_row_B), WIDTH), {}
    for training in (True, False):
        model.train(training)
        with torch.no_grad():
            named = {"items": ITEMS, "vectors": vectors_NI.__getitem__}
            found = model.search(candidate_BI, **given, **named)
            out[training] = (found, model.attend_retrieved(candidate_BI, found, **given, **named))
    (plain, expected), (served, answered) = out[True], out[False]
    assert (plain.vector_LI, served.vector_LI is None) == (None, False)
    torch.testing.assert_close(served.score_BK, plain.score_BK, atol=1e-5, rtol=1e-5)
    assert torch.equal(served.present_BK, plain.present_BK)
    # Two behaviours of one item score alike but for rounding, and either may be found: the scores above
    # hold them to a tie, and what is made of them is compared where the same were found.
    same_B = (served.offset_BK == plain.offset_BK).all(dim=1)
    torch.testing.assert_close(answered[same_B], expected[same_B], atol=1e-4, rtol=1e-4)


def test_candidates_that_do_not_stand_together_are_searched_as_a_trainer_does() -> None:
    model, spans = MODELS["clock"]().eval(), spans_of([5, 6], 1, period=86_400)
    found = model.search(
        torch.randn(3, WIDTH),
        request_row_B=torch.tensor([0, 1, 0]),
        spans=spans,
        items=ITEMS,
        vectors=torch.randn(ITEMS, WIDTH).__getitem__,
    )
    assert found.vector_LI is None


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_no_request_at_all_finds_nothing(name: str, training: bool) -> None:
    out_BO = (
        MODELS[name]()
        .train(training)
        .search_and_attend(
            torch.zeros(0, WIDTH),
            request_row_B=torch.zeros(0, dtype=torch.int64),
            spans=spans_of([], 1, period=86_400),
            item_vectors_NI=torch.randn(ITEMS, WIDTH),
        )
    )
    assert out_BO.shape == (0, 5)


def test_a_table_of_gaps_is_of_the_weights_as_they_are() -> None:
    gap, tables = TimeGap(heads=2, hidden=3), GapTables()
    for change in (
        lambda: None,
        lambda: gap.load_state_dict({name: each + 1 for name, each in gap.state_dict().items()}),
        gap.first.bias.zero_,
    ):
        with torch.no_grad():
            change()
        table, gap_P = tables.of(gap), torch.tensor([0, 1, 43_200])
        feature_PF = gap_features(gap_P)
        torch.testing.assert_close(table.feature_GF[gap_P], feature_PF)
        torch.testing.assert_close(table.score_GQ[gap_P], gap(feature_PF).detach())
        torch.testing.assert_close(table.summed_G[gap_P], gap.summed(feature_PF).detach())
