"""Keep the K best of a row of scores without sorting it: compiled, and exact.

Split a row into strided groups and take each group's maximum. The K-th largest maximum is a score that at
least K of the row reach, and few more, so everything below it is out. One pass over the row finds the
maxima, a second one what reaches the bound, both at the speed of the cache.

What is kept comes out as keys, uint64, that sort as scores do: the greater score first, and of equal ones
the smaller index. So a sort of these few decides ties too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled
from interestclock.search.lanes import LANES, lowest_bit, reached_lanes

__all__ = ["Floats", "Keys", "Room", "decode_keys", "keys_for", "room_for", "select_row"]

# Shapes: C candidates, L behaviours, G groups, P runs of sixteen behaviours, W keys that fit, K kept.

Floats = npt.NDArray[np.float32]
Keys = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.integer]

_ROOM = 2  # keys that fit a row, in multiples of K; more turn up only where many scores are equal
_GROUPS = 4  # in multiples of K: about 1.15 K of a row reach the bound; fewer groups make it looser
_ABSENT = np.uint64(0xFFFFFFFFFFFFFFFF)
_INDEX_BITS = np.uint64(32)
_INDEX = np.uint64(0xFFFFFFFF)
_LARGEST = np.int32(0x7FFFFFFF)
_SIGN = np.int32(31)
_HALF = np.float32(0.5)
_ZERO = np.float32(0)
_ONE = np.uint32(1)
_NEVER = np.float32(-np.inf)
_LEAST = np.finfo(np.float32).min


def keys_for(candidates: int, top_k: int) -> Keys:
    """Room for the keys of each candidate's best."""
    return np.empty((candidates, _ROOM * top_k + LANES), np.uint64)


class Room(NamedTuple):
    """Where a row is worked on: its groups' maxima, the runs that reach the bound, and which lanes do."""

    max_G: Floats
    first_P: Whole
    reached_P: npt.NDArray[np.uint32]


def room_for(length: int, top_k: int) -> Room:
    """Room to select ``top_k`` of rows up to a length."""
    runs = length // LANES + 1  # one more, which what does not reach the bound is written to
    return Room(
        max_G=np.empty(max(1, min(length, _GROUPS * top_k)), np.float32),
        first_P=np.empty(runs, np.int32),
        reached_P=np.empty(runs, np.uint32),
    )


@compiled()
def _ordered(score: np.float32) -> np.int32:
    """An integer that orders as the score does; adding 0 makes −0 and 0 one."""
    bits = np.float32(score + _ZERO).view(np.int32)
    return bits ^ ((bits >> _SIGN) & _LARGEST)


@compiled()
def _maximise(product_L: Floats, time_score_L: Floats, max_G: Floats) -> None:
    """The greatest score of each group; group g holds g, g + G, g + 2G, …"""
    groups = max_G.shape[0]
    max_G[:] = _NEVER
    for start in range(0, product_L.shape[0], groups):
        product_P = product_L[start : start + groups]
        time_score_P = time_score_L[start : start + groups]
        for group in range(product_P.shape[0]):
            score = product_P[group] + time_score_P[group]
            max_G[group] = score if score > max_G[group] else max_G[group]


@compiled()
def _reached_by(max_G: Floats, score: np.float32) -> np.int32:
    count = np.int32(0)
    for group in range(max_G.shape[0]):
        count += np.int32(max_G[group] >= score)
    return count


@compiled()
def _span(max_G: Floats) -> tuple[np.float32, np.float32]:
    """The least and the greatest maximum; −inf, where a group holds nothing, does not count."""
    low, high = max_G[0], max_G[0]
    for group in range(max_G.shape[0]):
        low = max_G[group] if max_G[group] < low else low
        high = max_G[group] if max_G[group] > high else high
    if low == _NEVER:
        low = high
        for group in range(max_G.shape[0]):
            if _NEVER < max_G[group] < low:
                low = max_G[group]
    return low, high


@compiled()
def _bound(max_G: Floats, top_k: int) -> np.float32:
    """A score that at least ``top_k`` maxima reach, and hardly more; the least float where there are too few.

    Halving between the least and the greatest: a dozen passes over G numbers, or until no float is between.
    """
    low, high = _span(max_G)
    if not low > _NEVER or _reached_by(max_G, low) < top_k:
        return _LEAST
    enough = top_k + top_k // 8
    while True:
        middle = low * _HALF + high * _HALF
        if not low < middle < high:
            return low
        reached = _reached_by(max_G, middle)
        if reached < top_k:
            high = middle
        else:
            low = middle
            if reached <= enough:
                return low


@compiled()
def _key(score: np.float32, index: int) -> np.uint64:
    return (np.uint64(np.uint32(_LARGEST - _ordered(score))) << _INDEX_BITS) | np.uint64(index)


@compiled()
def _reaching(product_L: Floats, time_score_L: Floats, bound: np.float32, room: Room) -> int:
    """Note the runs in which something reaches the bound; gives how many.

    Every run is written down, and stays unless the next one is written over it: a branch that cannot be
    foreseen would cost more than the writing.
    """
    count = 0
    for first in range(0, product_L.shape[0] - LANES + 1, LANES):
        reached: np.uint32 = reached_lanes(product_L, time_score_L, first, bound)  # type: ignore[call-arg]
        room.first_P[count] = first
        room.reached_P[count] = reached
        count += reached != 0
    return count


@compiled()
def _collect(product_L: Floats, time_score_L: Floats, top_k: int, room: Room, key_W: Keys) -> int:
    """Keys of all that reach the bound; where they do not fit, of the best ``top_k`` so far."""
    length, count = product_L.shape[0], 0
    bound = _bound(room.max_G[: min(room.max_G.shape[0], length)], top_k)
    for run in range(_reaching(product_L, time_score_L, bound, room)):
        reached = room.reached_P[run]
        while True:
            index = room.first_P[run] + np.intp(lowest_bit(reached))  # type: ignore[call-arg]
            key_W[count] = _key(product_L[index] + time_score_L[index], index)
            count += 1
            reached &= reached - _ONE
            if not reached:
                break
        if count + LANES > key_W.shape[0]:
            key_W[:count].sort()
            count = top_k
    for index in range(length - length % LANES, length):
        score = product_L[index] + time_score_L[index]
        if score >= bound:
            key_W[count] = _key(score, index)
            count += 1
    key_W[count:] = _ABSENT
    return count


@compiled()
def select_row(product_L: Floats, time_score_L: Floats, top_k: int, room: Room, key_W: Keys) -> int:
    """Keys of the best of a row, unsorted; at least ``top_k`` of them where as many are there.

    Args:
        product_L, time_score_L: contiguous; their sum is the score; −inf and NaN are never kept. top_k: K.
        room: for a row as long or longer. key_W: receives the keys.

    Returns:
        How many keys there are.

    Example:
        >>> row, keys = np.array([1.0, 3.0, 2.0], np.float32), keys_for(1, 2)
        >>> _ = select_row(row, np.zeros_like(row), 2, room_for(3, 2), keys[0])
        >>> decode_keys(keys, 2)[0].tolist()
        [[1, 2]]
    """
    length = product_L.shape[0]
    if not length:
        key_W[:] = _ABSENT
        return 0
    _maximise(product_L, time_score_L, room.max_G[: min(room.max_G.shape[0], length)])
    return _collect(product_L, time_score_L, top_k, room, key_W)


def decode_keys(key_CW: Keys, top_k: int) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_]]:
    """Sort each row's keys, in place, and read the first ``top_k``.

    Returns:
        Indices, int64 (C, K), 0 where absent; scores, float32, −inf where absent; bool, which are there.

    Example:
        >>> indices, scores, present = decode_keys(np.full((1, 3), 0xFFFFFFFFFFFFFFFF, np.uint64), 2)
        >>> present.tolist()
        [[False, False]]
    """
    key_CW.sort(axis=1)
    shape = (len(key_CW), top_k)
    index_CK, score_CK = np.empty(shape, np.int64), np.empty(shape, np.float32)
    present_CK = np.empty(shape, np.bool_)
    _decode(key_CW, index_CK, score_CK, present_CK)
    return index_CK, score_CK, present_CK


@compiled()
def _decode(
    key_CW: Keys,
    index_CK: npt.NDArray[np.int64],
    score_CK: Floats,
    present_CK: npt.NDArray[np.bool_],
) -> None:
    for row in range(index_CK.shape[0]):
        for rank in range(index_CK.shape[1]):
            key = key_CW[row, rank]
            present = key != _ABSENT
            ordered = np.int32(_LARGEST - np.int64(key >> _INDEX_BITS))
            bits = np.int32(ordered ^ ((ordered >> _SIGN) & _LARGEST))
            present_CK[row, rank] = present
            score_CK[row, rank] = bits.view(np.float32) if present else _NEVER
            index_CK[row, rank] = np.int64(key & _INDEX) if present else 0
