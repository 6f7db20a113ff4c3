"""What a search retrieves."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Retrieved", "hit_rate"]

# Shapes: B candidates, K kept.


@dataclass(frozen=True, kw_only=True)
class Retrieved:
    """The behaviours retrieved for each candidate: greatest score first, of equal ones the earlier one.

    K is what was asked for, or the longest history where that is shorter.

    Args:
        offset_BK: int64, where each behaviour stands; 0 on padding.
        score_BK: float32, −inf on padding. present_BK: bool, false on padding.

    Example:
        >>> import torch
        >>> retrieved = Retrieved(
        ...     offset_BK=torch.tensor([[2, 0]]), score_BK=torch.tensor([[1.5, -torch.inf]]),
        ...     present_BK=torch.tensor([[True, False]]))
        >>> item_E = torch.tensor([7, 8, 9])
        >>> item_E[retrieved.offset_BK][retrieved.present_BK].tolist()
        [9]
    """

    offset_BK: Tensor
    score_BK: Tensor
    present_BK: Tensor


def hit_rate(retrieved: Retrieved, exact: Retrieved) -> float:
    r"""The share of what an exact search finds that another one finds too: hit@K.

    .. math:: hit@K = \frac{\sum_b |F_b \cap E_b|}{\sum_b |E_b|}

    Source: TWIN (Chang et al., KDD 2023), section 3.2, which reports 94 of 100 for its own search.

    Args:
        retrieved: of a search with older or coarser projections. exact: of the one it stands for; both of the
            same candidates.

    Returns:
        0..1, and 1 where there is nothing to find.

    Example:
        >>> import torch
        >>> def at(*offsets):
        ...     return Retrieved(offset_BK=torch.tensor([offsets]), score_BK=torch.zeros(1, len(offsets)),
        ...                  present_BK=torch.ones(1, len(offsets), dtype=torch.bool))
        >>> hit_rate(at(4, 7), at(7, 9))
        0.5
    """
    same_BKK = exact.offset_BK.unsqueeze(2) == retrieved.offset_BK.unsqueeze(1)
    hit_BK = (same_BKK & retrieved.present_BK.unsqueeze(1)).any(2) & exact.present_BK
    wanted = int(exact.present_BK.sum())
    return int(hit_BK.sum()) / wanted if wanted else 1.0
