"""What a search hands on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Found"]

# Shapes: B candidates, K kept.


@dataclass(frozen=True, kw_only=True)
class Found:
    """The behaviours kept for each candidate: greatest score first, of equal ones the earlier place.

    K is what was asked for, or the longest history where that is shorter.

    Args:
        place_BK: int64, where each behaviour stands; 0 on padding.
        score_BK: float32, −inf on padding. present_BK: bool, false on padding.

    Example:
        >>> import torch
        >>> found = Found(place_BK=torch.tensor([[2, 0]]), score_BK=torch.tensor([[1.5, -torch.inf]]),
        ...     present_BK=torch.tensor([[True, False]]))
        >>> item_E = torch.tensor([7, 8, 9])
        >>> item_E[found.place_BK][found.present_BK].tolist()
        [9]
    """

    place_BK: Tensor
    score_BK: Tensor
    present_BK: Tensor
