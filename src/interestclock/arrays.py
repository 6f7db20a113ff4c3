"""Arrays beyond NumPy: states as named arrays, tables as bytes, lists laid side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Arrays",
    "arrays_of",
    "below",
    "padded_lists",
    "table_from_bytes",
    "table_to_bytes",
    "tensors_of",
    "under",
    "with_columns",
    "with_room",
]

Arrays = dict[str, npt.NDArray[Any]]
_LANES = 4


def under(part: str, state: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """A part's state under its name.

    Example:
        >>> list(under("users", {"seen": np.zeros(1)}))
        ['users/seen']
    """
    return {f"{part}/{name}": values for name, values in state.items()}


def below(part: str, state: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """A part's state out of the whole.

    Example:
        >>> list(below("users", {"users/seen": np.zeros(1), "items/seen": np.zeros(1)}))
        ['seen']
    """
    prefix = f"{part}/"
    return {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}


def arrays_of(tensors: Mapping[str, Tensor]) -> Arrays:
    """Tensors as arrays, on the CPU, sharing memory where they are there already."""
    return {name: each.detach().cpu().numpy() for name, each in tensors.items()}


def tensors_of(state: Mapping[str, npt.NDArray[Any]]) -> dict[str, Tensor]:
    """Arrays as tensors of their own.

    Example:
        >>> tensors_of({"a": np.ones(2)})["a"].tolist()
        [1.0, 1.0]
    """
    import torch  # noqa: PLC0415  most of the package needs none

    return {name: torch.from_numpy(np.array(each)) for name, each in state.items()}


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


def padded_lists(flat_E: npt.NDArray[np.int32], count_N: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Lay lists side by side, filled up with 0 on the right.

    The width follows the longest list, so a later one may widen the rectangle around an earlier one.
    That must not change what is learned of the earlier one, not even in the last bit. PyTorch adds up
    six or more values in four lanes, and which lane a value falls in depends on the width unless that
    is a multiple of four: beyond five, it is.

    Args:
        flat_E: the lists' elements, one list after the other. count_N: how many each list has.

    Returns:
        int32 (N, width), at least one wide.

    Example:
        >>> padded_lists(np.array([7, 8, 9], np.int32), np.array([2, 0, 1])).tolist()
        [[7, 8], [0, 0], [9, 0]]
    """
    width = max(1, int(count_N.max(initial=0)))
    if width > _LANES + 1:
        width = -(-width // _LANES) * _LANES
    padded = np.zeros((count_N.size, width), dtype=np.int32)
    padded[np.arange(width) < count_N[:, None]] = flat_E
    return padded


def with_columns(table: pa.Table, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    """A table with columns in place of those of their names, or behind the others.

    Example:
        >>> with_columns(pa.table({"a": [1], "b": [2]}), {"a": pa.array([5]), "c": pa.array([7])}).to_pylist()
        [{'a': 5, 'b': 2, 'c': 7}]
    """
    for name, values in columns.items():
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, values)
        else:
            table = table.append_column(name, values)
    return table


def with_room(values_X: npt.NDArray[Any], used: int, needed: int) -> npt.NDArray[Any]:
    """An array of at least ``needed``, the first ``used`` as they were, the others 0.

    Example:
        >>> with_room(np.array([5, 6]), 1, 4).tolist()
        [5, 0, 0, 0]
    """
    if needed <= values_X.size:
        return values_X
    longer_X = np.zeros(max(needed, values_X.size + values_X.size // 2), values_X.dtype)
    longer_X[:used] = values_X[:used]
    return longer_X
