"""Arrays addressed by row: what a snapshot may hold of them, and how rows that changed are put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.snapshots.manifest import TableManifest

__all__ = ["Touched", "all_finite", "put_rows", "ready", "row_bytes", "table_manifest"]

# Shapes: N rows of a table, R rows of it that changed, D any, W bytes of a row.

_FLOAT8 = (torch.float8_e4m3fn, torch.float8_e5m2)
_INTEGERS = (torch.int8, torch.int16, torch.int32, torch.int64)
_NATURALS = (torch.bool, torch.uint8, torch.uint16, torch.uint32, torch.uint64)
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64)
_DTYPES = (*_FLOAT8, *_INTEGERS, *_NATURALS, *_FLOATS)  # safetensors writes others and cannot read them again


@dataclass(frozen=True, kw_only=True)
class Touched:
    """What of a table changed.

    Args:
        rows: how many the table has now. row_R: int64, ascending. value_RD: what stands there now.

    Example:
        >>> Touched(rows=3, row_R=torch.tensor([2]), value_RD=torch.ones(1, 4)).rows
        3
    """

    rows: int
    row_R: Tensor
    value_RD: Tensor

    def problem(self, before: TableManifest) -> str | None:
        """Why these rows do not go on from a table as it was; None if they do."""
        now = table_manifest(self.value_RD, rows=self.rows)
        if isinstance(now, str):
            return now
        if (now.width, now.dtype) != (before.width, before.dtype):
            return f"rows of {now.width} {now.dtype}, before of {before.width} {before.dtype}"
        if self.rows < before.rows:
            return f"{self.rows:,} rows, before {before.rows:,}"
        return self._problem_of_numbers()

    def _problem_of_numbers(self) -> str | None:
        row_R = self.row_R
        if row_R.dtype != torch.int64 or row_R.ndim != 1 or len(row_R) != len(self.value_RD):
            return f"row numbers {row_R.dtype} of shape {tuple(row_R.shape)} for {len(self.value_RD):,} rows"
        if bool((row_R[1:] <= row_R[:-1]).any()):
            return "row numbers that do not ascend"
        if len(row_R) and not 0 <= int(row_R[0]) <= int(row_R[-1]) < self.rows:
            return f"rows {int(row_R[0])} to {int(row_R[-1])} of {self.rows:,}"
        return None


def table_manifest(value_RD: Tensor, *, rows: int) -> TableManifest | str:
    """What a manifest says of a table of which these rows are written; a text says why it cannot be."""
    if value_RD.ndim not in (1, 2) or value_RD.dtype not in _DTYPES:
        return f"shape {tuple(value_RD.shape)} of {value_RD.dtype}; a table has one axis or two"
    width = value_RD.shape[1] if value_RD.ndim > 1 else None
    return TableManifest(
        rows=rows, touched=len(value_RD), width=width, dtype=str(value_RD.dtype).removeprefix("torch.")
    )


def ready(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as they go into the file: on the CPU, in one piece, each with memory of its own.

    Raises:
        ResultError: a number is not finite, or of a type that could not be read again.
    """
    whole: dict[str, Tensor] = {}
    storages: set[int] = set()
    for name, each in tensors.items():
        if each.dtype not in _DTYPES:
            raise ResultError(f"{name} is {each.dtype}, which cannot be read again. No snapshot was written")
        if not all_finite(each):
            raise ResultError(
                f"{name} holds a number that is not finite: training diverged; lower the learning rate and "
                "start anew in another folder. No snapshot was written"
            )
        one = each.detach().contiguous().cpu()
        storage = one.untyped_storage().data_ptr()
        whole[name] = one.clone() if storage in storages else one
        storages.add(storage)
    return whole


def all_finite(values: Tensor) -> bool:
    """Whether no number is infinite or none; whole numbers always are."""
    if not (values.is_floating_point() or values.is_complex()):
        return True
    plain = values.float() if values.dtype in _FLOAT8 else values
    return bool(torch.isfinite(plain).all())


def put_rows(table_ND: Tensor, row_R: Tensor, value_RD: Tensor) -> None:
    """Write rows into a table, byte by byte: not every type of number can be indexed."""
    if value_RD.numel():
        row_bytes(table_ND).index_copy_(0, row_R, row_bytes(value_RD.contiguous()))


def row_bytes(table_ND: Tensor) -> Tensor:
    """The same memory as uint8 (N, W)."""
    return (table_ND.unsqueeze(1) if table_ND.ndim == 1 else table_ND).view(torch.uint8)
