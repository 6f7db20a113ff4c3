"""Records of a commit's users as the chunks that change, packed for many users at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from interestclock.histories.block_changes import RecordChanges
from interestclock.store import records
from interestclock.store.chunk_columns import Bytes, ChunkSpans, Int64s, fill_chunks
from interestclock.store.records import Types

__all__ = ["NO_LEAD", "NewRecords"]

# Shapes: R users, C chunks, P columns, E behaviours or votes of all users.

NO_LEAD = -1


class NewRecords:
    """Records of one kind of a commit's users, from the first that is new or other than before.

    ``row_C`` says whose each chunk that changes is, by place among the users, ascending; ``chunk_C`` its
    number; ``lead_R`` the number of a chunk that begins before a user's new records, ``NO_LEAD`` if there is
    none: what the store has of it has to be read to write it.

    Args:
        changes: of the state. types: of the columns.

    Example:
        >>> new = NewRecords(RecordChanges(from_R=np.array([1, 0]), count_R=np.array([2, 0]),
        ...     dropped_R=np.array([0, 0]), values={"item": np.array([9], np.int32)}),
        ...     {"item": np.dtype("int32")})
        >>> new.lead_R.tolist(), new.chunk_C.tolist()
        ([0, -1], [0])
        >>> [bytes(each) for each in new.values(range(2), [bytes([7, 0, 0, 0]), b""])]
        [b'\\x07\\x00\\x00\\x00\\t\\x00\\x00\\x00']
    """

    def __init__(self, changes: RecordChanges, types: Types) -> None:
        self._start_R, self._count_R, self._dropped_R = changes.from_R, changes.count_R, changes.dropped_R
        self._columns = tuple(_bytes_of(changes, name, types) for name in types)
        self._width_P = np.array([kind.itemsize for kind in types.values()], np.int64)
        first_R = self._start_R // records.CHUNK
        new_R = self._start_R < self._count_R
        size_R = np.where(new_R, -(-self._count_R // records.CHUNK) - first_R, 0)
        self.row_C = np.repeat(np.arange(size_R.size), size_R)
        self._begin_R = _running(size_R)  # of each user's chunks, one more than users
        self._record_R = _running(self._count_R - self._start_R)
        self.chunk_C = first_R[self.row_C] + np.arange(self.row_C.size) - self._begin_R[self.row_C]
        self.lead_R = np.where(new_R & (self._start_R % records.CHUNK > 0), first_R, NO_LEAD)

    def chunks_of(self, rows: range) -> slice:
        """Which of all chunks are those of some users in a row."""
        return slice(int(self._begin_R[rows.start]), int(self._begin_R[rows.stop]))

    def values(self, rows: range, leads: Sequence[bytes]) -> list[memoryview]:
        """Values of the chunks of some users in a row.

        Args:
            leads: of each what the store has of the chunk ``lead_R``, which begins before what is new; empty
                where there is none. What the store lacks of it was dropped, and is 0.
        """
        part = self.chunks_of(rows)
        row_bytes = int(self._width_P.sum())
        spans, place = self._spans(part, rows, leads), np.zeros(1, np.int64)
        if self._width_P.size:
            place = _running((spans.kept_C + spans.count_C) * row_bytes)
        out = np.zeros(int(place[-1]), np.uint8)
        if out.size:
            joined = np.frombuffer(b"".join(leads), np.uint8)
            fill_chunks(out, spans._replace(place_C=place[:-1]), joined, self._columns, self._width_P)
        whole, bounds = out.data, place.tolist()
        return [whole[begin:end] for begin, end in pairwise(bounds)]

    def gone(self, row: int, *, count: int, dropped: int) -> list[int]:
        """Chunks of a user of which nothing is left, of those there were with other counts before."""
        count_now, dropped_now = int(self._count_R[row]), int(self._dropped_R[row])
        if dropped == dropped_now and count <= count_now:
            return []
        left = records.chunks(dropped_now, count_now)
        return [chunk for chunk in records.chunks(dropped, count) if chunk not in left]

    def _spans(self, part: slice, rows: range, leads: Sequence[bytes]) -> ChunkSpans:
        row_C, begin_C = self.row_C[part], self.chunk_C[part] * records.CHUNK
        start_C = np.maximum(self._start_R[row_C], begin_C)
        stop_C = np.minimum(self._count_R[row_C], begin_C + records.CHUNK)
        bytes_R = np.array([len(each) for each in leads], np.int64)
        lead_C, length_C = _running(bytes_R)[row_C - rows.start], bytes_R[row_C - rows.start]
        return ChunkSpans(
            place_C=begin_C,
            kept_C=start_C - begin_C,
            lead_C=lead_C,
            length_C=length_C // max(int(self._width_P.sum()), 1),
            first_C=self._record_R[row_C] + start_C - self._start_R[row_C],
            count_C=stop_C - start_C,
        )


def _bytes_of(changes: RecordChanges, name: str, types: Types) -> Bytes:
    little_E = changes.values[name].astype(types[name].newbyteorder("<"), copy=False)
    return np.ascontiguousarray(little_E).view(np.uint8)


def _running(size_R: Int64s) -> Int64s:
    """Where each begins, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(size_R)))
