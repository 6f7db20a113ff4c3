"""TWIN against plain Python, and against the clock that it is but for the time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import (
    Behaviour,
    Vector,
    as_double,
    dot,
    each_alone,
    mlp,
    project,
    random_inputs,
    softmax,
    unlike_start,
    weighed,
)

from interestclock.clocks import LongTermClock, LongTermConfig
from interestclock.sequences import Twin, TwinConfig

SMALL = {"heads": 2, "latent_dim": 3, "output_dim": 4, "gain": 0.7}


def relevance(baseline: Twin, candidate: Vector, behaviour: Behaviour, head: int) -> float:
    latent = baseline.config.latent_dim
    rows = slice(head * latent, (head + 1) * latent)
    query = project(baseline.query.weight[rows], candidate)
    key = project(baseline.key.weight[rows], behaviour.vector)
    bias = dot(baseline.gap.weight[behaviour.bucket].tolist(), baseline.beta.weight[head].tolist())
    return dot(query, key) / math.sqrt(latent) + bias


def slow(baseline: Twin, candidate: Vector, history: list[Behaviour]) -> Vector:
    heads = range(baseline.config.heads)
    scores = [sum(relevance(baseline, candidate, b, head) for head in heads) for b in history]
    best = sorted(range(len(history)), key=lambda i: -scores[i])[: baseline.config.behaviours]
    retrieved = [history[i] for i in best]
    joined = [b.vector + baseline.gap.weight[b.bucket].tolist() for b in retrieved]
    out: Vector = []
    for head in heads:
        weights = softmax([relevance(baseline, candidate, b, head) for b in retrieved])
        out += project(baseline.value[head].T, weighed(weights, joined, baseline.value.shape[1]))
    return mlp(baseline.mlp, out)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    requests=st.integers(1, 3),
    longest=st.integers(0, 9),
    candidates=st.integers(1, 4),
    behaviours=st.integers(1, 5),
)
def test_it_matches_plain_python(
    seed: int, requests: int, longest: int, candidates: int, behaviours: int
) -> None:
    torch.manual_seed(seed)
    baseline = unlike_start(Twin(item_dim=5, config=TwinConfig(behaviours=behaviours, gap_dim=2, **SMALL)))
    baseline = baseline.double()
    given = as_double(
        random_inputs(requests=requests, longest=longest, candidates=candidates, items=30, item_dim=5)
    )
    expected_BO = each_alone(given, lambda _, candidate, history: slow(baseline, candidate, history))
    torch.testing.assert_close(baseline(**given), expected_BO, atol=1e-6, rtol=1e-6)


def test_by_hand_the_search_weighs_item_and_time_passed() -> None:
    baseline = Twin(
        item_dim=1, config=TwinConfig(behaviours=1, heads=1, latent_dim=1, gap_dim=1, output_dim=1)
    )
    with torch.no_grad():
        for name, value in [("query.weight", 1.0), ("key.weight", 1.0), ("gap.weight", 0.0)]:
            baseline.get_parameter(name).fill_(value)
        baseline.beta.weight.fill_(1.0)
        baseline.gap.weight[0] = 2.5  # within the hour
        baseline.value.copy_(torch.tensor([[[1.0], [0.0]]]))
        for layer in (baseline.mlp[0], baseline.mlp[2]):
            layer.weight.fill_(1.0)
            layer.bias.fill_(0.0)
    given = {
        "request_row_B": torch.tensor([0]),
        "now_hour_M": torch.tensor([10]),
        "item_vectors_NI": torch.tensor([[4.0], [2.0]]),
        "behaviour_ML": torch.tensor([[0, 1]]),
        "present_ML": torch.ones(1, 2, dtype=torch.bool),
    }
    # 4 + 0 against 2 + 2.5: the newer wins; both long ago, the liker does
    assert baseline(torch.tensor([[1.0]]), behaviour_hour_ML=torch.tensor([[3, 10]]), **given).item() == 2.0
    assert baseline(torch.tensor([[1.0]]), behaviour_hour_ML=torch.tensor([[3, 5]]), **given).item() == 4.0


def test_without_any_time_it_is_the_long_term_clock() -> None:
    torch.manual_seed(6)
    baseline = Twin(item_dim=5, config=TwinConfig(behaviours=3, gap_dim=3, **SMALL))
    clock = LongTermClock(item_dim=5, config=LongTermConfig(behaviours=3, **SMALL))
    with torch.no_grad():
        clock.gap.second.zero_()
        for name in ("query.weight", "key.weight", "value", "mlp.0.weight", "mlp.2.weight"):
            clock.get_parameter(name).copy_(baseline.get_parameter(name))
        for name in ("mlp.0.bias", "mlp.2.bias"):
            clock.get_parameter(name).copy_(baseline.get_parameter(name))
        for module in (baseline, clock):
            module.value[:, 5:].zero_()
    given = random_inputs(requests=3, longest=12, candidates=6, items=40, item_dim=5)
    second_ML = torch.randint(0, 86_400, (3, 12))
    hours = {name: given.pop(name) for name in ("now_hour_M", "behaviour_hour_ML")}
    clocked_BO = clock(**given, second_of_day_M=torch.randint(0, 86_400, (3,)), behaviour_second_ML=second_ML)
    torch.testing.assert_close(baseline(**given, **hours), clocked_BO, atol=1e-6, rtol=0)


def test_search_and_attention_share_their_parameters() -> None:
    assert set(dict(Twin(item_dim=5, config=TwinConfig()).named_parameters())) == {
        "query.weight", "key.weight", "value", "gap.weight", "beta.weight",
        "mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias",
    }  # fmt: skip


def test_it_starts_as_the_long_term_clock_does() -> None:
    baseline = Twin(item_dim=5, config=TwinConfig(gain=2.0))
    weight_ZI = baseline.query.weight
    assert torch.equal(weight_ZI, baseline.key.weight)
    torch.testing.assert_close(weight_ZI.T @ weight_ZI, 4 * torch.eye(5), atol=1e-5, rtol=0)
    assert not baseline.beta.weight.any()


@pytest.mark.parametrize("name", ["behaviours", "longest", "heads", "latent_dim", "output_dim", "gain"])
def test_its_sizes_are_the_long_term_clocks(name: str) -> None:
    assert getattr(TwinConfig(), name) == getattr(LongTermConfig(), name)
