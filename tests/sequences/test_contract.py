"""What every baseline promises, checked on each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from plain_sequences import random_inputs, unlike_start
from torch import Tensor, nn
from torch.nn import functional

from interestclock.sequences import (
    DeepInterest,
    DinConfig,
    SimHard,
    SimHardConfig,
    SimSoft,
    SimSoftConfig,
    Twin,
    TwinConfig,
)

SHARED = ("item_vectors_NI", "category_N")  # inputs that stand beside the batch, not in its rows
SIZES = {"behaviours": 4, "heads": 2, "latent_dim": 3, "gap_dim": 2, "output_dim": 4, "gain": 0.7}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A baseline, and what it is fed for B candidates in M requests."""

    build: Callable[[], nn.Module]
    inputs: Callable[..., dict[str, Tensor]]


def with_categories(**sizes: int) -> dict[str, Tensor]:
    given = random_inputs(items=7, item_dim=5, **sizes)
    given["category_N"] = torch.randint(0, 3, (7,))
    given["candidate_category_B"] = torch.randint(0, 3, (sizes["candidates"],))
    return given


TIMED = partial(random_inputs, items=7, item_dim=5)
CASES = {
    "din": Case(
        build=lambda: DeepInterest(item_dim=5, config=DinConfig(hidden=3)),
        inputs=partial(TIMED, timed=False),
    ),
    "sim-hard": Case(
        build=lambda: SimHard(item_dim=5, config=SimHardConfig(**SIZES)), inputs=with_categories
    ),
    "sim-soft": Case(build=lambda: SimSoft(item_dim=5, config=SimSoftConfig(**SIZES)), inputs=TIMED),
    "twin": Case(build=lambda: Twin(item_dim=5, config=TwinConfig(**SIZES)), inputs=TIMED),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    torch.manual_seed(3)
    return CASES[request.param]


def rows(given: dict[str, Tensor], index: Tensor) -> dict[str, Tensor]:
    """The same candidates alone; the requests stay."""
    return {name: value[index] if name.endswith(("_B", "_BI")) else value for name, value in given.items()}


@pytest.mark.parametrize("candidates", [0, 1, 8])
def test_output_is_float32_of_the_width_known_at_construction(case: Case, candidates: int) -> None:
    baseline = case.build()
    out_BO = baseline(**case.inputs(requests=3, longest=9, candidates=candidates))
    assert out_BO.shape == (candidates, baseline.output_dim)
    assert out_BO.dtype == torch.float32
    assert out_BO.isfinite().all()


def test_gradients_flow_to_parameters_and_embeddings(case: Case) -> None:
    baseline, given = unlike_start(case.build()), case.inputs(requests=6, longest=40, candidates=30)
    for name in ("candidate_BI", "item_vectors_NI"):
        given[name].requires_grad_()
    baseline(**given).square().sum().backward()
    for tensor in [*baseline.parameters(), given["candidate_BI"], given["item_vectors_NI"]]:
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize("columns", [3, 0])
def test_an_empty_history_gives_a_constant_and_finite_gradients(case: Case, columns: int) -> None:
    baseline, given = unlike_start(case.build()), case.inputs(requests=2, longest=columns, candidates=4)
    given["present_ML"].fill_(False)
    out_BO = baseline(**given)
    torch.testing.assert_close(out_BO, out_BO[:1].expand(4, -1))
    out_BO.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in baseline.parameters())


def test_empty_batch_can_be_learned_from(case: Case) -> None:
    baseline = case.build()
    baseline(**case.inputs(requests=2, longest=9, candidates=0)).sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in baseline.parameters())


def test_padding_changes_nothing(case: Case) -> None:
    baseline, given = unlike_start(case.build()), case.inputs(requests=3, longest=9, candidates=8)
    padded = {n: functional.pad(v, (0, 6)) if n.endswith("_ML") else v for n, v in given.items()}
    torch.testing.assert_close(baseline(**padded), baseline(**given), atol=1e-6, rtol=0)


def test_a_candidate_does_not_see_the_rest_of_the_batch(case: Case) -> None:
    baseline, given = unlike_start(case.build()), case.inputs(requests=3, longest=9, candidates=8)
    together_BO = baseline(**given)
    alone_BO = torch.cat([baseline(**rows(given, torch.tensor([row]))) for row in range(8)])
    torch.testing.assert_close(alone_BO, together_BO, atol=1e-6, rtol=0)


def test_the_same_input_gives_the_same_bits_and_is_left_as_it_was(case: Case) -> None:
    baseline, given = case.build(), case.inputs(requests=3, longest=9, candidates=8)
    before = {name: value.clone() for name, value in given.items()}
    assert torch.equal(baseline(**given), baseline(**given))
    assert all(torch.equal(before[name], given[name]) for name in given)


def test_state_dict_makes_another_the_same(case: Case) -> None:
    baseline, other = case.build(), case.build()
    given = case.inputs(requests=3, longest=9, candidates=8)
    other.load_state_dict(baseline.state_dict())
    assert torch.equal(baseline(**given), other(**given))


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("candidate_BI", torch.zeros(4, 6), r"candidate_BI has shape \(4, 6\); give \(candidates, 5\)"),
        ("request_row_B", torch.tensor([0]), r"request_row_B has shape \(1,\); give \(4,\)"),
        ("now_hour_M", torch.tensor([0]), r"now_hour_M has shape \(1,\); give \(2,\)"),
        ("behaviour_hour_ML", torch.zeros(2, 4), r"behaviour_hour_ML has shape \(2, 4\), behaviour_ML \(2"),
        ("present_ML", torch.ones(2, 3), r"present_ML has type torch\.float32; give bool"),
        ("present_ML", torch.ones(2, 4), r"present_ML has shape \(2, 4\), behaviour_ML \(2, 3\)"),
        ("category_N", torch.zeros(6), r"category_N has shape \(6,\); give \(7,\), one category for each"),
        ("candidate_category_B", torch.zeros(6), r"candidate_category_B has shape \(6,\); give \(4,\)"),
    ],
)
def test_wrong_shapes_are_refused(case: Case, name: str, wrong: Tensor, message: str) -> None:
    baseline, given = case.build(), case.inputs(requests=2, longest=3, candidates=4)
    if name not in given:
        pytest.skip(f"is not given {name}")
    with pytest.raises(ValueError, match=message):
        baseline(**given | {name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        (
            "request_row_B",
            torch.full((4,), 2),
            "request_row_B holds 2; give whole numbers from 0 on, below 2",
        ),
        (
            "behaviour_ML",
            torch.full((2, 3), 50_000_000),
            "behaviour_ML holds 50000000; give whole numbers from",
        ),
        (
            "behaviour_ML",
            torch.full((2, 3), -5),
            "behaviour_ML holds -5; give whole numbers from 0 on, below 7",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(case: Case, name: str, wrong: Tensor, message: str) -> None:
    given = case.inputs(requests=2, longest=3, candidates=4)
    given["present_ML"] = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match=message):
        case.build()(**given | {name: wrong})


@pytest.mark.parametrize("size", ["behaviours", "longest", "heads", "latent_dim", "gap_dim", "output_dim"])
@pytest.mark.parametrize("config", [SimHardConfig, SimSoftConfig, TwinConfig])
def test_sizes_below_one_are_refused(config: type, size: str) -> None:
    with pytest.raises(ValueError, match=f"{size} is 0; give 1 or more"):
        config(**{size: 0})
    with pytest.raises(ValueError, match=r"gain is 0\.0; give a number above 0, for example 2\.0"):
        config(gain=0.0)


@pytest.mark.parametrize("size", ["behaviours", "hidden"])
def test_sizes_of_din_below_one_are_refused(size: str) -> None:
    with pytest.raises(ValueError, match=f"{size} is 0; give 1 or more"):
        DinConfig(**{size: 0})


@pytest.mark.parametrize(
    ("baseline", "config"),
    [
        (DeepInterest, DinConfig()),
        (SimHard, SimHardConfig()),
        (SimSoft, SimSoftConfig()),
        (Twin, TwinConfig()),
    ],
)
def test_an_item_without_width_is_refused(baseline: type, config: object) -> None:
    with pytest.raises(ValueError, match="item_dim is 0; give 1 or more"):
        baseline(item_dim=0, config=config)
