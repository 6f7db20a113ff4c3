"""Arrays of a saved ranker, looked at before they are believed: there, of their type, finite, in range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.ranking.config import FeatureNames, RankerConfig

__all__ = ["check_arrays", "check_sizes", "check_widths"]


def check_sizes(config: RankerConfig, names: FeatureNames, arrays: Mapping[str, Tensor]) -> None:
    """Refuse sizes that no array has, before anything of that size is built.

    Raises:
        ResultError: ``dim``, a width or the number of layers is that of another ranker.

    Example:
        >>> names, arrays = FeatureNames(tasks=("finish",)), {"table.weight": torch.zeros(1, 16)}
        >>> check_sizes(RankerConfig(dim=99), names, arrays)
        Traceback (most recent call last):
        interestclock.errors.ResultError: dim is 99, and no array is so wide
    """
    widths = {width for array in arrays.values() for width in array.shape}
    for name, given in (
        ("dim", (config.dim,)),
        ("hidden", config.hidden),
        ("tower_width", (config.tower_width,)),
    ):
        for width in given:
            if width not in widths:
                raise ResultError(f"{name} is {width}, and no array is so wide")
    for name, count in (("cross_layers", config.cross_layers), ("tasks", len(names.tasks))):
        if count > len(arrays):
            raise ResultError(f"{name} is {count}, and there are {len(arrays)} arrays")


def check_arrays(
    arrays: Mapping[str, Tensor], built: Mapping[str, Tensor], rows: Mapping[str, Tensor]
) -> None:
    """Refuse weights of another type or not finite, and rows that the table does not have.

    Args:
        arrays: saved weights by name. built: the ranker's own of the same names, before they are filled in.
        rows: the table's row of each feature's values, by number.

    Raises:
        ResultError: names the array.

    Example:
        >>> check_arrays({"a": torch.tensor([torch.nan])}, {"a": torch.zeros(1)}, {})
        Traceback (most recent call last):
        interestclock.errors.ResultError: array 'a' has numbers that are not finite
    """
    for name, array in arrays.items():
        if array.dtype != built[name].dtype:
            raise ResultError(f"array '{name}' is {array.dtype}, not {built[name].dtype}")
        if array.is_floating_point() and not bool(torch.isfinite(array).all()):
            raise ResultError(f"array '{name}' has numbers that are not finite")
    taken = [_checked_rows(name, each, len(arrays["table.weight"])) for name, each in rows.items()]
    if taken and len(torch.unique(row_R := torch.cat(taken))) < len(row_R):
        raise ResultError("a row of the table is that of two values")


def _checked_rows(feature: str, row_V: Tensor, rows: int) -> Tensor:
    """The rows that a feature's values have."""
    name = f"rows.{feature}"
    if row_V.dtype != torch.int64 or row_V.ndim != 1 or not len(row_V):
        raise ResultError(
            f"array '{name}' is {row_V.dtype} of shape {tuple(row_V.shape)}, not int64 (values,)"
        )
    if row_V[0] != 0 or bool(((row_V < 0) | (row_V >= rows)).any()):
        raise ResultError(
            f"array '{name}' names rows that are not among the table's {rows}, or the first is not 0"
        )
    return row_V[row_V > 0]


def check_widths(row_NF: Tensor, widths: Sequence[int], *, attributes: int, rows: int) -> None:
    """Refuse items' rows that are none of the table's, or are not divided as there are attributes.

    Args:
        row_NF: of items. widths: how its columns are divided. attributes: how many an item has.
        rows: of the table.

    Raises:
        ResultError: says what does not fit.

    Example:
        >>> check_widths(torch.zeros(1, 3, dtype=torch.int64), [1, 2], attributes=1, rows=1)
        >>> check_widths(torch.zeros(1, 3, dtype=torch.int64), [4, -1], attributes=1, rows=1)
        Traceback (most recent call last):
        interestclock.errors.ResultError: item_widths is [4, -1] for 1 attributes and 3 columns; ...
    """
    if row_NF.dtype != torch.int64 or row_NF.ndim != 2:
        raise ResultError(
            f"array 'items.row_NF' is {row_NF.dtype} of shape {tuple(row_NF.shape)}, not int64 (N, F)"
        )
    whole = len(widths) == 1 + attributes or (
        list(widths) == [1] and len(row_NF) == 1
    )  # no item was described
    if not whole or min(widths) < 0 or sum(widths) != row_NF.shape[1]:
        raise ResultError(
            f"item_widths is {list(widths)} for {attributes} attributes and {row_NF.shape[1]} columns; it "
            "divides them, the item's own first"
        )
    if bool(((row_NF < 0) | (row_NF >= rows)).any()):
        raise ResultError(f"array 'items.row_NF' names rows that are not among the table's {rows}")
