"""DCN-V2, Eq. 1, unit by unit."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.ranking import DCNv2


def slow_layer(layer: torch.nn.Linear, vector: list[float]) -> list[float]:
    return [
        sum(w * x for w, x in zip(row, vector, strict=True)) + bias
        for row, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    ]


def slow_dcn(network: DCNv2, start: list[float]) -> list[float]:
    crossed, deep = start, start
    for layer in network.crosses:
        mixed = slow_layer(layer, crossed)
        crossed = [x0 * m + x for x0, m, x in zip(start, mixed, crossed, strict=True)]
    for layer in network.deep:
        if isinstance(layer, torch.nn.Linear):
            deep = [max(0.0, x) for x in slow_layer(layer, deep)]
    return crossed + deep


@settings(max_examples=40, deadline=None)
@given(
    input_dim=st.integers(1, 4),
    cross_layers=st.integers(0, 3),
    hidden=st.lists(st.integers(1, 4), max_size=2),
    rows=st.integers(0, 3),
    seed=st.integers(0, 999),
)
def test_output_matches_the_slow_network(
    *, input_dim: int, cross_layers: int, hidden: list[int], rows: int, seed: int
) -> None:
    torch.manual_seed(seed)
    network = DCNv2(input_dim=input_dim, cross_layers=cross_layers, hidden=hidden)
    input_BD = torch.randn(rows, input_dim)
    out_BO = network(input_BD)
    assert out_BO.shape == (rows, network.output_dim)
    for out_O, start in zip(out_BO.tolist(), input_BD.tolist(), strict=True):
        assert out_O == pytest.approx(slow_dcn(network, start), abs=1e-6, rel=1e-5)


def test_one_cross_by_hand() -> None:
    network = DCNv2(input_dim=2, cross_layers=1, hidden=())
    with torch.no_grad():
        network.crosses[0].weight.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0]]))
        network.crosses[0].bias.copy_(torch.tensor([1.0, 0.0]))
    # x = (3, 5): W x + b = (6, 6), times x is (18, 30), plus x is (21, 35)
    assert network(torch.tensor([[3.0, 5.0]])).tolist() == [[21.0, 35.0, 3.0, 5.0]]


@pytest.mark.parametrize(
    ("input_dim", "cross_layers", "hidden"), [(0, 1, (4,)), (3, -1, (4,)), (3, 1, (4, 0))]
)
def test_wrong_sizes_are_refused(input_dim: int, cross_layers: int, hidden: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="give widths of 1 or more, and 0 crosses or more"):
        DCNv2(input_dim=input_dim, cross_layers=cross_layers, hidden=hidden)
