"""Chunks of many users put together at once: of each column what a chunk had, then what is new."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = ["ChunkSpans", "fill_chunks"]

# Shapes: C chunks, P columns.

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]


class ChunkSpans(NamedTuple):
    """Where chunks begin and what goes into them.

    ``place_C`` is the first byte of each; the other numbers but ``lead_C`` count records. A chunk begins with
    ``kept_C`` records of which the bytes that lie at ``lead_C`` have the first of ``length_C``, as far as
    these go, and nothing of the rest; then come ``count_C`` new ones, from ``first_C`` on.
    """

    place_C: Int64s
    kept_C: Int64s
    lead_C: Int64s
    length_C: Int64s
    first_C: Int64s
    count_C: Int64s


@compiled()
def fill_chunks(out: Bytes, spans: ChunkSpans, lead: Bytes, columns: Any, width_P: Int64s) -> None:
    """Fill zeros with chunks, column behind column.

    ``columns`` are the bytes of new records, a tuple with an array for each column; ``width_P`` bytes of a
    number.
    """
    for chunk in range(spans.place_C.shape[0]):
        place, before = spans.place_C[chunk], spans.lead_C[chunk]
        kept, length = spans.kept_C[chunk], spans.length_C[chunk]
        first, count = spans.first_C[chunk], spans.count_C[chunk]
        for number in range(len(columns)):
            width = width_P[number]
            had = min(kept, length) * width
            out[place : place + had] = lead[before : before + had]
            place += kept * width
            before += length * width
            out[place : place + count * width] = columns[number][first * width : (first + count) * width]
            place += count * width
