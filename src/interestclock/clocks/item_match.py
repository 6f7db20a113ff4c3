"""Where a behaviour is of the candidate itself, or of an item with the same values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled

__all__ = ["match_features"]

# Shapes: B candidates, K retrieved, I item vector, P parts of it, D width.

Floats = npt.NDArray[np.float32]
_SAME = np.float32(1e-6)  # values of an attribute may have been averaged in another order


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
    on_cpu = candidate_BI.device.type == "cpu" and candidate_BI.dtype == behaviour_BKI.dtype == torch.float32
    match = _match_compiled if on_cpu else _match_anywhere
    return match(candidate_BI.detach(), behaviour_BKI.detach(), part_dim)


def _match_anywhere(candidate_BI: Tensor, behaviour_BKI: Tensor, part_dim: int) -> Tensor:
    parts = candidate_BI.shape[1] // part_dim
    candidate_B1PD = candidate_BI.reshape(len(candidate_BI), 1, parts, part_dim)
    behaviour_BKPD = behaviour_BKI.reshape(*behaviour_BKI.shape[:2], parts, part_dim)
    apart_BKP = (behaviour_BKPD - candidate_B1PD).abs_().amax(dim=3)
    same_BKP = (apart_BKP <= float(_SAME)) & candidate_B1PD.any(dim=3)
    return same_BKP.to(candidate_BI.dtype)


def _match_compiled(candidate_BI: Tensor, behaviour_BKI: Tensor, part_dim: int) -> Tensor:
    parts = candidate_BI.shape[1] // part_dim
    match_BKP = torch.zeros(*behaviour_BKI.shape[:2], parts, dtype=torch.float32)
    _compare(
        candidate_BI.contiguous().numpy(), behaviour_BKI.contiguous().numpy(), part_dim, match_BKP.numpy()
    )
    return match_BKP


@compiled()
def _compare(candidate_BI: Floats, behaviour_BKI: Floats, part_dim: int, match_BKP: Floats) -> None:
    """Most parts differ in their first number, and are read no further."""
    for row in range(candidate_BI.shape[0]):
        for part in range(match_BKP.shape[2]):
            first, last = part * part_dim, (part + 1) * part_dim
            if not np.any(candidate_BI[row, first:last]):
                continue
            for rank in range(behaviour_BKI.shape[1]):
                place = first
                while (
                    place < last and abs(behaviour_BKI[row, rank, place] - candidate_BI[row, place]) <= _SAME
                ):
                    place += 1
                match_BKP[row, rank, part] = np.float32(place == last)
