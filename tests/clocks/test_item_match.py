"""Which parts of its vector a behaviour shares with a candidate: by hand, and by number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from interestclock.clocks import item_match
from interestclock.clocks.item_match import match_features
from interestclock.embeddings import FeatureTable, ItemVectors

WIDTH = 4


def test_by_hand() -> None:
    item, other, rock, soul, nothing = torch.randn(5, WIDTH).unbind()
    nothing = nothing * 0
    candidates = torch.stack([torch.cat([item, rock]), torch.cat([item, nothing])])
    behaviours = [torch.cat(each) for each in [(item, soul), (other, rock), (item, rock), (other, nothing)]]
    said = match_features(candidates, torch.stack(behaviours).expand(2, -1, -1), part_dim=WIDTH)
    assert said.tolist() == [[[1, 0], [0, 1], [1, 1], [0, 0]], [[1, 0], [0, 0], [1, 0], [0, 0]]]


_ITEM = st.tuples(st.integers(0, 3), st.lists(st.integers(1, 4), min_size=3, max_size=3, unique=True))


@given(st.lists(_ITEM, min_size=1, max_size=6))
def test_it_is_whether_numbers_are_the_same_in_whatever_order_values_come(items: list[tuple]) -> None:
    table = FeatureTable(dim=WIDTH, std=0.1, seed=0)
    table.grow({"item": 3, "attribute.genre": 4})
    vectors = ItemVectors(table, ("genre",))
    genres = torch.tensor([[0, 0, 0], *[values for _, values in items]])
    vectors.describe(0, {"genre": genres})
    rows = [table.rows("item", torch.tensor([item for item, _ in items])).unsqueeze(1)]
    rows.append(table.rows("attribute.genre", genres[1:]))
    vectors.place_rows(torch.arange(1, len(items) + 1), rows)
    vector_NI = vectors(torch.arange(1, len(items) + 1)).detach()
    said = match_features(vector_NI, vector_NI.expand(len(items), -1, -1), part_dim=WIDTH)
    expected = [
        [[float(item == other > 0), float(set(values) == set(others))] for other, others in items]
        for item, values in items
    ]
    assert said.tolist() == expected


def test_no_gradient_flows_through_it() -> None:
    candidate = torch.ones(1, WIDTH, requires_grad=True)
    assert not match_features(candidate, torch.ones(1, 2, WIDTH), part_dim=WIDTH).requires_grad


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 1.0 + 5e-7, 1.01]), min_size=6, max_size=6), min_size=2),
    st.sampled_from([1, 2, 3, 6]),
)
def test_compiled_it_says_what_it_says_on_a_gpu(vectors: list[list[float]], part_dim: int) -> None:
    """And where vectors are cut out of wider ones."""
    wide = torch.tensor(vectors).repeat(1, 2)
    candidate_BI = wide[:2, :6]
    behaviour_BKI = torch.stack([wide, wide.flip(0)])[:, :, :6]
    assert torch.equal(
        match_features(candidate_BI, behaviour_BKI, part_dim=part_dim),
        item_match._match_anywhere(candidate_BI, behaviour_BKI, part_dim),
    )


@pytest.mark.parametrize(("candidates", "found"), [(0, 3), (2, 0)])
@pytest.mark.parametrize("match", [item_match._match_anywhere, item_match._match_compiled])
def test_nobody_asks_or_nothing_was_found(match: Callable[..., Tensor], candidates: int, found: int) -> None:
    said = match(torch.ones(candidates, 6), torch.ones(candidates, found, 6), 3)
    assert said.shape == (candidates, found, 2)


def test_half_precision_has_its_own_type() -> None:
    ones = torch.ones(1, 2, WIDTH, dtype=torch.bfloat16)
    said = match_features(ones[:, 0], ones, part_dim=WIDTH)
    assert (said.dtype, said.tolist()) == (torch.bfloat16, [[[1.0], [1.0]]])
