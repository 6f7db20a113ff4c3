"""Serving: what a model makes of every item, once per version, kept compactly and read without loading it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from interestclock.arrays import with_rows
from interestclock.errors import ResultError
from interestclock.files import written_aside

__all__ = ["ProjectionCache"]

# Shapes: N items, Z projection of all heads, L behaviours, C candidates, R rows that changed.

_ROWS_AT_A_TIME = 65_536
_FORMATS = (torch.float16, torch.bfloat16, torch.float32)


class ProjectionCache:
    """Items' keys :math:`b W_b` and queries :math:`q W_q`, all heads side by side, of one model version.

    The file is mapped into memory: opening a million items reads them once, to check that every number is
    finite, and keeps none. A new version is a new file, written aside and renamed, so that who reads the old
    one goes on undisturbed.

    Source: Long-term Interest Clock, WWW 2025, section 3.2 (what the online parameter store holds).

    Args:
        path: a file that ``write`` wrote.

    Raises:
        ResultError: the file is missing, cut off, no cache of projections, or holds a number that is not
            finite.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "projections.safetensors"
        >>> cache = ProjectionCache.write(
        ...     path, key_NZ=torch.eye(3), query_NZ=2 * torch.eye(3), version="2026-11-23T08:00")
        >>> cache.keys(torch.tensor([2, 0])).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
        >>> newer = cache.updated(
        ...     path, item_R=torch.tensor([0]), key_RZ=torch.ones(1, 3), query_RZ=torch.ones(1, 3),
        ...     version="2026-11-23T08:10")
        >>> newer.version, newer.keys(torch.tensor([0])).tolist(), cache.keys(torch.tensor([0])).tolist()
        ('2026-11-23T08:10', [[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path = Path(path)
        try:
            with safe_open(path, framework="pt") as opened:
                self.version = str((opened.metadata() or {})["version"])
                self._key_NZ: Tensor = opened.get_tensor("key")
                self._query_NZ: Tensor = opened.get_tensor("query")
        except FileNotFoundError as error:
            raise ResultError(f"{path}: no such file; write the projections first") from error
        except (SafetensorError, KeyError, OSError) as error:
            raise ResultError(f"{path}: no whole cache of projections ({error}); write it again") from error
        for name, rows_NZ in (("key", self._key_NZ), ("query", self._query_NZ)):
            _check_finite(rows_NZ, f"{path}: the {name} of item")

    def __len__(self) -> int:
        return len(self._key_NZ)

    @classmethod
    def write(
        cls,
        path: str | Path,
        *,
        key_NZ: Tensor,
        query_NZ: Tensor,
        version: str,
        dtype: torch.dtype = torch.float16,
    ) -> ProjectionCache:
        """Write the projections of all items and open them.

        Args:
            path: of the file; replaced in one step if it is there.
            key_NZ, query_NZ: by item number. version: of the model they come from.
            dtype: float16, bfloat16 or float32.

        Raises:
            ResultError: shapes differ, the type is another, or a number is not finite, or not in ``dtype``.
        """
        if key_NZ.shape != query_NZ.shape or key_NZ.ndim != 2:
            raise ResultError(
                f"keys have shape {tuple(key_NZ.shape)}, queries {tuple(query_NZ.shape)}; "
                "give (items, Z) twice"
            )
        if dtype not in _FORMATS:
            raise ResultError(f"projections cannot be kept as {dtype}; use float16, bfloat16 or float32")
        rows = {"key": key_NZ.detach().to(dtype, copy=True), "query": query_NZ.detach().to(dtype, copy=True)}
        for name, rows_NZ in rows.items():
            _check_finite(rows_NZ, f"as {dtype}, the {name} of item")
        with written_aside(Path(path)) as aside:
            save_file({name: each.contiguous() for name, each in rows.items()}, aside, {"version": version})
        return cls(path)

    def updated(
        self, path: str | Path, *, item_R: Tensor, key_RZ: Tensor, query_RZ: Tensor, version: str
    ) -> ProjectionCache:
        """A new version in which some items' rows changed; items beyond the last are new.

        Args:
            path: of the new file; the old one's own path replaces it. item_R: int64 item numbers.
            key_RZ, query_RZ: their projections. version: of the model they come from.

        Raises:
            ResultError: as ``write``; or an item between the last and a new one has no row.
        """
        size = max(len(self), int(item_R.max()) + 1 if len(item_R) else 0)
        new = set(range(len(self), size)) - set(item_R.tolist())
        if new:
            raise ResultError(f"item {min(new)} is new and has no row; give one for every new item")
        changed = []
        for rows_NZ, rows_RZ in ((self._key_NZ, key_RZ), (self._query_NZ, query_RZ)):
            grown_NZ = with_rows(rows_NZ, size)
            grown_NZ[item_R] = rows_RZ.to(rows_NZ.dtype)
            changed.append(grown_NZ)
        dtype = self._key_NZ.dtype
        return self.write(path, key_NZ=changed[0], query_NZ=changed[1], version=version, dtype=dtype)

    def keys(self, item_L: Tensor) -> Tensor:
        """Keys of behaviours' items, float32 (L, Z)."""
        return self._key_NZ.index_select(0, item_L).float()

    def queries(self, item_C: Tensor) -> Tensor:
        """Queries of candidates, float32 (C, Z)."""
        return self._query_NZ.index_select(0, item_C).float()


def _check_finite(rows_NZ: Tensor, what: str) -> None:
    for first in range(0, len(rows_NZ), _ROWS_AT_A_TIME):
        bad_R = (~torch.isfinite(rows_NZ[first : first + _ROWS_AT_A_TIME]).all(1)).nonzero()
        if len(bad_R):
            raise ResultError(f"{what} {first + int(bad_R[0])} holds a number that is not finite")
