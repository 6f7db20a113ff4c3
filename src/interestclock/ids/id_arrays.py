"""Ids between Arrow, Python and the arrays of a checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import texts_as_arrays, texts_in
from interestclock.errors import LogError

__all__ = ["bytes_of", "ids_as_arrays", "ids_in", "plain_ids"]

_PLAIN = (pa.int64(), pa.string())
_BYTES_OF_INTEGER, _BYTES_OF_TEXT = sys.getsizeof(1 << 60), sys.getsizeof("")


def plain_ids(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Ids in one piece, as int64 or string."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.chunk(0) if ids.num_chunks == 1 else ids.combine_chunks()
    if ids.type in _PLAIN:
        return ids
    kind = ids.type.value_type if pa.types.is_dictionary(ids.type) else ids.type
    if pa.types.is_signed_integer(kind) or pa.types.is_null(kind):
        return ids.cast(pa.int64())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return ids.cast(pa.string())
    raise LogError(f"ids are of type {ids.type}; give 64-bit integers or strings")


def bytes_of(each: int | str) -> int:
    """Roughly what an object takes; what Python says of a string grows once it was written somewhere."""
    return _BYTES_OF_TEXT + len(each) if isinstance(each, str) else _BYTES_OF_INTEGER


def ids_as_arrays(ids: Sequence[int | str | None], *, text: bool) -> dict[str, npt.NDArray[Any]]:
    """Ids by number: ``ids`` if they are integers, 0 for None, else texts."""
    if not text:
        return {"ids": np.array([0 if each is None else each for each in ids], np.int64)}
    state = texts_as_arrays(ids)
    return {"text": state["text"], "ends": state["ends"]}


def ids_in(state: Mapping[str, npt.NDArray[Any]]) -> tuple[pa.DataType | None, list[int | str]]:
    """Type and ids of what ``ids_as_arrays`` gave; any value where there was None."""
    if "text" not in state:
        return (pa.int64() if len(state["ids"]) > 1 else None), state["ids"].tolist()
    return pa.string(), texts_in(state).to_pylist()
