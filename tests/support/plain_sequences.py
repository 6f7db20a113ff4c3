"""Baselines' arithmetic in plain Python, and random padded histories to try them on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Vector = list[float]


def project(matrix: Tensor, vector: Vector) -> Vector:
    return [dot(row, vector) for row in matrix.tolist()]


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def weighed(weights: Vector, vectors: list[Vector], width: int) -> Vector:
    return [sum(w * v[i] for w, v in zip(weights, vectors, strict=True)) for i in range(width)]


def softmax(scores: Vector) -> Vector:
    exponentials = [math.exp(score - max(scores)) for score in scores]
    return [each / sum(exponentials) for each in exponentials]


def linear(layer: nn.Linear, vector: Vector) -> Vector:
    return [x + b for x, b in zip(project(layer.weight, vector), layer.bias.tolist(), strict=True)]


def mlp(layers: nn.Sequential, vector: Vector) -> Vector:
    first, _, second = layers
    return linear(second, [max(0.0, x) for x in linear(first, vector)])


def gap_bucket(gap_hours: int) -> int:
    return (min(gap_hours, 2**14 - 1) + 1).bit_length() - 1


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One past behaviour as plain numbers."""

    item: int
    vector: Vector
    bucket: int


def random_inputs(
    *, requests: int, longest: int, candidates: int, items: int, item_dim: int, timed: bool = True
) -> dict[str, Tensor]:
    """Random histories of different lengths, oldest first, some empty, padded on the right."""
    length_M = torch.randint(0, longest + 1, (requests,))
    given = {
        "candidate_BI": torch.randn(candidates, item_dim),
        "request_row_B": torch.randint(0, requests, (candidates,)),
        "item_vectors_NI": torch.randn(items, item_dim),
        "behaviour_ML": torch.randint(0, items, (requests, longest)),
        "present_ML": torch.arange(longest) < length_M.unsqueeze(1),
    }
    if timed:
        ago_ML = (10 * torch.rand(requests, longest)).exp().long().sort(descending=True).values
        given["now_hour_M"] = torch.randint(480_000, 490_000, (requests,))
        given["behaviour_hour_ML"] = given["now_hour_M"].unsqueeze(1) - ago_ML
    return given


def as_double(given: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: v.double() if v.is_floating_point() else v for name, v in given.items()}


def history_of(given: dict[str, Tensor], request: int) -> list[Behaviour]:
    """What a request looks back on, oldest first."""
    hours = given.get("behaviour_hour_ML", torch.zeros_like(given["behaviour_ML"]))[request].tolist()
    now = int(given["now_hour_M"][request]) if "now_hour_M" in given else 0
    return [
        Behaviour(item=item, vector=given["item_vectors_NI"][item].tolist(), bucket=gap_bucket(now - hour))
        for item, hour, present in zip(
            given["behaviour_ML"][request].tolist(), hours, given["present_ML"][request].tolist(), strict=True
        )
        if present
    ]


def each_alone(given: dict[str, Tensor], forward: Callable[[int, Vector, list[Behaviour]], Vector]) -> Tensor:
    """``forward`` of each candidate's row, vector and history."""
    rows = enumerate(zip(given["candidate_BI"].tolist(), given["request_row_B"].tolist(), strict=True))
    out = [forward(row, candidate, history_of(given, request)) for row, (candidate, request) in rows]
    return torch.tensor(out, dtype=torch.float64)


@torch.no_grad()
def unlike_start(module: nn.Module) -> nn.Module:
    """As after training: projections no longer equal, nothing at zero."""
    for parameter in module.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def slow_target_attention(attention: nn.Module, candidate: Vector, retrieved: list[Behaviour]) -> Vector:
    """SIM's exact search unit, head by head."""
    heads, latent, width = attention.sizes.heads, attention.sizes.latent_dim, attention.key.in_features
    joined = [b.vector + attention.gap.weight[b.bucket].tolist() for b in retrieved]
    out: Vector = []
    for head in range(heads):
        rows = slice(head * latent, (head + 1) * latent)
        query = project(attention.query.weight[rows], candidate)
        keys = [project(attention.key.weight[rows], z) for z in joined]
        weights = softmax([dot(query, key) / math.sqrt(latent) for key in keys])
        out += weighed(weights, joined, width)
    return mlp(attention.mlp, out)
