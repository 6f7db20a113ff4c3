"""An item's vector: its own embedding beside the mean of each attribute's values."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.embeddings import FeatureTable, ItemVectors


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


MOST = 12
VALUES = st.lists(st.integers(1, 4), max_size=3)
TURNS = st.lists(
    st.dictionaries(st.integers(1, MOST), st.tuples(VALUES, VALUES), min_size=0, max_size=4), max_size=6
)


def padded(lists: list[list[int]], width: int = 1) -> torch.Tensor:
    width = max([width, *map(len, lists)])
    rows = [each + [0] * (width - len(each)) for each in lists]
    return torch.tensor(rows, dtype=torch.int64).reshape(len(lists), width)


@settings(max_examples=60, deadline=None)
@given(turns=TURNS, described_first=st.booleans())
def test_described_one_by_one_or_all_at_once(turns: list, described_first: bool) -> None:
    """Numbers that come again stand for other items; rows are given and taken back in between."""
    table = FeatureTable(dim=2, std=0.25, seed=0)
    table.reserve({"item": MOST})
    table.grow({"attribute.genre": 4, "attribute.label": 4})
    one_by_one, at_once = ItemVectors(table, ("genre", "label")), ItemVectors(table, ("genre", "label"))
    lists: list[tuple[list[int], list[int]]] = [([], []) for _ in range(MOST + 1)]
    if described_first:
        one_by_one.describe(3, {"genre": padded([[]] * 4), "label": padded([[]] * 4)})
    for turn in turns:
        item_R = torch.tensor(list(turn), dtype=torch.int64)
        table.release("item", item_R)
        table.admit("item", item_R[::2])
        of = [[each[place] for each in turn.values()] for place in (0, 1)]
        one_by_one.redescribe(item_R, {"genre": padded(of[0]), "label": padded(of[1])})
        for item, each in turn.items():
            lists[item] = each
    wide = [0 if not turns else width for width in one_by_one.widths[1:]]
    genre, label = (padded([each[place] for each in lists], *wide[place : place + 1]) for place in (0, 1))
    items = min(len(one_by_one.row_NF) - 1, MOST)
    at_once.describe(items, {"genre": genre, "label": label})
    if turns:
        assert one_by_one.widths == at_once.widths
        assert torch.equal(one_by_one.row_NF[: items + 1], at_once.row_NF)
        assert torch.equal(one_by_one(torch.arange(items + 1)), at_once(torch.arange(items + 1)))
    assert not one_by_one.row_NF[items + 1 :].any()


def test_only_the_items_named_change_and_nothing_is_copied() -> None:
    vectors = described()
    before, place = vectors.row_NF.clone(), vectors.row_NF.data_ptr()
    vectors.redescribe(
        torch.tensor([3, 1]), {"genre": torch.tensor([[4], [2]]), "label": torch.tensor([[0], [1]])}
    )
    assert vectors.row_NF.data_ptr() == place
    assert torch.equal(vectors.row_NF[[0, 2]], before[[0, 2]])
    rows = vectors.table.rows
    genre, label = rows("attribute.genre", torch.tensor([4, 2])), rows("attribute.label", torch.tensor(1))
    assert vectors.row_NF[3].tolist() == [3, int(genre[0]), 0, 0]
    assert vectors.row_NF[1].tolist() == [1, int(genre[1]), 0, int(label)]


def test_items_that_come_one_at_a_time_are_copied_seldom() -> None:
    table, lengths = FeatureTable(dim=2, std=0.25, seed=0), set()
    vectors = ItemVectors(table, ())
    for item in range(1, 1_000):
        table.grow({"item": item})
        vectors.redescribe(torch.tensor([item]), {})
        lengths.add(len(vectors.row_NF))
    assert vectors.row_NF[:1_000, 0].tolist() == list(range(1_000))
    assert len(lengths) < 30


def test_no_items_are_described_anew() -> None:
    vectors = described()
    before = vectors.row_NF.clone()
    none = torch.zeros(0, 2, dtype=torch.int64)
    vectors.redescribe(none[:, 0], {"genre": none, "label": none[:, :1]})
    assert torch.equal(vectors.row_NF, before)


def test_what_was_restored_is_a_copy() -> None:
    vectors = described()
    other = ItemVectors(vectors.table, ("genre", "label"))
    other.restore(vectors.row_NF, vectors.widths)
    other.redescribe(torch.tensor([1]), {"genre": torch.tensor([[4]]), "label": torch.tensor([[0]])})
    assert vectors.row_NF[1].tolist() != other.row_NF[1].tolist()
    assert torch.equal(vectors.row_NF, described().row_NF)


def test_items_without_their_values_are_refused() -> None:
    vectors, item = described(), torch.tensor([1, 2])
    with pytest.raises(ValueError, match="attribute 'label' has nothing; give 2 rows, one per item named"):
        vectors.redescribe(item, {"genre": torch.zeros(2, 1, dtype=torch.int64)})
    with pytest.raises(ValueError, match="attribute 'genre' has 1 rows; give 2 rows, one per item named"):
        vectors.redescribe(item, {"genre": torch.zeros(1, 1, dtype=torch.int64)})


def test_rows_move_with_the_module() -> None:
    assert described().to("meta").row_NF.device == torch.device("meta")
