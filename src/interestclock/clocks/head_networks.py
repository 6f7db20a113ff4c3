"""Small two-layer networks, one for each head, over many rows: compiled, and their gradients with them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from interestclock.compiled import compiled

__all__ = ["head_networks"]

# Shapes: X rows, F features, Q heads, G hidden units a head, Z = Q x G, R rows of a tile.

Floats = npt.NDArray[np.float32]
_TILE = 256  # rows at a time: what is hidden of them stays in the innermost cache, and rows fill its lanes
_AT_ONCE = 3  # features that are added in one pass; what they lack to a multiple of it is filled with zeros
_ZERO = np.float32(0)
_SUMS = {"reassoc", "contract", "nsz"}


class _Weights(NamedTuple):
    weight_ZF: Floats
    bias_Z: Floats
    second_QG: Floats


def head_networks(feature_XF: Tensor, weight_ZF: Tensor, bias_Z: Tensor, second_QG: Tensor) -> Tensor:
    r"""The score of every row by every head's network.

    .. math:: s_q = \sum_g u_{qg} \, \mathrm{relu}(w_{qg} \cdot x + c_{qg})

    Nothing is kept for the gradients but the features: to make 8 hidden numbers of 3 again costs less than to
    read them. Gradients flow to the three weights, once; compiled on the CPU, plain PyTorch elsewhere, of
    other types than float32, and where the features have a gradient of their own.

    Args:
        feature_XF: of every row. weight_ZF, bias_Z: the first layers, one head's units after another's.
        second_QG: the second layers.

    Returns:
        (Q, X), each head's together, in the type of the features.

    Example:
        >>> head_networks(
        ...     torch.tensor([[2.0], [-2.0]]), torch.ones(2, 1), torch.zeros(2), torch.tensor([[3.0], [5.0]]))
        tensor([[ 6.,  0.],
                [10.,  0.]])
    """
    plain = feature_XF.device.type != "cpu" or feature_XF.dtype != torch.float32 or feature_XF.requires_grad
    if plain or any(each.dtype != torch.float32 for each in (weight_ZF, bias_Z, second_QG)):
        heads, hidden = second_QG.shape
        hidden_XZ = torch.relu(feature_XF @ weight_ZF.T + bias_Z)
        return torch.einsum("xqg,qg->qx", hidden_XZ.view(-1, heads, hidden), second_QG)
    scores: Tensor = _HeadNetworks.apply(feature_XF, weight_ZF, bias_Z, second_QG)  # type: ignore[no-untyped-call]
    return scores


class _HeadNetworks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, feature_XF: Tensor, weight_ZF: Tensor, bias_Z: Tensor, second_QG: Tensor) -> Tensor:
        ctx.save_for_backward(feature_XF, weight_ZF, bias_Z, second_QG)
        score_QX = feature_XF.new_empty(len(second_QG), len(feature_XF))
        _score(_arrays(feature_XF), _weights(weight_ZF, bias_Z, second_QG), score_QX.numpy())
        return score_QX

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, towards_QX: Tensor) -> tuple[Tensor | None, ...]:
        feature_XF, *weights = ctx.saved_tensors
        given = _weights(*weights)
        gradients = _Weights(*(np.zeros_like(each) for each in given))
        _learn(_arrays(feature_XF), given, _arrays(towards_QX), gradients)
        by_weight_ZF, by_bias_Z, by_second_QG = (torch.from_numpy(each) for each in gradients)
        return None, by_weight_ZF[:, : feature_XF.shape[1]], by_bias_Z, by_second_QG


def _arrays(tensor: Tensor) -> Floats:
    floats: Floats = tensor.detach().contiguous().numpy()
    return floats


def _weights(weight_ZF: Tensor, bias_Z: Tensor, second_QG: Tensor) -> _Weights:
    filled_ZF = functional.pad(weight_ZF.detach(), (0, -weight_ZF.shape[1] % _AT_ONCE))
    return _Weights(_arrays(filled_ZF), _arrays(bias_Z), _arrays(second_QG))


# Small loops are written into those that call them: compiled by themselves, what a process has just compiled
# and what it reads back from disk round otherwise.


@compiled(inline="always")
def _turn(feature_XF: Floats, first: int, feature_FR: Floats) -> int:
    """A tile of features, each feature's together; what lies beyond the last is 0. Gives how many rows."""
    rows: int = min(_TILE, feature_XF.shape[0] - first)
    feature_FR[:] = 0
    for row in range(rows):
        for feature in range(feature_XF.shape[1]):
            feature_FR[feature, row] = feature_XF[first + row, feature]
    return rows


@compiled(inline="always")
def _relu(hidden: np.float32) -> np.float32:
    return _ZERO if hidden < _ZERO else hidden  # NaN stays


@compiled(fastmath=_SUMS, inline="always")
def _hide(feature_FR: Floats, weights: _Weights, place: int, hidden_R: Floats) -> None:
    """What one unit makes of a tile, before its relu."""
    bias, weight_ZF = weights.bias_Z[place], weights.weight_ZF
    one, two, three = weight_ZF[place, 0], weight_ZF[place, 1], weight_ZF[place, 2]
    for row in range(_TILE):
        hidden_R[row] = bias + (
            one * feature_FR[0, row] + two * feature_FR[1, row] + three * feature_FR[2, row]
        )
    for feature in range(_AT_ONCE, feature_FR.shape[0], _AT_ONCE):
        one, two = weight_ZF[place, feature], weight_ZF[place, feature + 1]
        three = weight_ZF[place, feature + 2]
        for row in range(_TILE):
            hidden_R[row] += (
                one * feature_FR[feature, row]
                + two * feature_FR[feature + 1, row]
                + three * feature_FR[feature + 2, row]
            )


@compiled(fastmath=_SUMS)
def _score(feature_XF: Floats, weights: _Weights, score_QX: Floats) -> None:
    heads, hidden = weights.second_QG.shape
    feature_FR = np.empty((weights.weight_ZF.shape[1], _TILE), np.float32)
    hidden_R, score_R = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    for first in range(0, feature_XF.shape[0], _TILE):
        rows = _turn(feature_XF, first, feature_FR)
        for head in range(heads):
            score_R[:] = 0
            for unit in range(hidden):
                _hide(feature_FR, weights, head * hidden + unit, hidden_R)
                second = weights.second_QG[head, unit]
                for row in range(_TILE):
                    score_R[row] += second * _relu(hidden_R[row])
            for row in range(rows):
                score_QX[head, first + row] = score_R[row]


@compiled(fastmath=_SUMS)
def _learn(feature_XF: Floats, weights: _Weights, towards_QX: Floats, gradients: _Weights) -> None:
    """Add up the gradients of all weights; rows beyond the last have none."""
    heads, hidden = weights.second_QG.shape
    feature_FR = np.empty((weights.weight_ZF.shape[1], _TILE), np.float32)
    hidden_R, towards_R = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    for first in range(0, feature_XF.shape[0], _TILE):
        rows = _turn(feature_XF, first, feature_FR)
        for head in range(heads):
            towards_R[:] = 0
            for row in range(rows):
                towards_R[row] = towards_QX[head, first + row]
            for unit in range(hidden):
                place, second = head * hidden + unit, weights.second_QG[head, unit]
                _hide(feature_FR, weights, place, hidden_R)
                by_second, by_bias = _through(towards_R, second, hidden_R)
                gradients.second_QG[head, unit] += by_second
                gradients.bias_Z[place] += by_bias
                _add_products(feature_FR, hidden_R, place, gradients.weight_ZF)


@compiled(fastmath=_SUMS, inline="always")
def _through(towards_R: Floats, second: np.float32, hidden_R: Floats) -> tuple[np.float32, np.float32]:
    """The gradient before the unit's relu, in the place of what was there; of its second weight, its bias."""
    by_second, by_bias = _ZERO, _ZERO
    for row in range(_TILE):
        by_second += towards_R[row] * _relu(hidden_R[row])
        hidden_R[row] = towards_R[row] * second if hidden_R[row] > 0 else _ZERO
        by_bias += hidden_R[row]
    return by_second, by_bias


@compiled(fastmath=_SUMS, inline="always")
def _add_products(feature_FR: Floats, towards_R: Floats, place: int, gradient_ZF: Floats) -> None:
    for feature in range(feature_FR.shape[0]):
        by_weight = _ZERO
        for row in range(_TILE):
            by_weight += feature_FR[feature, row] * towards_R[row]
        gradient_ZF[place, feature] += by_weight
