"""What every clock promises, checked on each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from interestclock.clocks import (
    AdaptiveClock,
    GaussianClock,
    LongTermClock,
    LongTermConfig,
    NaiveClock,
    TimeEncoding,
)

SHARED = ("item_vectors_NI",)  # inputs that stand beside the batch, not in its rows


@dataclass(frozen=True, kw_only=True)
class Case:
    """A clock, what it is fed for B requests, and the input through which gradients reach the embeddings."""

    build: Callable[[], nn.Module]
    inputs: Callable[[int], dict[str, Tensor]]
    embedded: str | None


def times(requests: int) -> dict[str, Tensor]:
    return {"second_of_day_B": torch.randint(0, 86_400, (requests,))}


def interests(requests: int) -> dict[str, Tensor]:
    return {"clock_BHD": torch.randn(requests, 24, 6)}


def long_history(requests: int) -> dict[str, Tensor]:
    present_ML = torch.arange(9) < torch.randint(0, 10, (requests, 1))
    return {
        "candidate_BI": torch.randn(requests, 5),
        "second_of_day_M": torch.randint(0, 86_400, (requests,)),
        "request_row_B": torch.arange(requests),
        "item_vectors_NI": torch.randn(7, 5),
        "behaviour_ML": torch.randint(0, 7, (requests, 9)),
        "behaviour_second_ML": torch.randint(0, 86_400, (requests, 9)),
        "present_ML": present_ML,
    }


CASES = {
    "time_encoding": Case(
        build=lambda: TimeEncoding(dim=6),
        inputs=lambda requests: times(requests) | {"day_of_week_B": torch.randint(0, 7, (requests,))},
        embedded=None,
    ),
    "naive": Case(
        build=lambda: NaiveClock(dim=6),
        inputs=lambda requests: interests(requests) | times(requests),
        embedded="clock_BHD",
    ),
    "adaptive": Case(build=lambda: AdaptiveClock(buckets=24, dim=6), inputs=interests, embedded="clock_BHD"),
    "adaptive_narrowed": Case(
        build=lambda: AdaptiveClock(buckets=24, dim=6, hour_dim=2), inputs=interests, embedded="clock_BHD"
    ),
    "gaussian": Case(
        build=lambda: GaussianClock(dim=6),
        inputs=lambda requests: interests(requests) | times(requests),
        embedded="clock_BHD",
    ),
    "long_term": Case(
        build=lambda: LongTermClock(
            item_dim=5, config=LongTermConfig(behaviours=4, latent_dim=3, output_dim=7)
        ),
        inputs=long_history,
        embedded="candidate_BI",
    ),
}


@pytest.fixture(params=CASES, autouse=True)
def case(request: pytest.FixtureRequest) -> Case:
    torch.manual_seed(3)
    return CASES[request.param]


def rows(inputs: dict[str, Tensor], index: Tensor) -> dict[str, Tensor]:
    """The same requests alone, each still its own request."""
    taken = {name: value if name in SHARED else value[index] for name, value in inputs.items()}
    if "request_row_B" in taken:
        taken["request_row_B"] = torch.arange(len(index))
    return taken


@pytest.mark.parametrize("requests", [0, 1, 8])
def test_output_is_float32_of_the_width_known_at_construction(case: Case, requests: int) -> None:
    clock = case.build()
    out_BD = clock(**case.inputs(requests))
    assert out_BD.shape == (requests, clock.output_dim)
    assert out_BD.dtype == torch.float32
    assert out_BD.isfinite().all()


def test_gradients_flow_to_parameters_and_embeddings(case: Case) -> None:
    clock, inputs = case.build(), case.inputs(8)
    if case.embedded:
        inputs[case.embedded].requires_grad_()
    clock(**inputs).square().sum().backward()
    reached = list(clock.parameters()) + ([inputs[case.embedded]] if case.embedded else [])
    for tensor in reached:
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


def test_empty_batch_can_be_learned_from(case: Case) -> None:
    clock = case.build()
    out_BD = clock(**case.inputs(0))
    if out_BD.requires_grad:
        out_BD.sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in clock.parameters())


def test_the_same_input_gives_the_same_bits(case: Case) -> None:
    clock, inputs = case.build(), case.inputs(8)
    first_BD = clock(**inputs)
    assert torch.equal(first_BD, clock(**inputs))
    with torch.no_grad():
        without_graph_BD = clock(**inputs)
    assert torch.equal(first_BD, without_graph_BD)
    assert not without_graph_BD.requires_grad


def test_input_is_left_as_it_was(case: Case) -> None:
    inputs = case.inputs(8)
    before = {name: value.clone() for name, value in inputs.items()}
    case.build()(**inputs)
    assert all(torch.equal(before[name], inputs[name]) for name in inputs)


def test_state_dict_makes_another_clock_the_same(case: Case) -> None:
    clock, other, inputs = case.build(), case.build(), case.inputs(8)
    other.load_state_dict(clock.state_dict())
    assert torch.equal(clock(**inputs), other(**inputs))


def test_a_request_does_not_see_the_rest_of_the_batch(case: Case) -> None:
    clock, inputs = case.build(), case.inputs(8)
    order = torch.tensor([5, 2, 7])
    torch.testing.assert_close(clock(**rows(inputs, order)), clock(**inputs)[order], atol=1e-6, rtol=0)
    alone_BD = torch.cat([clock(**rows(inputs, torch.tensor([row]))) for row in range(8)])
    torch.testing.assert_close(alone_BD, clock(**inputs), atol=1e-6, rtol=0)
