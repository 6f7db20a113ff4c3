"""Serving: the best K behaviours of one request's user for each of its candidates, exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search.checks import check_search
from interestclock.search.product_buffer import product_buffer
from interestclock.search.retrieved import Retrieved
from interestclock.search.selection import Floats, Keys, Room, decode_keys, keys_for, room_for, select_row
from interestclock.search.torch_top_k import best_of_rows

__all__ = ["search_request"]

# Shapes: C candidates, L behaviours, Z projection, K kept, G groups, W keys that fit.

_BLOCK_FLOATS = 1 << 20  # products that are held at a time: 4 MiB, which a processor's cache holds
_BLOCK_SCORES = 1 << 24  # as float32, 64 MiB; what orders them takes as much again a few times
_LEAST_ROWS = 64  # below that the product itself takes longer


@torch.no_grad()
def search_request(query_CZ: Tensor, key_LZ: Tensor, time_score_L: Tensor, *, top_k: int) -> Retrieved:
    r"""Keep the ``top_k`` behaviours of highest relevance for each candidate of a request.

    .. math:: r_{ci} = q_c \cdot k_i + g_i

    The matrix product is the floor of an exact search; what comes on top is one pass over its result while
    that is still in the cache. Memory beyond the arguments: one block of products, 4 MiB or 64 rows of L
    whichever is more, and 30 · K bytes for each candidate. Nothing is L by C, and no history is copied.
    On a GPU, and for other types than float32, plain PyTorch does the same, in blocks of 64 MiB of scores.

    Source: Clock-GSU (Long-term Interest Clock, WWW 2025, section 3.2), whose heads search together: their
    projections stand side by side in Z, and their time parts are summed before they come here.

    Args:
        query_CZ: floats, candidates' projections. key_LZ: the same type, behaviours' projections
            (the transpose of a contiguous (Z, L) is as good).
        time_score_L: the same type, what each behaviour's time adds; −inf for one that must not be found.
        top_k: K. Scores are compared as float32.

    Returns:
        What was retrieved; offsets are 0..L-1.

    Raises:
        ValueError: shapes or types do not go together, or ``top_k`` is below 1.

    Example:
        >>> retrieved = search_request(torch.tensor([[1.0], [-1.0]]), torch.tensor([[0.0], [2.0], [1.0]]),
        ...                        torch.tensor([0.5, 0.0, -torch.inf]), top_k=2)
        >>> retrieved.offset_BK.tolist(), retrieved.score_BK.tolist()
        ([[1, 0], [0, 1]], [[2.0, 0.5], [0.5, -2.0]])
    """
    check_search(
        ("query_CZ", query_CZ),
        ("key_LZ", key_LZ),
        ("time_score_L", time_score_L),
        scores=len(key_LZ),
        top_k=top_k,
    )
    query_CZ, key_LZ, time_score_L = query_CZ.detach(), key_LZ.detach(), time_score_L.detach()
    candidates, length = len(query_CZ), len(key_LZ)
    k = min(top_k, length)
    if not candidates or not length:
        return Retrieved(
            offset_BK=torch.zeros(candidates, k, dtype=torch.int64, device=query_CZ.device),
            score_BK=torch.full((candidates, k), -torch.inf, device=query_CZ.device),
            present_BK=torch.zeros(candidates, k, dtype=torch.bool, device=query_CZ.device),
        )
    if query_CZ.device.type != "cpu" or query_CZ.dtype != torch.float32:
        return _search_anywhere(query_CZ, key_LZ, time_score_L, k)
    return _search_compiled(query_CZ, key_LZ, time_score_L, k)


def _search_anywhere(query_CZ: Tensor, key_LZ: Tensor, time_score_L: Tensor, k: int) -> Retrieved:
    rows = max(1, _BLOCK_SCORES // len(key_LZ))
    blocks = [
        best_of_rows(torch.addmm(time_score_L, query_RZ, key_LZ.T), k)
        for query_RZ in torch.split(query_CZ, rows)
    ]
    offset_CK, score_CK, present_CK = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    return Retrieved(offset_BK=offset_CK, score_BK=score_CK, present_BK=present_CK)


def _search_compiled(query_CZ: Tensor, key_LZ: Tensor, time_score_L: Tensor, k: int) -> Retrieved:
    candidates, length = len(query_CZ), len(key_LZ)
    time_score_L = time_score_L.contiguous()
    rows = min(candidates, max(_LEAST_ROWS, _BLOCK_FLOATS // length))
    product_RL, key_ZL = product_buffer(rows, length), key_LZ.T
    key_CW, room, fullest = keys_for(candidates, k), room_for(length, k), 0
    for first in range(0, candidates, rows):
        block_RL = product_RL[: min(rows, candidates - first)]
        torch.mm(query_CZ[first : first + rows], key_ZL, out=block_RL)
        keys = _select(block_RL.numpy(), time_score_L.numpy(), k, room, key_CW[first : first + rows])
        fullest = max(fullest, keys)
    offset_CK, score_CK, present_CK = decode_keys(key_CW[:, : max(fullest, k)], k)
    return Retrieved(
        offset_BK=torch.from_numpy(offset_CK),
        score_BK=torch.from_numpy(score_CK),
        present_BK=torch.from_numpy(present_CK),
    )


@compiled()
def _select(product_RL: Floats, time_score_L: Floats, top_k: int, room: Room, key_RW: Keys) -> int:
    """Keys of each row's best; gives how many the fullest row has."""
    fullest = 0
    for row in range(product_RL.shape[0]):
        fullest = max(fullest, select_row(product_RL[row], time_score_L, top_k, room, key_RW[row]))
    return fullest
