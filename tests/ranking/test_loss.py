"""The multi-task loss: missing labels cost nothing, tasks add up."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.ranking import multi_task_loss


def slow_loss(logits: dict[str, list[float]], labels: dict[str, list[int]]) -> float:
    total = 0.0
    for task, logit_B in logits.items():
        costs = []
        for logit, label in zip(logit_B, labels[task], strict=True):
            chance = 1 / (1 + math.exp(-logit))
            if label == 1:
                costs.append(-math.log(chance))
            elif label == 0:
                costs.append(-math.log(1 - chance))
        total += sum(costs) / len(costs) if costs else 0.0
    return total


LABELLED = st.lists(st.tuples(st.floats(-4, 4), st.sampled_from([-1, 0, 1])), max_size=6)


@settings(max_examples=60, deadline=None)
@given(finish=LABELLED, like=LABELLED)
def test_loss_matches_the_slow_sum(finish: list[tuple[float, int]], like: list[tuple[float, int]]) -> None:
    columns = {"finish": finish, "like": like}
    logits = {task: [logit for logit, _ in rows] for task, rows in columns.items()}
    labels = {task: [label for _, label in rows] for task, rows in columns.items()}
    loss = multi_task_loss(
        {task: torch.tensor(values) for task, values in logits.items()},
        {task: torch.tensor(values, dtype=torch.int8) for task, values in labels.items()},
    )
    assert loss.item() == pytest.approx(slow_loss(logits, labels), abs=1e-6, rel=1e-5)


def test_by_hand() -> None:
    logits = {"finish": torch.tensor([0.0, math.log(3), 9.0]), "like": torch.tensor([0.0, 0.0, 0.0])}
    labels = {
        "finish": torch.tensor([1, 0, -1], dtype=torch.int8),
        "like": torch.tensor([-1, -1, 1], dtype=torch.int8),
    }
    expected = (math.log(2) + math.log(4)) / 2 + math.log(2)
    assert multi_task_loss(logits, labels).item() == pytest.approx(expected, abs=1e-6)


def test_a_missing_label_gives_no_gradient() -> None:
    logit_B = torch.tensor([2.0, -1.0], requires_grad=True)
    multi_task_loss({"finish": logit_B}, {"finish": torch.tensor([-1, 1], dtype=torch.int8)}).backward()
    assert logit_B.grad is not None
    assert logit_B.grad[0] == 0
    assert logit_B.grad[1] == pytest.approx(torch.sigmoid(torch.tensor(-1.0)).item() - 1, abs=1e-6)


def test_no_label_at_all_costs_nothing() -> None:
    logit_B = torch.zeros(2, requires_grad=True)
    loss = multi_task_loss({"finish": logit_B}, {"finish": torch.tensor([-1, -1], dtype=torch.int8)})
    loss.backward()
    assert loss.item() == 0
    assert not logit_B.grad.any()
