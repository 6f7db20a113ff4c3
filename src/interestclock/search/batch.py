"""Training: the best K behaviours for each candidate of a batch, exactly, from histories laid end to end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search.anywhere import best_of_rows
from interestclock.search.found import Found
from interestclock.search.kept_products import kept_products
from interestclock.search.selection import (
    Floats,
    Keys,
    Room,
    decode_keys,
    keys_for,
    room_for,
    select_row,
)
from interestclock.search.stretches import StretchArrays, Stretches, Whole, gap_between, laid_out

__all__ = ["ItemKeys", "search_batch"]

# Shapes: B candidates, M moments, U distinct items, N item numbers, T behaviours of all users, E projection,
# G gaps, K kept, L behaviours of the moment that has most, S keys that fit.

_ROWS_FOR_ONE = 4  # rows of a matrix product that take as long as one product of two vectors on their own
_PARTS_EACH = 4
_NEVER = np.float32(-np.inf)
_threads = ThreadPoolExecutor(thread_name_prefix="search")


@dataclass(frozen=True, kw_only=True)
class ItemKeys:
    """Items' projections, each item's once.

    Args:
        key_UE: of distinct items. row_N: int32, the row of each item number in it, −1 where it has none.

    Example:
        >>> keys = ItemKeys(key_UE=torch.zeros(1, 4), row_N=torch.tensor([-1, 0], dtype=torch.int32))
        >>> keys.key_UE[keys.row_N[1]].shape
        torch.Size([4])
    """

    key_UE: Tensor
    row_N: Tensor


@torch.no_grad()
def search_batch(
    query_BE: Tensor,
    *,
    moment_of_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    stretches: Stretches,
    most: int,
) -> Found:
    r"""Keep the ``most`` behaviours of highest relevance for each candidate of a batch.

    .. math:: r_{bi} = q_b \cdot k_{item(i)} + g(\delta_i)

    An item's key stands once, and so does the product with it, however often it occurs in histories; where
    the items are many and histories short, only what histories hold is multiplied. A candidate adds one row
    of L numbers at a time, never an (L, E) block. No gradient flows: it is for the caller to attend over
    what was found.

    Source: the search unit of TWIN (Chang et al., KDD 2023) and Clock-GSU (Long-term Interest Clock,
    WWW 2025, section 3.2), whose heads search together: their projections stand side by side in E, and
    their time parts are summed before they come here.

    Args:
        query_BE: candidates' projections. moment_of_B: int64, each one's moment, a row of the M.
        keys: items' projections, the same type; of every item that a stretch holds.
        time_score_G: what a behaviour's time adds, by its gap to the moment.
        stretches: the behaviours. most: K. Scores are compared as float32.

    Returns:
        What was found; places are rows of the T.

    Raises:
        ValueError: ``most`` is below 1.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([4, 2, 4]), time_T=torch.tensor([60, 43_200, 0]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([2]), now_M=torch.tensor([0]))
        >>> keys = ItemKeys(
        ...     key_UE=torch.tensor([[0.5], [2.0]]),
        ...     row_N=torch.tensor([-1, -1, 0, -1, 1], dtype=torch.int32))
        >>> found = search_batch(
        ...     torch.tensor([[1.0]]), moment_of_B=torch.tensor([0]), keys=keys,
        ...     time_score_G=torch.zeros(43_201), stretches=stretches, most=5)
        >>> found.place_BK.tolist(), found.score_BK.tolist()
        ([[0, 1]], [[2.0, 0.5]])
    """
    if most < 1:
        raise ValueError(f"most is {most}; give 1 or more behaviours to keep")
    kept = min(most, stretches.longest)
    if not kept or not len(query_BE) or not len(keys.key_UE):
        return _nothing(len(query_BE), kept, query_BE.device)
    compiled = query_BE.device.type == "cpu" and query_BE.dtype == torch.float32
    search = _search_compiled if compiled else _search_anywhere
    return search(
        query_BE,
        moment_of_B=moment_of_B,
        keys=keys,
        time_score_G=time_score_G,
        stretches=stretches,
        kept=kept,
    )


def _nothing(candidates: int, kept: int, device: torch.device) -> Found:
    return Found(
        place_BK=torch.zeros(candidates, kept, dtype=torch.int64, device=device),
        score_BK=torch.full((candidates, kept), -torch.inf, device=device),
        present_BK=torch.zeros(candidates, kept, dtype=torch.bool, device=device),
    )


def _search_anywhere(
    query_BE: Tensor,
    *,
    moment_of_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    stretches: Stretches,
    kept: int,
) -> Found:
    """On any device, in any type: every score of the batch at once, and a selection that orders ties."""
    item_ML, gap_ML, present_ML = laid_out(stretches)
    row_BL = keys.row_N[item_ML].to(torch.int64).clamp(min=0)[moment_of_B]
    time_score_ML = time_score_G[gap_ML].masked_fill(~present_ML, -torch.inf)
    score_BL = (query_BE @ keys.key_UE.T).gather(1, row_BL) + time_score_ML[moment_of_B]
    index_BK, score_BK, present_BK = best_of_rows(score_BL, kept)
    place_BK = index_BK + stretches.start_M[moment_of_B].unsqueeze(1)
    return Found(place_BK=place_BK.masked_fill(~present_BK, 0), score_BK=score_BK, present_BK=present_BK)


class _Inputs(NamedTuple):
    """The arguments for compiled loops; ``product_BU`` is empty where single products cost less."""

    query_BE: Floats
    moment_of_B: Whole
    key_UE: Floats
    row_N: Whole
    product_BU: Floats
    time_score_G: Floats
    stretches: StretchArrays


class _Moment(NamedTuple):
    """What is read once per moment; the products of one candidate, and room to select of them."""

    row_L: Whole
    time_score_L: Floats
    product_L: Floats
    room: Room


def _search_compiled(
    query_BE: Tensor,
    *,
    moment_of_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    stretches: Stretches,
    kept: int,
) -> Found:
    """On the CPU in float32, in as many threads as PyTorch has."""
    longest, key_BS = stretches.longest, keys_for(len(query_BE), kept)
    by_product = len(keys.key_UE) <= _ROWS_FOR_ONE * longest
    product_BU = kept_products(len(query_BE) * by_product, len(keys.key_UE))
    if by_product:
        torch.mm(query_BE, keys.key_UE.T, out=product_BU)
    inputs = _Inputs(
        query_BE=query_BE.contiguous().numpy(),
        moment_of_B=moment_of_B.numpy(),
        key_UE=keys.key_UE.contiguous().numpy(),
        row_N=keys.row_N.numpy(),
        product_BU=product_BU.numpy(),
        time_score_G=time_score_G.contiguous().numpy(),
        stretches=stretches.arrays(),
    )

    def select(parts: Iterator[tuple[int, int]]) -> None:
        of_moment = _Moment(
            row_L=np.empty(longest, np.int32),
            time_score_L=np.empty(longest, np.float32),
            product_L=np.empty(longest, np.float32),
            room=room_for(longest, kept),
        )
        for part in parts:
            _select(inputs, part, of_moment, kept, key_BS)

    _in_threads(select, len(query_BE))
    index_BK, score_BK, present_BK = decode_keys(key_BS, kept)
    place_BK = index_BK + stretches.start_M[moment_of_B].numpy()[:, None]
    return Found(
        place_BK=torch.from_numpy(np.where(present_BK, place_BK, 0)),
        score_BK=torch.from_numpy(score_BK),
        present_BK=torch.from_numpy(present_BK),
    )


def _in_threads(work: Callable[[Iterator[tuple[int, int]]], None], rows: int) -> None:
    """Rows in as many threads as PyTorch has, this one among them; compiled loops let each other run.

    Each takes the next part when it is done with one: the others wake up late, beside threads of PyTorch that
    wait by spinning.
    """
    threads = torch.get_num_threads()
    count = min(rows, threads * _PARTS_EACH if threads > 1 else 1)
    edges = [rows * part // count for part in range(count + 1)]
    parts = iter(list(itertools.pairwise(edges)))
    others = [_threads.submit(work, parts) for _ in range(threads - 1)]
    work(parts)
    for done in others:
        done.result()


@compiled()
def _select(
    inputs: _Inputs, candidates: tuple[int, int], of_moment: _Moment, most: int, key_BS: Keys
) -> None:
    """Keys of the best of each candidate, from the first to the last (exclusive)."""
    moment_before, length = -1, 0
    product_L, time_score_L = of_moment.product_L, of_moment.time_score_L
    for candidate in range(candidates[0], candidates[1]):
        moment = inputs.moment_of_B[candidate]
        if moment != moment_before:
            length = _read(inputs, moment, of_moment)
            moment_before = moment
        if inputs.product_BU.size:
            for place in range(length):
                product_L[place] = inputs.product_BU[candidate, of_moment.row_L[place]]
        else:
            for place in range(length):
                product_L[place] = _dot(inputs.query_BE[candidate], inputs.key_UE[of_moment.row_L[place]])
        select_row(product_L[:length], time_score_L[:length], most, of_moment.room, key_BS[candidate])


@compiled()
def _read(inputs: _Inputs, moment: int, of_moment: _Moment) -> int:
    """Rows and time scores of a moment's behaviours, and how many there are."""
    stretches = inputs.stretches
    start, stop, now = stretches.start_M[moment], stretches.stop_M[moment], stretches.now_M[moment]
    item_L, time_L = stretches.item_T[start:stop], stretches.time_T[start:stop]
    for place in range(item_L.shape[0]):
        there = item_L[place] >= 0
        of_moment.row_L[place] = inputs.row_N[np.uint64(item_L[place] if there else 0)]
        gap = gap_between(time_L[place], now, stretches.period, stretches.gaps)
        time_score = inputs.time_score_G[np.uint64(gap)]  # unsigned: an index below 0 is not looked for
        of_moment.time_score_L[place] = time_score if there else _NEVER
    length: int = item_L.shape[0]
    return length


@compiled(fastmath={"reassoc", "contract", "nsz"})
def _dot(query_E: Floats, key_E: Floats) -> np.float32:
    total = np.float32(0)
    for place in range(query_E.shape[0]):
        total += query_E[place] * key_E[place]
    return total
