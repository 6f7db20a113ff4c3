"""Cut a stream of event tables into chunks of about equal size without splitting a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["rechunk"]


def rechunk(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Chunks of at least ``rows`` rows (the last may have fewer), cut where the request changes.

    Args:
        tables: events in order; consecutive rows with the same ``request_id`` stay together.
        rows: wanted rows per chunk, 1 or more.

    Raises:
        ValueError: ``rows`` is below 1.

    Example:
        >>> tables = [pa.table({"request_id": [1, 1, 1]}), pa.table({"request_id": [2, 3]})]
        >>> [chunk["request_id"].to_pylist() for chunk in rechunk(tables, 2)]
        [[1, 1, 1], [2, 3]]
    """
    if rows < 1:
        raise ValueError(f"rows is {rows}; give 1 or more rows per chunk")
    held: pa.Table | None = None
    for table in tables:
        held = table if held is None else pa.concat_tables([held, table])
        start = 0
        for stop in _boundaries(held, rows):
            yield held.slice(start, stop - start).combine_chunks()
            start = stop
        held = held.slice(start)
    if held is not None and held.num_rows:
        yield held.combine_chunks()


def _boundaries(table: pa.Table, rows: int) -> Iterator[int]:
    """Where chunks end; the open end of the table is none of them."""
    may_split = _request_changes(table)
    at = np.searchsorted(may_split, rows)
    while at < len(may_split):
        yield int(may_split[at])
        at = np.searchsorted(may_split, may_split[at] + rows)


def _request_changes(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Positions p with another request at p than at p - 1."""
    if "request_id" not in table.column_names or table.num_rows < 2:
        return np.arange(1, table.num_rows)
    request = table["request_id"].combine_chunks()
    same = pc.equal(request.slice(1), request.slice(0, len(request) - 1)).fill_null(False)
    return np.flatnonzero(~np.asarray(same)) + 1
