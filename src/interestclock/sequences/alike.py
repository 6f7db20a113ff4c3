"""The newest behaviours whose items share the candidate's category: SIM's hard search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search import Found, Stretches
from interestclock.search.stretches import StretchArrays, Whole, laid_out

__all__ = ["newest_alike"]

# Shapes: B candidates, M moments, N item numbers, L behaviours of the moment that has most, K kept.


@torch.no_grad()
def newest_alike(
    category_B: Tensor, *, moment_of_B: Tensor, category_N: Tensor, stretches: Stretches, most: int
) -> Found:
    r"""Keep the newest ``most`` behaviours of each candidate's own category.

    .. math:: r_{bi} = [c_i = c_b]

    Stretches are read from their end; histories stand oldest first.

    Source: SIM (Pi et al., CIKM 2020), its general search unit with hard search. Which K are kept where more
    are alike is not said there.

    Args:
        category_B: int64, the candidates' categories; 0 is none, and nothing is like it.
        moment_of_B: int64, each candidate's moment, a row of the M.
        category_N: int64, the category of each item number. stretches: the behaviours. most: K.

    Returns:
        What was found, the newest first; a score tells how many found are newer, as a negative number.

    Raises:
        ValueError: ``most`` is below 1.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([1, 2, 1, 3]), time_T=torch.zeros(4, dtype=torch.int64),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([4]), now_M=torch.tensor([0]))
        >>> found = newest_alike(
        ...     torch.tensor([5]), moment_of_B=torch.tensor([0]),
        ...     category_N=torch.tensor([0, 5, 6, 5]), stretches=stretches, most=2)
        >>> found.place_BK.tolist()
        [[3, 2]]
    """
    if most < 1:
        raise ValueError(f"most is {most}; give 1 or more behaviours to keep")
    newest = _newest_compiled if category_B.device.type == "cpu" else _newest_anywhere
    kept = min(most, stretches.longest)
    place_BK = newest(category_B, moment_of_B, category_N, stretches, kept)
    present_BK = place_BK >= 0
    newer_K = torch.arange(kept, device=place_BK.device, dtype=torch.float32)
    return Found(
        place_BK=place_BK.clamp(min=0),
        score_BK=(-newer_K).expand(place_BK.shape).masked_fill(~present_BK, -torch.inf),
        present_BK=present_BK,
    )


def _newest_anywhere(
    category_B: Tensor, moment_of_B: Tensor, category_N: Tensor, stretches: Stretches, kept: int
) -> Tensor:
    """On any device: places, −1 where there are fewer."""
    item_ML, _, present_ML = laid_out(stretches)
    category_ML = category_N[item_ML].masked_fill(~present_ML, 0)
    alike_BL = (category_ML[moment_of_B] == category_B.unsqueeze(1)) & (category_B > 0).unsqueeze(1)
    place_ML = stretches.start_M.unsqueeze(1) + torch.arange(item_ML.shape[1], device=item_ML.device)
    return place_ML[moment_of_B].masked_fill(~alike_BL, -1).topk(kept, dim=1).values


def _newest_compiled(
    category_B: Tensor, moment_of_B: Tensor, category_N: Tensor, stretches: Stretches, kept: int
) -> Tensor:
    """On the CPU, where a candidate's scan ends as soon as it has enough."""
    place_BK = np.full((len(category_B), kept), -1, np.int64)
    _scan(category_B.numpy(), moment_of_B.numpy(), category_N.numpy(), stretches.arrays(), place_BK)
    return torch.from_numpy(place_BK)


@compiled()
def _scan(
    category_B: Whole,
    moment_of_B: Whole,
    category_N: Whole,
    stretches: StretchArrays,
    place_BK: npt.NDArray[np.int64],
) -> None:
    for candidate in range(category_B.shape[0]):
        category, moment, found = category_B[candidate], moment_of_B[candidate], 0
        place = stretches.stop_M[moment] - 1
        while category > 0 and place >= stretches.start_M[moment] and found < place_BK.shape[1]:
            item = stretches.item_T[place]
            if item >= 0 and category_N[item] == category:
                place_BK[candidate, found] = place
                found += 1
            place -= 1
