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
from interestclock.search.checks import check_from_zero, check_search
from interestclock.search.product_buffer import product_buffer
from interestclock.search.retrieved import Retrieved
from interestclock.search.selection import Floats, Keys, Room, decode_keys, keys_for, room_for, select_row
from interestclock.search.spans import SpanArrays, Spans, Whole, gap_between, laid_out
from interestclock.search.torch_top_k import best_of_rows

__all__ = ["ItemKeys", "search_batch"]

# Shapes: B candidates, M requests, U distinct items, N item numbers, E behaviours of all users, Z projection,
# G gaps, K kept, L behaviours of the request that has most, W keys that fit.

_ROWS_FOR_ONE = 4  # rows of a matrix product that take as long as one product of two vectors on their own
_PARTS_EACH = 4
_NEVER = np.float32(-np.inf)
_threads = ThreadPoolExecutor(thread_name_prefix="search")


@dataclass(frozen=True, kw_only=True)
class ItemKeys:
    """Items' projections, each item's once.

    Args:
        key_UZ: of distinct items. row_N: int32, the row of each item number in it, −1 where it has none: such
            an item is never found.

    Example:
        >>> keys = ItemKeys(key_UZ=torch.zeros(1, 4), row_N=torch.tensor([-1, 0], dtype=torch.int32))
        >>> keys.key_UZ[keys.row_N[1]].shape
        torch.Size([4])
    """

    key_UZ: Tensor
    row_N: Tensor


@torch.no_grad()
def search_batch(
    query_BZ: Tensor,
    *,
    request_row_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    spans: Spans,
    top_k: int,
) -> Retrieved:
    r"""Keep the ``top_k`` behaviours of highest relevance for each candidate of a batch.

    .. math:: r_{bi} = q_b \cdot k_{item(i)} + g(\delta_i)

    An item's key stands once, and so does the product with it, however often it occurs in histories; where
    the items are many and histories short, only what histories hold is multiplied. A candidate adds one row
    of L numbers at a time, never an (L, Z) block. No gradient flows: it is for the caller to attend over
    what was found.

    Source: the search unit of TWIN (Chang et al., KDD 2023) and Clock-GSU (Long-term Interest Clock,
    WWW 2025, section 3.2), whose heads search together: their projections stand side by side in Z, and
    their time parts are summed before they come here.

    Args:
        query_BZ: candidates' projections. request_row_B: int64, each one's request, a row of the M.
        keys: items' projections, the same type; an item that has none, or is beyond N, is never found.
        time_score_G: what a behaviour's time adds, by its gap to the request.
        spans: the behaviours. top_k: K. Scores are compared as float32.

    Returns:
        What was retrieved; offsets count the E.

    Raises:
        ValueError: shapes, types or numbers of rows do not go together, or ``top_k`` is below 1.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([4, 2, 4]), time_E=torch.tensor([60, 43_200, 0]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([2]), now_M=torch.tensor([0]))
        >>> keys = ItemKeys(
        ...     key_UZ=torch.tensor([[0.5], [2.0]]),
        ...     row_N=torch.tensor([-1, -1, 0, -1, 1], dtype=torch.int32))
        >>> retrieved = search_batch(
        ...     torch.tensor([[1.0]]), request_row_B=torch.tensor([0]), keys=keys,
        ...     time_score_G=torch.zeros(43_201), spans=spans, top_k=5)
        >>> retrieved.offset_BK.tolist(), retrieved.score_BK.tolist()
        ([[0, 1]], [[2.0, 0.5]])
    """
    check_search(
        ("query_BZ", query_BZ),
        ("key_UZ", keys.key_UZ),
        ("time_score_G", time_score_G),
        scores=spans.gaps,
        top_k=top_k,
    )
    _check_rows(len(query_BZ), request_row_B, keys, spans)
    k = min(top_k, spans.longest)
    if not k or not len(query_BZ) or not len(keys.key_UZ) or not len(keys.row_N):
        return _nothing(len(query_BZ), k, query_BZ.device)
    compiled = query_BZ.device.type == "cpu" and query_BZ.dtype == torch.float32
    search = _search_compiled if compiled else _search_anywhere
    return search(
        query_BZ.detach(),
        request_row_B=request_row_B,
        keys=ItemKeys(key_UZ=keys.key_UZ.detach(), row_N=keys.row_N),
        time_score_G=time_score_G.detach(),
        spans=spans,
        k=k,
    )


def _check_rows(candidates: int, request_row_B: Tensor, keys: ItemKeys, spans: Spans) -> None:
    """Behaviours are not looked at: there are many, and those whose item has no key are passed over."""
    if request_row_B.shape != (candidates,):
        raise ValueError(f"request_row_B has shape {tuple(request_row_B.shape)}; give ({candidates},)")
    check_from_zero("request_row_B", request_row_B, below=len(spans.start_M))
    greatest = int(keys.row_N.max()) if len(keys.row_N) else -1
    if greatest >= len(keys.key_UZ):
        raise ValueError(
            f"row_N holds {greatest} and key_UZ has {len(keys.key_UZ)} rows; give rows of it, or −1 for none"
        )


def _nothing(candidates: int, k: int, device: torch.device) -> Retrieved:
    return Retrieved(
        offset_BK=torch.zeros(candidates, k, dtype=torch.int64, device=device),
        score_BK=torch.full((candidates, k), -torch.inf, device=device),
        present_BK=torch.zeros(candidates, k, dtype=torch.bool, device=device),
    )


def _search_anywhere(
    query_BZ: Tensor,
    *,
    request_row_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    spans: Spans,
    k: int,
) -> Retrieved:
    """On any device, in any type: every score of the batch at once, and a selection that orders ties."""
    item_ML, gap_ML, present_ML = laid_out(spans)
    known_ML = present_ML & (item_ML < len(keys.row_N))
    row_ML = keys.row_N[item_ML.masked_fill(~known_ML, 0)].to(torch.int64)
    known_ML = known_ML & (row_ML >= 0)
    time_score_ML = time_score_G[gap_ML].masked_fill(~known_ML, -torch.inf)
    row_BL = row_ML.clamp(min=0)[request_row_B]
    score_BL = (query_BZ @ keys.key_UZ.T).gather(1, row_BL) + time_score_ML[request_row_B]
    index_BK, score_BK, present_BK = best_of_rows(score_BL, k)
    offset_BK = index_BK + spans.start_M[request_row_B].unsqueeze(1)
    return Retrieved(
        offset_BK=offset_BK.masked_fill(~present_BK, 0), score_BK=score_BK, present_BK=present_BK
    )


class _Inputs(NamedTuple):
    """The arguments for compiled loops; ``product_BU`` is empty where single products cost less.

    ``straight``: every item number is its own row, and none is looked up.
    """

    query_BZ: Floats
    request_row_B: Whole
    key_UZ: Floats
    row_N: Whole
    straight: bool
    product_BU: Floats
    time_score_G: Floats
    spans: SpanArrays


class _RequestBuffers(NamedTuple):
    """What is read once per request; the products of one candidate, and room to select of them."""

    row_L: Whole
    time_score_L: Floats
    product_L: Floats
    room: Room


def _search_compiled(
    query_BZ: Tensor,
    *,
    request_row_B: Tensor,
    keys: ItemKeys,
    time_score_G: Tensor,
    spans: Spans,
    k: int,
) -> Retrieved:
    """On the CPU in float32, in as many threads as PyTorch has."""
    longest, key_BW = spans.longest, keys_for(len(query_BZ), k)
    by_product = len(keys.key_UZ) <= _ROWS_FOR_ONE * longest
    product_BU = product_buffer(len(query_BZ) * by_product, len(keys.key_UZ))
    if by_product:
        torch.mm(query_BZ, keys.key_UZ.T, out=product_BU)
    inputs = _Inputs(
        query_BZ=query_BZ.contiguous().numpy(),
        request_row_B=request_row_B.numpy(),
        key_UZ=keys.key_UZ.contiguous().numpy(),
        row_N=keys.row_N.numpy(),
        straight=_is_straight(keys),
        product_BU=product_BU.numpy(),
        time_score_G=time_score_G.contiguous().numpy(),
        spans=spans.arrays(),
    )

    def select(parts: Iterator[tuple[int, int]]) -> None:
        buffers = _RequestBuffers(
            row_L=np.empty(longest, np.int32),
            time_score_L=np.empty(longest, np.float32),
            product_L=np.empty(longest, np.float32),
            room=room_for(longest, k),
        )
        for part in parts:
            _select(inputs, part, buffers, k, key_BW)

    _in_threads(select, len(query_BZ))
    index_BK, score_BK, present_BK = decode_keys(key_BW, k)
    offset_BK = index_BK + spans.start_M[request_row_B].numpy()[:, None]
    return Retrieved(
        offset_BK=torch.from_numpy(np.where(present_BK, offset_BK, 0)),
        score_BK=torch.from_numpy(score_BK),
        present_BK=torch.from_numpy(present_BK),
    )


def _is_straight(keys: ItemKeys) -> bool:
    rows = len(keys.row_N)
    return rows == len(keys.key_UZ) and torch.equal(keys.row_N, torch.arange(rows, dtype=keys.row_N.dtype))


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
    inputs: _Inputs, candidates: tuple[int, int], buffers: _RequestBuffers, top_k: int, key_BW: Keys
) -> None:
    """Keys of the best of each candidate, from the first to the last (exclusive)."""
    previous, length = -1, 0
    product_L, time_score_L = buffers.product_L, buffers.time_score_L
    for candidate in range(candidates[0], candidates[1]):
        request = inputs.request_row_B[candidate]
        if request != previous:
            length = _read(inputs, request, buffers)
            previous = request
        if inputs.product_BU.size:
            for offset in range(length):
                product_L[offset] = inputs.product_BU[candidate, buffers.row_L[offset]]
        else:
            _multiply(inputs.query_BZ[candidate], inputs.key_UZ, buffers.row_L[:length], product_L)
        select_row(product_L[:length], time_score_L[:length], top_k, buffers.room, key_BW[candidate])


@compiled()
def _read(inputs: _Inputs, request: int, buffers: _RequestBuffers) -> int:
    """Rows and time scores of a request's behaviours, and how many there are."""
    spans = inputs.spans
    start, stop, now = spans.start_M[request], spans.stop_M[request], spans.now_M[request]
    item_L, time_L = spans.item_E[start:stop], spans.time_E[start:stop]
    for offset in range(item_L.shape[0]):
        item = item_L[offset]
        row = item if 0 <= item < inputs.row_N.shape[0] else -1
        if row >= 0 and not inputs.straight:
            row = inputs.row_N[np.uint64(item)]
        there = row >= 0
        buffers.row_L[offset] = row if there else 0
        gap = gap_between(time_L[offset], now, spans.period, spans.gaps)
        time_score = inputs.time_score_G[np.uint64(gap)]  # unsigned: an index below 0 is not looked for
        buffers.time_score_L[offset] = time_score if there else _NEVER
    length: int = item_L.shape[0]
    return length


@compiled()
def _multiply(query_Z: Floats, key_UZ: Floats, row_L: Whole, product_L: Floats) -> None:
    for offset in range(row_L.shape[0]):
        product_L[offset] = _dot(query_Z, key_UZ[np.uint64(row_L[offset])])


@compiled(fastmath={"reassoc", "contract", "nsz"})
def _dot(query_Z: Floats, key_Z: Floats) -> np.float32:
    total = np.float32(0)
    for each in range(query_Z.shape[0]):
        total += query_Z[each] * key_Z[each]
    return total
