"""Where a behaviour is of the candidate itself, or of an item with the same values."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["match_features"]

# Shapes: B candidates, K retrieved, I item vector, S its parts, D each.

_SAME = 1e-6  # values of an attribute may have been averaged in another order


def match_features(candidate_BI: Tensor, behaviour_BKI: Tensor, *, part_dim: int) -> Tensor:
    """Which parts of an item's vector a behaviour shares with the candidate: 1 or 0, by part.

    A part is the item's own embedding, or the mean of those of an attribute's values, as ``ItemVectors`` puts
    them side by side. One that is all zero stands for nothing, and is shared with none.

    Source: of the idea, target features as hard search (SIM, CIKM 2020) and TransAct (KDD 2023) have them.

    Args:
        candidate_BI, behaviour_BKI: float32, item vectors. part_dim: D, width of each part; I is a multiple.

    Returns:
        the vectors' type, (B, K, I / D); no gradient flows through it.

    Example:
        >>> candidate = torch.tensor([[0.5, 0.2, 0.1, 0.3]])
        >>> behaviours = torch.tensor([[[0.5, 0.2, 0.7, 0.3], [0.4, 0.2, 0.1, 0.3]]])
        >>> match_features(candidate, behaviours, part_dim=2).tolist()
        [[[1.0, 0.0], [0.0, 1.0]]]
    """
    with torch.no_grad():
        candidate_B1SD = candidate_BI.view(len(candidate_BI), 1, -1, part_dim)
        behaviour_BKSD = behaviour_BKI.view(*behaviour_BKI.shape[:2], -1, part_dim)
        apart_BKS = (behaviour_BKSD - candidate_B1SD).abs_().amax(dim=3)
        same_BKS = (apart_BKS <= _SAME) & candidate_B1SD.any(dim=3)
        return same_BKS.to(candidate_BI.dtype)
