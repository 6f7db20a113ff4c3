"""Votes in heaps: compiled loops that put one in, and take out the one that is next.

Votes lie in two: those that wait, by the moment after which they count, and those that count, by their
exposure. So it costs little however late labels come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = ["ACTIVE", "WAITING", "Heap", "activate", "pop", "push"]

# Shapes: Q votes.

_BRANCHES = 4  # of a heap: four keys next to each other cost as much to read as one
_CAST = [("seat", np.int32), ("set", np.int32), ("ballot", np.int32)]  # ballot: bucket * T + term
WAITING = np.dtype([("key_ms", np.int64), ("timestamp_ms", np.int64), *_CAST])
ACTIVE = np.dtype([("key_ms", np.int64), *_CAST])


class Heap(NamedTuple):
    """Votes, the one with the least key first. ``held``: one number, how many; ``moved``: room for one."""

    vote_Q: npt.NDArray[np.void]
    held: npt.NDArray[np.integer]
    moved: npt.NDArray[np.void]


@compiled()
def activate(active: Heap, vote: Any) -> None:
    """Put a vote that waited among those that count."""
    moved = active.moved[0]
    moved.key_ms, moved.seat, moved.set, moved.ballot = vote.timestamp_ms, vote.seat, vote.set, vote.ballot
    push(active)


@compiled()
def push(heap: Heap) -> None:
    """Put in the vote in ``moved``: up from the end, as far as its key is less."""
    place = heap.held[0]
    heap.held[0] += 1
    while place > 0:
        above = (place - 1) // _BRANCHES
        if heap.vote_Q[above].key_ms <= heap.moved[0].key_ms:
            break
        heap.vote_Q[place] = heap.vote_Q[above]
        place = above
    heap.vote_Q[place] = heap.moved[0]


@compiled()
def pop(heap: Heap) -> None:
    """Take out the first vote: the last one goes down from its place, as far as its key is greater."""
    heap.held[0] -= 1
    held, place = heap.held[0], 0
    heap.moved[0] = heap.vote_Q[held]
    while place * _BRANCHES + 1 < held:
        first = place * _BRANCHES + 1
        least = first
        for other in range(first + 1, min(first + _BRANCHES, held)):
            if heap.vote_Q[other].key_ms < heap.vote_Q[least].key_ms:
                least = other
        if heap.vote_Q[least].key_ms >= heap.moved[0].key_ms:
            break
        heap.vote_Q[place] = heap.vote_Q[least]
        place = least
    heap.vote_Q[place] = heap.moved[0]
