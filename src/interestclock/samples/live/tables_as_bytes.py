"""Arrow tables as arrays of bytes, so that a checkpoint holds nothing but arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["table_from_bytes", "table_to_bytes"]


def table_to_bytes(table: pa.Table) -> npt.NDArray[np.uint8]:
    """A table in Arrow's stream format, uint8.

    Example:
        >>> table_from_bytes(table_to_bytes(pa.table({"id": ["a", None]})))["id"].to_pylist()
        ['a', None]
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return np.frombuffer(sink.getvalue(), np.uint8)


def table_from_bytes(content: npt.NDArray[np.uint8]) -> pa.Table:
    """The table that ``table_to_bytes`` wrote."""
    with pa.ipc.open_stream(pa.py_buffer(content.tobytes())) as reader:
        return reader.read_all()
