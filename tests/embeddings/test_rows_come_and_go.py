"""Rows that are given, taken back and given again; the optimiser's memory of them."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.embeddings import FeatureTable, ItemVectors, RowAdam

TURNS = st.lists(st.tuples(st.sampled_from(["user", "item"]), st.integers(1, 12), st.booleans()), max_size=40)


@settings(max_examples=100, deadline=None)
@given(TURNS)
def test_every_value_has_a_row_of_its_own(turns: list) -> None:
    table = FeatureTable(dim=2, std=0.25, seed=3)
    grown = FeatureTable(dim=2, std=0.25, seed=3)
    grown.grow({"user": 12, "item": 12})
    have: dict[tuple[str, int], int] = {}
    most = 0
    for feature, number, gives in turns:
        table.reserve({feature: number})
        key, one = (feature, number), torch.tensor([number])
        if gives and key not in have:
            have[key] = int(table.admit(feature, one))
            most = max(most, len(have))
        elif not gives:
            expected = [have.pop(key)] if key in have else []
            assert table.release(feature, one).tolist() == expected
    assert len(set(have.values())) == len(have)
    assert table.used == 1 + most  # as many as ever were there at a time
    for (feature, number), row in have.items():
        one = torch.tensor([number])
        assert table.rows(feature, one).tolist() == [row]
        assert torch.equal(table(table.rows(feature, one)), grown(grown.rows(feature, one)))
    assert not table.weight[table.free_rows()].any()


def test_a_row_that_is_used_again_has_no_past() -> None:
    table = FeatureTable(dim=2, std=0.25, seed=0)
    adam = RowAdam([table.weight], lr=0.1)
    table.reserve({"user": 2})
    row = table.admit("user", torch.tensor([1]))
    for _ in range(3):
        adam.zero_grad()
        table(row).sum().backward()
        adam.step()
    adam.forget(table.weight, table.release("user", torch.tensor([1])))
    assert table.admit("user", torch.tensor([2])).tolist() == row.tolist()
    _, mean, square = adam.moments(table.weight)
    assert not mean[row].any()
    assert not square[row].any()


def test_moments_go_on_where_they_were() -> None:
    tables = [FeatureTable(dim=2, std=0.25, seed=0) for _ in range(2)]
    adams = []
    for table in tables:
        table.grow({"user": 5})
        adams.append(RowAdam([table.weight], lr=0.1))

    def step(place: int) -> None:
        adams[place].zero_grad()
        tables[place](torch.tensor([1, 3, 3])).square().sum().backward()
        adams[place].step()

    for _ in range(3):
        step(0)
        step(1)
    fresh = RowAdam([tables[1].weight], lr=0.1)
    count, mean, square = adams[1].moments(tables[1].weight)
    fresh.restore_moments(tables[1].weight, count, mean.clone(), square.clone())
    adams[1] = fresh
    for place in (0, 1):
        step(place)
    assert torch.equal(tables[0].weight, tables[1].weight)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 9), st.lists(st.integers(1, 6), max_size=3)),
            min_size=1,
            max_size=4,
            unique_by=lambda each: each[0],
        ),
        max_size=6,
    )
)
def test_items_described_one_by_one_are_as_described_at_once(turns: list) -> None:
    table = FeatureTable(dim=2, std=0.25, seed=0)
    table.grow({"item": 9, "attribute.genre": 6})
    one_by_one, at_once = ItemVectors(table, ("genre",)), ItemVectors(table, ("genre",))
    values: dict[int, list[int]] = {}
    for turn in turns:
        values |= dict(turn)
        item = torch.tensor(sorted(dict(turn)))
        width = max(1, *(len(each) for _, each in turn)) if len(turn) > 1 else max(1, len(turn[0][1]))
        rows = [(dict(turn)[int(i)] + [0] * width)[:width] for i in item]
        one_by_one.redescribe(item, {"genre": torch.tensor(rows)})
    width = max([1, *map(len, values.values())])
    rows = [(values.get(item, []) + [0] * width)[:width] for item in range(10)]
    at_once.describe(9, {"genre": torch.tensor(rows)})
    known = torch.tensor(sorted(values), dtype=torch.int64)
    if turns:
        torch.testing.assert_close(one_by_one(known), at_once(known))
