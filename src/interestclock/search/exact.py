"""The best K of a long history for every candidate, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Found", "search_histories"]

# Shapes: B candidates, M moments (a user at a time), L behaviours, K kept, N distinct items, E projection.


@dataclass(frozen=True, kw_only=True)
class Found:
    """The behaviours kept for each candidate, best first.

    K is what was asked for, or L where histories are shorter.

    Args:
        position_BK: int64, place of each in its history, 0..L-1.
        present_BK: bool, false on padding; its places mean nothing.

    Example:
        >>> found = Found(position_BK=torch.tensor([[2, 0]]), present_BK=torch.tensor([[True, False]]))
        >>> item_BL = torch.tensor([[7, 8, 9]])                # one candidate's history
        >>> item_BL.gather(1, found.position_BK)[found.present_BK].tolist()
        [9]
    """

    position_BK: Tensor
    present_BK: Tensor


@torch.no_grad()
def search_histories(
    *,
    query_BE: Tensor,
    key_NE: Tensor,
    item_ML: Tensor,
    time_score_ML: Tensor,
    present_ML: Tensor,
    moment_of_B: Tensor,
    most: int,
) -> Found:
    r"""Keep the ``most`` behaviours of highest relevance for each candidate, exactly.

    .. math:: r_i = q \cdot k_i + g_i

    Items' keys come once per distinct item, and the product with them once per candidate; what a
    history adds is a gather of numbers, never an (L, E) block of vectors. No gradient flows: it is
    for the caller to attend over what was found.

    Source: the search unit of TWIN (Chang et al., KDD 2023) and Clock-GSU (Long-term Interest
    Clock, WWW 2025, section 3.2), whose heads search together: their projections stand side by
    side in E and their time parts are summed before they come here.

    Args:
        query_BE: float32, candidates' projections. key_NE: float32, distinct items' projections.
        item_ML: int64 row of each behaviour's item in ``key_NE``.
        time_score_ML: float32, what a behaviour's time adds at this moment.
        present_ML: bool, false on padding, which is never found before a behaviour.
        moment_of_B: int64, the moment (row of the M) each candidate belongs to.
        most: K; where a history is shorter, all of it is found. Of equal scores at the edge any may stay.

    Returns:
        What was found, best first.

    Raises:
        ValueError: ``most`` is below 1.

    Example:
        >>> found = search_histories(
        ...     query_BE=torch.tensor([[1.0]]), key_NE=torch.tensor([[0.0], [2.0], [1.0]]),
        ...     item_ML=torch.tensor([[0, 1, 2, 1]]), time_score_ML=torch.tensor([[0.0, 0.0, 3.0, 9.0]]),
        ...     present_ML=torch.tensor([[True, True, True, False]]), moment_of_B=torch.tensor([0]), most=2)
        >>> found.position_BK.tolist(), found.present_BK.tolist()
        ([[2, 1]], [[True, True]])
    """
    if most < 1:
        raise ValueError(f"most is {most}; give 1 or more behaviours to keep")
    product_BN = query_BE @ key_NE.T
    score_BL = product_BN.gather(1, item_ML[moment_of_B])
    score_BL += time_score_ML.masked_fill(~present_ML, -torch.inf)[moment_of_B]
    score_BK, position_BK = score_BL.topk(min(most, score_BL.shape[1]), dim=1)
    return Found(position_BK=position_BK, present_BK=score_BK > -torch.inf)
