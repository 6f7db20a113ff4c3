"""A table that grows: where rows stand, what they start as, and what growth leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.embeddings import FeatureTable, RowAdam, masked_mean
from interestclock.ranking import FeatureNames, Ranker, RankerConfig, load_ranker, save_ranker

SIZES = st.dictionaries(st.sampled_from(["user", "item", "attribute.genre"]), st.integers(0, 40), max_size=3)


def table(*, dim: int = 3, seed: int = 0) -> FeatureTable:
    return FeatureTable(dim=dim, std=0.25, seed=seed)


def weights(grown: FeatureTable, feature: str, size: int) -> Tensor:
    """First weights of a feature's values 1 to ``size``."""
    return grown(grown.rows(feature, torch.arange(1, size + 1))).detach()


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(SIZES, min_size=1, max_size=6))
def test_any_way_of_growing_gives_the_same_first_weights(steps: list[dict[str, int]]) -> None:
    grown, largest = table(), dict[str, int]()
    for sizes in steps:
        grown.grow(sizes)
        largest = {name: max(largest.get(name, 0), sizes.get(name, 0)) for name in largest | sizes}
    for feature, size in largest.items():
        alone = table()
        alone.grow({feature: size + 5})
        assert torch.equal(weights(grown, feature, size), weights(alone, feature, size))
    rows = [
        row
        for feature, size in largest.items()
        for row in grown.rows(feature, torch.arange(1, size + 1)).tolist()
    ]
    assert sorted(rows) == list(range(1, grown.used))  # each has a row of its own


@pytest.mark.parametrize("have", [1, 1000, 1023, 1024, 1025, 2048])
def test_weights_are_the_same_across_blocks(have: int) -> None:
    grown, at_once = table(), table()
    for size in (have, 2050):
        grown.grow({"item": size})
    at_once.grow({"item": 2050})
    assert torch.equal(weights(grown, "item", 2050), weights(at_once, "item", 2050))
    assert weights(at_once, "item", 2050).std().item() == pytest.approx(0.25, rel=0.05)
    assert weights(at_once, "item", 2050).unique(dim=0).shape[0] == 2050


def test_seed_and_feature_make_the_weights() -> None:
    first, other = table(seed=0), table(seed=1)
    for each in (first, other):
        each.grow({"user": 3, "item": 3})
    assert not torch.equal(weights(first, "user", 3), weights(other, "user", 3))
    assert not torch.equal(weights(first, "user", 3), weights(first, "item", 3))


def test_rows_never_move_and_trained_weights_stay() -> None:
    grown = table()
    grown.grow({"user": 4})
    row_of_user = grown.rows("user", torch.arange(5))
    with torch.no_grad():
        grown.weight[row_of_user[1:]] = 7.0
    for size in (5, 50, 500):
        grown.grow({"item": size, "user": 4})
    assert torch.equal(grown.rows("user", torch.arange(5)), row_of_user)
    assert (weights(grown, "user", 4) == 7).all()


def test_row_zero_stays_zero_through_training() -> None:
    grown = table()
    grown.grow({"user": 2})
    optimiser = RowAdam([grown.weight], lr=0.1)
    for size in (2, 9, 30):
        grown.grow({"user": size})
        optimiser.zero_grad()
        grown(torch.tensor([0, 1, size, 0])).sum().backward()
        optimiser.step()
    assert not grown.weight[0].any()
    assert not grown(grown.rows("user", torch.tensor([0]))).any()


def test_a_prediction_made_before_growth_can_still_be_learned() -> None:
    grown = table()
    grown.grow({"user": 2})
    optimiser = RowAdam([grown.weight], lr=0.1)
    before = grown(torch.tensor([1]))
    grown.grow({"user": 100})
    after = grown(torch.tensor([1, 90]))  # its graph is built while the older one lives
    for prediction in (before, after):
        optimiser.zero_grad()
        prediction.sum().backward()
        optimiser.step()
    assert grown.weight.shape[0] >= 101
    assert (weights(grown, "user", 1) != weights_at_start("user", 1)).all()


def weights_at_start(feature: str, size: int) -> Tensor:
    untouched = table()
    untouched.grow({feature: size})
    return weights(untouched, feature, size)


def test_growth_keeps_the_parameter_that_the_optimiser_holds() -> None:
    grown = table()
    parameter = grown.weight
    grown.grow({"user": 1000})
    assert grown.weight is parameter
    assert parameter.is_leaf
    assert parameter.dtype == torch.float32


def test_restore_takes_over_rows_and_their_meaning() -> None:
    grown, other = table(), table(seed=5)
    grown.grow({"user": 3})
    grown.grow({"item": 4})
    other.restore(grown.weight[: grown.used], grown.layout())
    assert torch.equal(weights(other, "item", 4), weights(grown, "item", 4))
    with torch.no_grad():
        other.weight.zero_()
    assert grown.weight.any()
    with pytest.raises(ValueError, match=r"weights of shape \(2, 9\) in a table of width 3"):
        other.restore(torch.zeros(2, 9), {})


def test_rows_move_with_the_weights() -> None:
    grown = table()
    grown.grow({"user": 3})
    moved = grown.to("meta")
    assert moved.weight.device == moved.layout()["user"].device == torch.device("meta")


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 0, 3), (2, 5)])
def test_any_shape_is_read(shape: tuple[int, ...]) -> None:
    grown = table()
    grown.grow({"user": 3})
    assert grown(grown.rows("user", torch.ones(shape, dtype=torch.int64))).shape == (*shape, 3)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="dim is 0; give the width of an embedding, for example 16"):
        FeatureTable(dim=0, std=0.25, seed=0)
    with pytest.raises(ValueError, match=r"std is 0\.0; give a deviation above 0, for example 0\.25"):
        FeatureTable(dim=2, std=0.0, seed=0)
    grown = table()
    with pytest.raises(ValueError, match="no feature 'user' in this table; it has none; grow it first"):
        grown.rows("user", torch.tensor([1]))
    grown.grow({"item": 1})
    with pytest.raises(ValueError, match="it has item; grow it first"):
        grown.rows("user", torch.tensor([1]))


NUMBERS = st.sets(st.sampled_from([1, 2, 3, 5, 8, 1023, 1024, 1025, 2049]))
TURNS = st.lists(st.tuples(st.sampled_from(["user", "item"]), NUMBERS, st.booleans()), max_size=12)


def turned(changed: FeatureTable, have: set[tuple[str, int]], turn: tuple[str, set[int], bool]) -> list[int]:
    """Admit those of a turn's numbers that have no row, or release them all; which have one is kept."""
    feature, numbers, gives = turn
    changed.reserve({feature: max(numbers, default=0)})
    if not gives:
        have -= {(feature, number) for number in numbers}
        return changed.release(feature, torch.tensor(sorted(numbers), dtype=torch.int64)).tolist()
    number_R = sorted((number for number in numbers if (feature, number) not in have), reverse=True)
    have |= {(feature, number) for number in number_R}
    return changed.admit(feature, torch.tensor(number_R, dtype=torch.int64)).tolist()


@settings(max_examples=40, deadline=None)
@given(turns=TURNS, inferred=st.booleans())
def test_a_table_restored_at_any_point_goes_on_the_same(turns: list, inferred: bool) -> None:
    straight, broken = table(), table()
    have: set[tuple[str, int]] = set()
    for turn in turns:
        assert turned(straight, set(have), turn) == turned(broken, have, turn)
        before, free = broken, broken.free_rows()
        broken = table()
        weight = before.weight[: before.used]
        broken.restore(weight, before.layout(), None if inferred else free)
        assert torch.equal(broken.free_rows(), free)
        assert torch.equal(broken.weight[: broken.used], straight.weight[: straight.used])
        assert {name: rows.tolist() for name, rows in broken.layout().items()} == {
            name: rows.tolist() for name, rows in straight.layout().items()
        }
    for feature, number in have:  # weights of a number are the same whenever and wherever it is admitted
        expected = weights_at_start(feature, number)[-1]
        assert torch.equal(broken.weight[broken.rows(feature, torch.tensor(number))], expected)


def test_restored_rows_are_no_longer_the_other_tables() -> None:
    first, other = table(), table()
    first.reserve({"user": 3})
    first.admit("user", torch.tensor([2]))
    other.grow({"item": 5})
    other.release("item", torch.tensor([4]))  # its own past goes
    other.restore(first.weight[: first.used], first.layout())
    other.admit("user", torch.tensor([1, 3]))
    other.release("user", torch.tensor([2]))
    assert other.rows("user", torch.tensor([1, 2, 3])).tolist() == [2, 0, 3]
    assert first.rows("user", torch.tensor([1, 2, 3])).tolist() == [0, 1, 0]
    assert first.weight[1].any()


def test_freed_rows_go_to_any_feature_the_smallest_first() -> None:
    changed = table()
    changed.reserve({"user": 4, "item": 4})
    assert changed.admit("user", torch.tensor([4, 1, 2])).tolist() == [1, 2, 3]
    assert changed.release("user", torch.tensor([2, 3, 4])).tolist() == [3, 1]
    assert changed.free_rows().tolist() == [1, 3]
    assert changed.weight.any(dim=1).tolist()[:4] == [False, False, True, False]
    assert changed.admit("item", torch.tensor([2, 1, 4])).tolist() == [1, 3, 4]
    assert (changed.used, changed.free_rows().tolist()) == (5, [])
    assert changed.rows("user", torch.tensor([1, 2, 3, 4])).tolist() == [2, 0, 0, 0]


def test_no_rows_are_given_and_taken_back() -> None:
    changed, none = table(), torch.zeros(0, dtype=torch.int64)
    changed.reserve({"user": 0})
    assert changed.admit("user", none).tolist() == changed.release("user", none).tolist() == []
    assert changed.used == 1
    assert changed.rows("user", torch.tensor([0])).tolist() == [0]


def test_growth_gives_a_row_to_every_value_that_lacks_one() -> None:
    changed = table()
    changed.reserve({"user": 5})
    changed.admit("user", torch.tensor([2]))
    changed.grow({"user": 3})
    assert changed.rows("user", torch.arange(6)).tolist() == [0, 2, 1, 3, 0, 0]
    changed.grow({"item": 2})
    changed.release("item", torch.tensor([1]))
    changed.grow({"item": 2, "user": 7})
    assert changed.rows("item", torch.arange(3)).tolist() == [0, 4, 5]
    assert changed.rows("user", torch.arange(8)).tolist() == [0, 2, 1, 3, 6, 7, 8, 9]
    assert torch.equal(weights(changed, "user", 7), weights_at_start("user", 7))


def test_reserving_one_value_at_a_time_copies_seldom() -> None:
    changed, lengths = table(), set()
    for size in range(1, 2_000):
        changed.reserve({"user": size})
        assert not changed.rows("user", torch.arange(size + 1)).any()
        lengths.add(len(changed.layout()["user"]))
    assert len(lengths) < 30


def test_a_prediction_made_before_rows_changed_hands_can_still_be_learned() -> None:
    changed = table()
    changed.reserve({"user": 500})
    row_R = changed.admit("user", torch.tensor([1, 2]))
    optimiser = RowAdam([changed.weight], lr=0.1)
    before = changed(row_R[:1])
    optimiser.forget(changed.weight, changed.release("user", torch.tensor([2])))
    changed.admit("user", torch.arange(3, 400))
    after = changed(changed.rows("user", torch.tensor([1, 399])))
    for prediction in (before, after):
        optimiser.zero_grad()
        prediction.sum().backward()
        optimiser.step()
    assert (weights(changed, "user", 1) != weights_at_start("user", 1)).all()


def test_a_ranker_with_gaps_is_saved_and_grows_on(tmp_path: Path) -> None:
    ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
    ranker.table.reserve({"user": 6, "item": 6})
    ranker.table.admit("user", torch.tensor([1, 4, 6]))
    ranker.table.admit("item", torch.tensor([5]))
    ranker.table.release("user", torch.tensor([4]))
    ranker.items.redescribe(torch.arange(1, 7), {})
    save_ranker(ranker, tmp_path)
    loaded = load_ranker(tmp_path)
    assert loaded.table.free_rows().tolist() == [2]
    for each in (ranker, loaded):
        each.grow({"user": 7, "item": 6}, {})
    assert torch.equal(loaded.table.weight[: loaded.table.used], ranker.table.weight[: ranker.table.used])
    assert torch.equal(loaded.items.row_NF, ranker.items.row_NF)


def test_numbers_that_cannot_be_admitted_or_released_are_refused() -> None:
    changed = table()
    changed.reserve({"user": 2})
    for change in (changed.admit, changed.release):
        for strange in (0, 3, -1):
            with pytest.raises(
                ValueError, match=f"user {strange} is none of the 2 that are reserved; reserve"
            ):
                change("user", torch.tensor([1, strange]))
        with pytest.raises(ValueError, match="a number of user comes twice in one call; give each once"):
            change("user", torch.tensor([1, 1]))
        with pytest.raises(ValueError, match="feature 'item' is none of the 0 that are reserved; reserve it"):
            change("item", torch.zeros(0, dtype=torch.int64))
    changed.admit("user", torch.tensor([2]))
    with pytest.raises(ValueError, match="user 2 has a row already; release it first"):
        changed.admit("user", torch.tensor([1, 2]))
    assert changed.used == 2


@given(present=st.lists(st.booleans(), max_size=5), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_masked_mean_is_the_mean_of_what_is_there(present: list[bool], seed: int) -> None:
    vectors_VD = torch.randn(len(present), 2, generator=torch.Generator().manual_seed(seed))
    out_D = masked_mean(vectors_VD, torch.tensor(present, dtype=torch.bool))
    there = [vector for vector, is_there in zip(vectors_VD.tolist(), present, strict=True) if is_there]
    slow = [sum(column) / len(there) for column in zip(*there, strict=True)] if there else [0.0, 0.0]
    assert out_D.tolist() == pytest.approx(slow, abs=1e-6)
