"""Context in samples: ids as numbers, quantities as floats; as arrays on disk and as tensors in a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from interestclock.arrays import padded_lists
from interestclock.events.context import CONTEXT_KINDS, ContextKind, ContextNames

__all__ = [
    "ContextArrays",
    "ContextTensors",
    "context_arrays",
    "context_numbered",
    "context_of_table",
    "context_tensors",
]

# Shapes: B exposures, V values, X values of all exposures.

IntArray = npt.NDArray[np.integer]
Number = Callable[[str, pa.Array], npt.NDArray[np.int32]]  # a name and ids (X,) -> their numbers (X,)
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ContextArrays:
    """Context of exposures, by name.

    Args:
        categorical: numbers (B,) each. multivalued: (B, V). numeric: float32 (B,), NaN is missing.

    Example:
        >>> ContextArrays(categorical={"device": np.array([1, 2])}).numeric
        {}
    """

    categorical: Mapping[str, IntArray] = field(default_factory=dict)
    multivalued: Mapping[str, IntArray] = field(default_factory=dict)
    numeric: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ContextTensors:
    """Context of a batch, by name.

    Args:
        categorical: int64 (B,) each. multivalued: int64 (B, V). numeric: float32 (B,), NaN is missing.

    Example:
        >>> ContextTensors(numeric={"age": torch.tensor([31.0])}).categorical
        {}
    """

    categorical: dict[str, Tensor] = field(default_factory=dict)
    multivalued: dict[str, Tensor] = field(default_factory=dict)
    numeric: dict[str, Tensor] = field(default_factory=dict)


def context_of_table(table: pa.Table, names: ContextNames, number: Number) -> Columns:
    """Columns ``KIND.NAME`` of an event table as samples hold them.

    Args:
        table: B events. names: of their context. number: name and ids (X,) -> their numbers (X,).

    Example:
        >>> events = pa.table({"multivalued.tags": [["a", "b"], []], "numeric.age": [31.0, None]})
        >>> columns = context_of_table(events, ContextNames(multivalued=("tags",), numeric=("age",)),
        ...     lambda name, ids: np.arange(1, 1 + len(ids)))
        >>> columns["multivalued.tags"].tolist(), columns["numeric.age"].tolist()
        ([[1, 2], [0, 0]], [31.0, nan])
    """
    columns: Columns = {}
    for kind, name, column in _each(names):
        values = table[column].combine_chunks()
        if not kind.ids:
            columns[column] = _quantity(values)
        elif kind.several:
            counts = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False)
            columns[column] = padded_lists(number(name, pc.list_flatten(values)), counts.astype(np.int64))
        else:
            columns[column] = number(name, values)
    return columns


def _each(names: ContextNames) -> Iterator[tuple[ContextKind, str, str]]:
    """Kind, name and column ``KIND.NAME``."""
    for kind in CONTEXT_KINDS:
        for name in names.context[kind.name]:
            yield kind, name, f"{kind.name}.{name}"


def _quantity(values: pa.Array) -> npt.NDArray[np.float32]:
    return np.asarray(values.fill_null(float("nan")).to_numpy(zero_copy_only=False), np.float32)


def context_arrays(columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Fields of ``ContextArrays``, out of columns ``KIND.NAME``.

    Example:
        >>> context_arrays({"numeric.age": np.zeros(1), "user": np.zeros(1)})["numeric"]
        {'age': array([0.])}
    """
    return {
        kind.name: {
            name.removeprefix(f"{kind.name}."): column
            for name, column in columns.items()
            if name.startswith(f"{kind.name}.")
        }
        for kind in CONTEXT_KINDS
    }


def context_numbered(table: pa.Table, names: ContextNames, numbers: Mapping[str, IntArray]) -> dict[str, Any]:
    """Fields of ``ContextArrays``, where ids have their numbers already.

    Args:
        table: B events. names: of their context. numbers: of ids, name -> (B,) or (B, V).

    Example:
        >>> events = pa.table({"numeric.age": [31.0]})
        >>> context_numbered(events, ContextNames(numeric=("age",)), {})["numeric"]
        {'age': array([31.], dtype=float32)}
    """
    return context_arrays(
        {
            column: numbers[name] if kind.ids else _quantity(table[column].combine_chunks())
            for kind, name, column in _each(names)
        }
    )


def context_tensors(arrays: ContextArrays, whole: Callable[[npt.NDArray[Any]], Tensor]) -> dict[str, Any]:
    """Fields of ``ContextTensors``.

    Args:
        arrays: what a batch is made of. whole: makes int64 of ids.

    Example:
        >>> context_tensors(ContextArrays(numeric={"age": np.float32([31])}), torch.from_numpy)["numeric"]
        {'age': tensor([31.])}
    """
    return {
        kind.name: {
            name: whole(each) if kind.ids else torch.from_numpy(each)
            for name, each in getattr(arrays, kind.name).items()
        }
        for kind in CONTEXT_KINDS
    }
