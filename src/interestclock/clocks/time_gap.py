"""How near in the day two moments are, as a network sees it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from interestclock.clocks.head_networks import head_networks
from interestclock.errors import check_size
from interestclock.timeofday import DAY_SECONDS

__all__ = ["GAP_FEATURES", "TimeGap", "gap_features"]

# Shapes: X any, F gap features, Q heads, G hidden units a head, Z = Q x G.

GAP_FEATURES = 3


def gap_features(gap_seconds_X: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
    r"""Three views of a circular gap, from 0 (now) to 1 (twelve hours away).

    .. math:: x = \delta / 43200, \quad f(\delta) = [x, \sqrt{x}, e^{-\delta / 3600}]

    The square root and the decay tell minutes from hours, which the plain gap barely does. (The
    decay runs from 1 to about 0.)

    Args:
        gap_seconds_X: seconds, 0..43200, any shape and number type.

    Returns:
        ``dtype`` (..., 3).

    Example:
        >>> [round(x, 3) for x in gap_features(torch.tensor(3600)).tolist()]
        [0.083, 0.289, 0.368]
    """
    wide = torch.float64 if dtype == torch.float64 else torch.float32  # half precision knows no seconds
    gap_X = gap_seconds_X.to(wide)
    share_X = gap_X / (DAY_SECONDS / 2)
    return torch.stack([share_X, share_X.sqrt(), torch.exp(-gap_X / 3600)], dim=-1).to(dtype)


class TimeGap(nn.Module):
    r"""Score a gap in time of day, or what else is known of two moments, one two-layer network per head.

    .. math:: g_a(\delta) = u_a^\top \mathrm{relu}(W_a f(\delta) + c_a)

    A bias outside would add the same to every behaviour: neither the search nor softmax would see it.

    Source: Long-term Interest Clock, WWW 2025, g of Eq. (2), "a two-layer neural network". Its
    width, activation and the scaling of the gap are not given there.

    Args:
        heads: Q, networks side by side. hidden: G, units in each. features: F, what they are given.

    Raises:
        ValueError: a size is below 1.

    Example:
        >>> g = TimeGap(heads=4, hidden=8)
        >>> g(gap_features(torch.zeros(2, 5))).shape
        torch.Size([2, 5, 4])
    """

    def __init__(self, *, heads: int, hidden: int, features: int = GAP_FEATURES) -> None:
        super().__init__()
        check_size("heads", heads)
        check_size("hidden", hidden)
        self.heads, self.hidden = heads, hidden
        self.first = nn.Linear(features, heads * hidden)
        self.second = nn.Parameter(torch.randn(heads, hidden) / hidden**0.5)

    def forward(self, feature_XF: Tensor) -> Tensor:
        """Features, float32 (..., F) -> score per head, float32 (..., Q)."""
        return self._scores(feature_XF, self.second)

    def summed(self, feature_XF: Tensor) -> Tensor:
        """The scores of all heads added up, float32 (...,): what a search in which all heads join adds."""
        return self._scores(feature_XF, self.second.view(1, -1)).squeeze(-1)  # one head, of all units

    def _scores(self, feature_XF: Tensor, second_QG: Tensor) -> Tensor:
        rows_XF = feature_XF.reshape(-1, feature_XF.shape[-1])
        score_QX = head_networks(rows_XF, self.first.weight, self.first.bias, second_QG)
        return score_QX.view(len(second_QG), *feature_XF.shape[:-1]).movedim(0, -1)
