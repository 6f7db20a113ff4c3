"""Adam by rows, step by step beside PyTorch's SparseAdam and beside the paper's own lines."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from interestclock.embeddings import FeatureTable, RowAdam


def embedding(rows: int = 9, *, seed: int = 0) -> nn.Embedding:
    torch.manual_seed(seed)
    return nn.Embedding(rows, 3, sparse=True)


def learn(table: nn.Embedding, optimiser: torch.optim.Optimizer, rows: list[int], seed: int) -> None:
    optimiser.zero_grad()
    weight = torch.randn(len(rows), 3, generator=torch.Generator().manual_seed(seed))
    (table(torch.tensor(rows, dtype=torch.int64)) * weight).sum().backward()
    optimiser.step()


STEPS = st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    rows_there=st.sampled_from([9, 900]),
    steps=STEPS,
    lr=st.sampled_from([0.002, 0.1]),
    betas=st.sampled_from([(0.9, 0.999), (0.5, 0.9)]),
)
def test_every_step_is_sparse_adams(
    rows_there: int, steps: list[list[int]], lr: float, betas: tuple[float, float]
) -> None:
    """In a table that is looked through for rows, and in one of which that would take too long."""
    ours, theirs = embedding(rows_there), embedding(rows_there)
    row_adam = RowAdam([ours.weight], lr=lr, betas=betas)
    sparse_adam = torch.optim.SparseAdam([theirs.weight], lr=lr, betas=betas)
    for seed, rows in enumerate(steps):
        before = ours.weight.detach().clone()
        learn(ours, row_adam, rows, seed)
        if rows:  # SparseAdam counts a step without rows, ours does not
            learn(theirs, sparse_adam, rows, seed)
        torch.testing.assert_close(ours.weight, theirs.weight, atol=1e-6, rtol=1e-6)
        untouched = [row for row in range(rows_there) if row not in rows]
        assert torch.equal(ours.weight[untouched], before[untouched])


def test_two_steps_by_hand() -> None:
    table = nn.Embedding.from_pretrained(torch.tensor([[1.0], [5.0]]), freeze=False, sparse=True)
    optimiser = RowAdam([table.weight], lr=0.1)
    weight, mean, square = 1.0, 0.0, 0.0
    for step, gradient in enumerate([2.0, -1.0], start=1):
        optimiser.zero_grad()
        (gradient * table(torch.tensor([0]))).sum().backward()
        optimiser.step()
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        scale = math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weight -= 0.1 * scale * mean / (math.sqrt(square) + 1e-8)
        assert table.weight[0].item() == pytest.approx(weight, abs=1e-6)
    assert table.weight[1].item() == 5.0


def test_gradients_of_a_row_that_occurs_twice_are_summed() -> None:
    twice, once = embedding(), embedding()
    for table, rows in ((twice, [4, 4]), (once, [4])):
        optimiser = RowAdam([table.weight], lr=0.1)
        (table(torch.tensor(rows)).sum() * (2 / len(rows))).backward()
        optimiser.step()
    torch.testing.assert_close(twice.weight, once.weight, atol=1e-6, rtol=0)


def test_moments_follow_their_rows_when_the_table_grows() -> None:
    grown, whole = embedding(4), embedding(9)
    with torch.no_grad():
        whole.weight[:4] = grown.weight
    ours, theirs = RowAdam([grown.weight], lr=0.1), RowAdam([whole.weight], lr=0.1)
    for table, optimiser in ((grown, ours), (whole, theirs)):
        learn(table, optimiser, [1, 3], seed=1)
    grown.weight.data = torch.cat([grown.weight.data, whole.weight.data[4:]])
    for seed, rows in ((2, [1, 8]), (3, [0, 8])):
        learn(grown, ours, rows, seed)
        learn(whole, theirs, rows, seed)
    assert torch.equal(grown.weight, whole.weight)
    for name in ("exp_avg", "exp_avg_sq"):
        assert torch.equal(ours.state[grown.weight][name], theirs.state[whole.weight][name])


def test_state_dict_resumes_bit_for_bit() -> None:
    first, resumed = embedding(), embedding()
    optimiser = RowAdam([first.weight], lr=0.1)
    learn(first, optimiser, [1, 2], seed=1)
    other = RowAdam([resumed.weight], lr=0.5)
    other.load_state_dict(copy.deepcopy(optimiser.state_dict()))  # as if it had been on disk
    with torch.no_grad():
        resumed.weight.copy_(first.weight)
    learn(first, optimiser, [2, 5], seed=2)
    learn(resumed, other, [2, 5], seed=2)
    assert torch.equal(first.weight, resumed.weight)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, more=STEPS, spare=st.integers(0, 3))
def test_moments_resume_bit_for_bit(steps: list[list[int]], more: list[list[int]], spare: int) -> None:
    """Into a table that has fewer rows to spare than the one they came from, and grows again."""
    first = embedding(9 + spare)
    optimiser = RowAdam([first.weight], lr=0.1)
    for seed, rows in enumerate(steps):
        learn(first, optimiser, rows, seed)
    resumed = nn.Embedding.from_pretrained(first.weight[:9].detach().clone(), freeze=False, sparse=True)
    other = RowAdam([resumed.weight], lr=0.1)
    other.restore_moments(resumed.weight, *optimiser.moments(first.weight))
    resumed.weight.data = torch.cat([resumed.weight.data, first.weight.data[9:]])
    for seed, rows in enumerate(more, start=100):
        learn(first, optimiser, rows, seed)
        learn(resumed, other, rows, seed)
    assert torch.equal(resumed.weight, first.weight)
    step, *moments = optimiser.moments(first.weight)
    other_step, *others = other.moments(resumed.weight)
    assert step == other_step
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(moments, others, strict=True))


def test_restored_moments_are_a_copy() -> None:
    table = embedding()
    first, other = RowAdam([table.weight], lr=0.1), RowAdam([table.weight], lr=0.1)
    learn(table, first, [1, 2], seed=1)
    before = [each.clone() for each in first.moments(table.weight)[1:]]
    other.restore_moments(table.weight, *first.moments(table.weight))
    learn(table, other, [1, 5], seed=2)
    assert all(map(torch.equal, first.moments(table.weight)[1:], before))


def test_forgotten_rows_move_as_rows_never_seen() -> None:
    forgotten, fresh = embedding(), embedding()
    ours, theirs = RowAdam([forgotten.weight], lr=0.1), RowAdam([fresh.weight], lr=0.1)
    learn(forgotten, ours, [1, 3, 4], seed=1)
    learn(fresh, theirs, [3], seed=1)
    with torch.no_grad():
        forgotten.weight.copy_(fresh.weight)
    ours.forget(forgotten.weight, torch.tensor([1, 4]))
    kept = ours.moments(forgotten.weight)[1][3].clone()
    for table, optimiser in ((forgotten, ours), (fresh, theirs)):
        learn(table, optimiser, [1, 4], seed=2)
    assert torch.equal(forgotten.weight, fresh.weight)
    assert torch.equal(ours.moments(forgotten.weight)[1][3], kept)
    assert kept.any()


def test_forgetting_before_the_first_step_changes_nothing() -> None:
    table, untouched = embedding(), embedding()
    optimiser, other = RowAdam([table.weight], lr=0.1), RowAdam([untouched.weight], lr=0.1)
    optimiser.forget(table.weight, torch.tensor([2]))
    assert optimiser.state_dict() == other.state_dict()
    learn(table, optimiser, [2], seed=1)
    optimiser.forget(table.weight, torch.zeros(0, dtype=torch.int64))
    learn(untouched, other, [2], seed=1)
    assert torch.equal(table.weight, untouched.weight)
    assert optimiser.moments(table.weight)[0] == 1


def test_a_row_that_changes_hands_starts_anew_in_a_table_that_grows() -> None:
    """A value learned on a row used again ends where it would on a row of its own."""
    results = []
    for rows_are_used_again in (True, False):
        table = FeatureTable(dim=3, std=0.25, seed=0)
        optimiser = RowAdam([table.weight], lr=0.1)
        table.reserve({"user": 2})
        for number in (1, 2):
            row = table.admit("user", torch.tensor([number]))
            for _ in range(3):
                optimiser.zero_grad()
                (table(row).sum() * number).backward()
                optimiser.step()
            if rows_are_used_again and number == 1:
                optimiser.forget(table.weight, table.release("user", torch.tensor([1])))
        results.append(table.weight[row].detach().clone())
        assert row.tolist() == [1 if rows_are_used_again else 2]
    assert torch.equal(*results)


def test_a_parameter_without_gradient_is_left_alone() -> None:
    table = embedding()
    before = table.weight.detach().clone()
    RowAdam([table.weight], lr=0.1).step()
    assert torch.equal(table.weight, before)


def test_wrong_arguments_are_refused() -> None:
    table = embedding()
    with pytest.raises(ValueError, match=r"lr is 0\.0; give a step size above 0, for example 0\.002"):
        RowAdam([table.weight], lr=0.0)
    with pytest.raises(ValueError, match=r"betas are \(0\.9, 1\.0\); give two numbers from 0 to below 1"):
        RowAdam([table.weight], lr=0.1, betas=(0.9, 1.0))
    dense = nn.Embedding(2, 2)
    dense(torch.tensor([0])).sum().backward()
    with pytest.raises(ValueError, match="dense gradient; build the embedding with sparse=True, or use Adam"):
        RowAdam([dense.weight], lr=0.1).step()
    with pytest.raises(ValueError, match=r"moments of shape \(9, 2\) for a table of \(9, 3\)"):
        RowAdam([table.weight], lr=0.1).restore_moments(table.weight, 1, torch.zeros(9, 2), torch.zeros(9, 2))
    with pytest.raises(ValueError, match=r"takes no closure; call backward\(\) first"):
        RowAdam([table.weight], lr=0.1).step(lambda: 0.0)
