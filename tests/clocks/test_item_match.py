"""Which parts of its vector a behaviour shares with a candidate: by hand, and by number."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

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
