"""Arrays beyond NumPy: states as nested named arrays, texts and tables in them, and arrays that grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
    "texts_as_arrays",
    "texts_in",
    "under",
    "whole_column",
    "whole_tensor",
    "with_columns",
    "with_room",
    "with_rows",
]

Arrays = dict[str, npt.NDArray[Any]]
_LANES = 4
_T = TypeVar("_T")


def under(part: str, state: Mapping[str, _T]) -> dict[str, _T]:
    """A part's state under its name, in that of the whole; of arrays or of tensors.

    Example:
        >>> list(under("users", {"seen": np.zeros(1)}))
        ['users/seen']
    """
    return {f"{part}/{name}": values for name, values in state.items()}


def below(part: str, state: Mapping[str, _T]) -> dict[str, _T]:
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


def whole_column(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """A column of whole numbers as int64.

    Example:
        >>> whole_column(pa.table({"serial": pa.array([3], pa.int32())}), "serial").dtype
        dtype('int64')
    """
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def whole_tensor(values: npt.NDArray[Any]) -> Tensor:
    """Whole numbers as an int64 tensor; it may be written to, so memory of Arrow's is copied.

    Example:
        >>> whole_tensor(np.array([3], np.int32)).dtype
        torch.int64
    """
    import torch  # noqa: PLC0415  most of the package needs none

    whole = np.ascontiguousarray(values, np.int64)
    return torch.from_numpy(whole if whole.flags.writeable else whole.copy())


def texts_as_arrays(texts: Sequence[str | None] | pa.Array) -> Arrays:
    """Texts as ``text``, their UTF-8 one after the other, and ``ends`` of each, int64 (N + 1,), 0 first.

    Where one is null there is ``given``, bool (N,), too.

    Example:
        >>> {name: each.tolist() for name, each in texts_as_arrays(["a", "", "öl"]).items()}
        {'text': [97, 195, 182, 108], 'ends': [0, 1, 1, 4]}
    """
    kind = pa.large_string()
    column = pa.array(texts, kind) if isinstance(texts, Sequence) else texts.cast(kind)
    _, offsets, characters = column.buffers()
    ends = np.frombuffer(offsets, np.int64)[column.offset :][: len(column) + 1]
    text = np.frombuffer(characters or b"", np.uint8)[ends[0] : ends[-1]]
    state = {"text": text, "ends": ends - ends[0] if ends[0] else ends}
    return state | ({"given": column.is_valid().to_numpy(zero_copy_only=False)} if column.null_count else {})


def texts_in(state: Mapping[str, npt.NDArray[Any]]) -> pa.Array:
    """What ``texts_as_arrays`` was given, as large_string (N,).

    Example:
        >>> texts_in(texts_as_arrays(["a", None])).to_pylist()
        ['a', None]
    """
    ends, text = (np.ascontiguousarray(state[name]) for name in ("ends", "text"))
    given = pa.array(state["given"]).buffers()[1] if "given" in state else None
    return pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(text), given)


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


def with_room(
    values_X: npt.NDArray[Any], needed: int, *, used: int | None = None, fill: float | None = 0
) -> npt.NDArray[Any]:
    """An array that reaches ``needed`` or further along its first axis; it grows by half at least.

    So n places that are asked for one by one cost O(n), as compiled loops and all others read plain arrays.

    Args:
        used: places that were set; those behind them need not be copied. None: all. fill: what new ones hold.

    Example:
        >>> with_room(np.array([5, 6]), 4, used=1).tolist(), with_room(np.array([5, 6]), 2).tolist()
        ([5, 0, 0, 0], [5, 6])
    """
    have = len(values_X)
    if needed <= have:
        return values_X
    shape = (max(needed, have + have // 2), *values_X.shape[1:])
    # Zeros of the system cost nothing until they are written to.
    longer_X = np.zeros(shape, values_X.dtype) if fill == 0 else np.full(shape, fill, values_X.dtype)
    set_X = values_X[:used]
    longer_X[: len(set_X)] = set_X
    return longer_X


def with_rows(values_NX: Tensor, rows: int) -> Tensor:
    """A copy of a tensor with as many rows; those it did not have are zero.

    Example:
        >>> import torch
        >>> with_rows(torch.ones(1, 2), 2).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    longer_NX = values_NX.new_zeros(rows, *values_NX.shape[1:])
    longer_NX[: len(values_NX)] = values_NX
    return longer_NX
