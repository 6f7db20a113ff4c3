"""How near in the day two moments are, as a network sees it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from interestclock.errors import check_size
from interestclock.timeofday import DAY_SECONDS

__all__ = ["GAP_FEATURES", "TimeGap", "gap_features"]

# Shapes: X any, F gap features, Q heads, G hidden units a head, Z = Q x G.

GAP_FEATURES = 3
_AT_ONCE = 2_048


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
        hidden_XZ = torch.relu(self.first(feature_XF))
        # The heads' second layers side by side, zeros between them: one product for all.
        apart_QQ = torch.eye(self.heads, dtype=self.second.dtype, device=self.second.device)
        second_ZQ = (self.second.unsqueeze(2) * apart_QQ.unsqueeze(1)).reshape(-1, self.heads)
        score_XQ: Tensor = hidden_XZ @ second_ZQ
        return score_XQ

    def summed(self, feature_XF: Tensor) -> Tensor:
        """The scores of all heads added up, float32 (...,): what a search in which all heads join adds."""
        second_Z = self.second.flatten()
        rows_XF = feature_XF.reshape(-1, feature_XF.shape[-1])
        # Row by row the same; a few at a time, what is hidden stays in the cache.
        parts = [torch.relu(self.first(part)) @ second_Z for part in torch.split(rows_XF, _AT_ONCE)]
        return torch.cat(parts).reshape(feature_XF.shape[:-1])
