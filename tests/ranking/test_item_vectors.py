"""An item's vector: its own embedding beside the mean of each attribute's values."""

from __future__ import annotations

import pytest
import torch

from interestclock.embeddings import FeatureTable
from interestclock.ranking import ItemVectors


def described() -> ItemVectors:
    table = FeatureTable(dim=2, std=0.25, seed=0)
    table.grow({"item": 3, "attribute.genre": 4, "attribute.label": 2})
    vectors = ItemVectors(table, ("genre", "label"))
    genre_NV = torch.tensor([[0, 0], [1, 3], [2, 0], [0, 0]])
    vectors.describe(3, {"genre": genre_NV, "label": torch.tensor([[0], [2], [0], [1]])})
    return vectors


def value(vectors: ItemVectors, feature: str, number: int) -> torch.Tensor:
    return vectors.table.weight[vectors.table.rows(feature, torch.tensor(number))]


def test_parts_by_hand() -> None:
    vectors = described()
    both, one, none = vectors(torch.tensor([1, 2, 3]))
    genre = [value(vectors, "attribute.genre", number) for number in range(5)]
    expected_both = [
        value(vectors, "item", 1),
        (genre[1] + genre[3]) / 2,
        value(vectors, "attribute.label", 2),
    ]
    torch.testing.assert_close(both, torch.cat(expected_both), atol=1e-6, rtol=0)
    torch.testing.assert_close(one, torch.cat([value(vectors, "item", 2), genre[2], torch.zeros(2)]))
    assert not none[2:4].any()
    assert vectors.output_dim == both.shape[0] == 6


def test_padding_is_a_zero_vector() -> None:
    assert not described()(torch.tensor([0])).any()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)])
def test_any_shape_of_items(shape: tuple[int, ...]) -> None:
    vectors = described()
    assert vectors(torch.ones(shape, dtype=torch.int64)).shape == (*shape, vectors.output_dim)


def test_without_attributes_an_item_is_its_own_embedding() -> None:
    table = FeatureTable(dim=2, std=0.25, seed=0)
    table.grow({"item": 2})
    vectors = ItemVectors(table, ())
    vectors.describe(2, {})
    assert torch.equal(vectors(torch.tensor([2]))[0], table.weight[2])


def test_first_values_are_rows_of_the_table() -> None:
    vectors = described()
    for name, first in (("genre", [0, 1, 2, 0]), ("label", [0, 2, 0, 1])):
        expected = vectors.table.rows(f"attribute.{name}", torch.tensor(first))
        assert vectors.first_value(name).tolist() == expected.tolist()


def test_undescribed_items_are_refused() -> None:
    vectors = described()
    with pytest.raises(ValueError, match="attribute 'label' has nothing; give 4 rows, one per item number"):
        vectors.describe(3, {"genre": torch.zeros(4, 1, dtype=torch.int64)})
    with pytest.raises(ValueError, match="attribute 'genre' has 2 rows; give 4 rows, one per item number"):
        vectors.describe(3, {"genre": torch.zeros(2, 1, dtype=torch.int64)})


def test_rows_move_with_the_module() -> None:
    assert described().to("meta").row_NF.device == torch.device("meta")
