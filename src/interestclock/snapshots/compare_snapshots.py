"""What changed between two snapshots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from interestclock.snapshots.reader import SnapshotReader
from interestclock.snapshots.rows import row_bytes

__all__ = ["SnapshotChange", "diff"]

# Shapes: N rows, R rows that changed, D any.


@dataclass(frozen=True, kw_only=True)
class SnapshotChange:
    """Of one array: rows that came, that went, and that changed (of those in both), and the largest change.

    ``largest`` is of numbers; None where shapes or types differ or the array is in one snapshot only.

    Example:
        >>> SnapshotChange(name="weight", rows=3, added=1, removed=0, changed=0, largest=0.0).added
        1
    """

    name: str
    rows: int
    added: int
    removed: int
    changed: int
    largest: float | None


def diff(folder: str | Path, first: str, second: str) -> list[SnapshotChange]:
    """What changed from one snapshot to another, array by array; those that did not are left out.

    A row is as it was if its bits are.

    Raises:
        ResultError: one of them cannot be read.

    Example:
        >>> import tempfile
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> writer, common = SnapshotWriter(folder, feature_fingerprint="f"), {"watermark_ms": 0, "step": 0}
        >>> names = [writer.full(dense={"bias": each}, tables={}, about={}, **common).name
        ...          for each in (torch.zeros(2), torch.tensor([0.0, 3.0]))]
        >>> diff(folder, *names)
        [SnapshotChange(name='bias', rows=2, added=0, removed=0, changed=1, largest=3.0)]
    """
    reader = SnapshotReader(folder)
    before = reader.load(first)
    after = reader.go_on(second, before)
    return _changes(before.dense, after.dense) + _changes(before.tables, after.tables)


def _changes(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[SnapshotChange]:
    names = sorted(before.keys() | after.keys())
    changes = [_change(name, before.get(name), after.get(name)) for name in names]
    return [each for each in changes if each.added or each.removed or each.changed or each.largest is None]


def _change(name: str, before: Tensor | None, after: Tensor | None) -> SnapshotChange:
    old_ND, new_ND = _as_rows(before), _as_rows(after)
    if (
        before is None
        or after is None
        or before.shape[1:] != after.shape[1:]
        or _kind(before) != _kind(after)
    ):
        rows, was = len(new_ND), len(old_ND)
        return SnapshotChange(name=name, rows=rows, added=rows, removed=was, changed=0, largest=None)
    both = min(len(old_ND), len(new_ND))
    row_R = torch.zeros(0, dtype=torch.int64)
    if old_ND.shape[1]:
        row_R = (row_bytes(old_ND[:both]) != row_bytes(new_ND[:both])).any(1).nonzero().squeeze(1)
    return SnapshotChange(
        name=name,
        rows=len(new_ND),
        added=len(new_ND) - both,
        removed=len(old_ND) - both,
        changed=len(row_R),
        largest=_largest(_rows_of(old_ND, row_R), _rows_of(new_ND, row_R)),
    )


def _kind(values: Tensor) -> tuple[int, torch.dtype]:
    return values.ndim, values.dtype


def _as_rows(values: Tensor | None) -> Tensor:
    """Two axes, whatever it had; no rows of what is not there."""
    if values is None:
        return torch.zeros(0, 1)
    return values.reshape(len(values), math.prod(values.shape[1:])) if values.ndim else values.reshape(1, 1)


def _rows_of(values_ND: Tensor, row_R: Tensor) -> Tensor:
    return row_bytes(values_ND)[row_R].view(values_ND.dtype) if len(row_R) else values_ND[:0]


def _largest(before_RD: Tensor, after_RD: Tensor) -> float:
    """Of whole numbers exactly: the distance of two int64 fits uint64, and float64 would lose low bits."""
    if not before_RD.numel():
        return 0.0
    if before_RD.is_complex() or before_RD.is_floating_point():
        wide = torch.complex128 if before_RD.is_complex() else torch.float64
        return float((after_RD.to(wide) - before_RD.to(wide)).abs().max())
    one, other = before_RD.numpy(), after_RD.numpy()
    apart = np.maximum(one, other).astype(np.uint64) - np.minimum(one, other).astype(np.uint64)
    return float(apart.max())
