"""What a search retrieves, and what attention is given of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from interestclock.distinct import distinct, read_rows

__all__ = ["Retrieved", "hit_rate", "retrieved_vectors"]

# Shapes: B candidates, K kept, E behaviours of all users, N item numbers, U distinct ones, X any,
# I item vector, L behaviours searched.


@dataclass(frozen=True, kw_only=True)
class Retrieved:
    """The behaviours retrieved for each candidate: greatest score first, of equal ones the earlier one.

    K is what was asked for, or the longest history where that is shorter.

    Args:
        offset_BK: int64, where each behaviour stands; 0 on padding.
        score_BK: float32, −inf on padding. present_BK: bool, false on padding.
        vector_LI, gap_L: items' vectors and gaps to the request of all that was searched, where they were
            laid out for that. place_BK: int64, where in them each behaviour stands.

    Example:
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
    vector_LI: Tensor | None = None
    gap_L: Tensor | None = None
    place_BK: Tensor | None = None


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


def retrieved_vectors(
    retrieved: Retrieved, item_E: Tensor, *, items: int, vectors: Callable[[Tensor], Tensor]
) -> Tensor:
    """Vectors of retrieved behaviours, float32 (B, K, I), each distinct item's made once; of padding any.

    Only these carry a gradient: what the search passed over is not read.

    Args:
        item_E: item numbers of the behaviours searched. items: N, one more than the largest.
        vectors: of item numbers, int64 (U,) -> (U, I).

    Example:
        >>> retrieved = Retrieved(offset_BK=torch.tensor([[2, 0]]), score_BK=torch.zeros(1, 2),
        ...     present_BK=torch.ones(1, 2, dtype=torch.bool))
        >>> retrieved_vectors(
        ...     retrieved, torch.tensor([1, 0, 1]), items=2, vectors=torch.tensor([[3.0], [5.0]]).__getitem__)
        tensor([[[5.],
                 [5.]]])
    """
    if item_E.numel():
        item_BK = item_E.index_select(0, retrieved.offset_BK.flatten()).view_as(retrieved.offset_BK)
        item_BK = item_BK.to(torch.int64).mul_(retrieved.present_BK)
    else:
        item_BK = retrieved.offset_BK
    item_U, row_BK = distinct(item_BK, items)
    return read_rows(vectors(item_U), row_BK)
