"""The records of a block in the order in which they became known: put in, counted as of a moment, dropped."""

from __future__ import annotations

from interestclock.compiled import compiled
from interestclock.histories.block_room import Blocks, Int64s, run_end

__all__ = ["append", "drop", "known_before"]

# Shapes: E places of all blocks, N records of a call, R users of a call, M users at a time.


@compiled()
def append(blocks: Blocks, key: tuple[Int64s, ...], user_N: Int64s, spans: tuple[Int64s, Int64s]) -> int:
    """Count records that were put behind those of their users; gives how many users' are out of order.

    ``spans`` are filled with where that begins, of each such user, and where it ends.
    """
    first_N, stop_N = spans
    late, first = 0, 0
    while first < user_N.shape[0]:
        user, stop = user_N[first], run_end(user_N, first)
        oldest = blocks.offset_U[user] + blocks.dropped_U[user]
        end = blocks.offset_U[user] + blocks.count_U[user]
        blocks.count_U[user] += stop - first
        belongs = end
        while belongs > oldest and _goes_before(key, end, belongs - 1):
            belongs -= 1
        if belongs < end:
            first_N[late], stop_N[late] = belongs, end + stop - first
            late += 1
        first = stop
    return late


@compiled()
def _goes_before(key: tuple[Int64s, ...], one: int, other: int) -> bool:
    for column_E in key:
        if column_E[one] != column_E[other]:
            return bool(column_E[one] < column_E[other])
    return False


@compiled()
def known_before(
    blocks: Blocks, known_ms_E: Int64s, requested: tuple[Int64s, Int64s], count_M: Int64s
) -> None:
    """Count each user's records known strictly before a moment into ``count_M``, those dropped included."""
    user_M, at_ms_M = requested
    for row in range(user_M.shape[0]):
        user = user_M[row]
        if user >= blocks.count_U.shape[0]:
            continue
        offset, least, most = blocks.offset_U[user], blocks.dropped_U[user], blocks.count_U[user]
        while least < most:
            middle = (least + most) // 2
            if known_ms_E[offset + middle] < at_ms_M[row]:
                least = middle + 1
            else:
                most = middle
        count_M[row] = least


@compiled()
def drop(blocks: Blocks, known_ms_E: Int64s, user_R: Int64s, keep: tuple[int, int]) -> None:
    """Known moments ascend within a block: the oldest may go once ``kept`` more were known in time."""
    known_before_ms, kept = keep
    for user in user_R:
        offset, count, dropped = blocks.offset_U[user], blocks.count_U[user], blocks.dropped_U[user]
        while dropped + kept < count and known_ms_E[offset + dropped + kept] < known_before_ms:
            dropped += 1
        blocks.dropped_U[user] = dropped
