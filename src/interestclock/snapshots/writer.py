"""Snapshots on the trainer's side: written aside, forced to disk, renamed; the oldest go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from interestclock.errors import ConfigError, ResultError
from interestclock.snapshots.note import (
    DELTA,
    FULL,
    MANIFEST,
    WEIGHTS,
    SnapshotNote,
    digest_of,
    snapshot_names,
)

__all__ = ["CURRENT", "SnapshotWriter", "Touched"]

# Shapes: R rows, D any.

CURRENT = "CURRENT"
DENSE, TABLE, ROWS = "dense/", "table/", "rows/"
_ASIDE = ".unfinished-"


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


class SnapshotWriter:
    """Writes ``NNNNNNNN-full`` and ``NNNNNNNN-delta``, each a folder of weights and a manifest.

    A folder with such a name is whole: it was written aside, forced to disk and renamed. ``CURRENT`` names
    the newest. A delta carries the rows that changed since the snapshot before; rows that a table gained and
    that were not touched are zero. What a crash left half written is removed at the next start.

    Args:
        folder: made if needed; what is there is gone on from.
        feature_fingerprint: of what features there are. keep: whole snapshots kept, with their deltas.

    Raises:
        ConfigError: ``keep`` is below 1.
        ResultError: (from ``full`` and ``delta``) it cannot be written, or holds a number that is not finite.

    Example:
        >>> import tempfile
        >>> writer = SnapshotWriter(Path(tempfile.mkdtemp()), feature_fingerprint="f")
        >>> table, said = torch.zeros(3, 2), {"about": {}, "watermark_ms": 0, "step": 0}
        >>> writer.full(dense={}, tables={"weight": table}, **said).name
        '00000001-full'
        >>> one = Touched(rows=4, row_R=torch.tensor([3]), value_RD=torch.ones(1, 2))
        >>> writer.delta(dense={}, tables={"weight": one}, **said).parent
        '00000001-full'
    """

    def __init__(self, folder: Path, *, feature_fingerprint: str, keep: int = 2) -> None:
        if keep < 1:
            raise ConfigError(f"keep is {keep}; keep 1 or more whole snapshots")
        self.folder, self.keep, self._fingerprint = folder, keep, feature_fingerprint
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        names = snapshot_names(folder)
        self._last = names[-1] if names else None

    def full(
        self,
        *,
        dense: Mapping[str, Tensor],
        tables: Mapping[str, Tensor],
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotNote:
        """Write everything.

        Args:
            dense: arrays by name. tables: arrays addressed by row, by name. about: how to build the ranker.
            watermark_ms: event time up to which was learned. step: of the learner.
        """
        tensors = {f"{DENSE}{name}": each for name, each in dense.items()}
        tensors |= {f"{TABLE}{name}": each for name, each in tables.items()}
        counts = {name: {"rows": len(each), "touched": len(each)} for name, each in tables.items()}
        return self._write(FULL, tensors, counts, about=about, watermark_ms=watermark_ms, step=step)

    def delta(
        self,
        *,
        dense: Mapping[str, Tensor],
        tables: Mapping[str, Touched],
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotNote:
        """Write what changed since the snapshot before.

        Args:
            dense: arrays by name, whole. tables: what changed of each. The others: as for ``full``.

        Raises:
            ResultError: also where there is no snapshot to go on from.
        """
        if self._last is None:
            raise ResultError(f"{self.folder}: no snapshot to go on from; write a whole one first")
        tensors = {f"{DENSE}{name}": each for name, each in dense.items()}
        for name, each in tables.items():
            tensors |= {f"{ROWS}{name}": each.row_R, f"{TABLE}{name}": each.value_RD}
        counts = {name: {"rows": each.rows, "touched": len(each.row_R)} for name, each in tables.items()}
        return self._write(DELTA, tensors, counts, about=about, watermark_ms=watermark_ms, step=step)

    def _write(
        self,
        kind: str,
        tensors: Mapping[str, Tensor],
        counts: dict[str, dict[str, int]],
        *,
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotNote:
        _check_finite(tensors)
        number = 1 + (int(self._last.partition("-")[0]) if self._last is not None else 0)
        name = f"{number:08d}-{kind}"
        aside = self.folder / f"{_ASIDE}{name}"
        try:
            aside.mkdir()
            whole = {each: tensor.detach().contiguous().cpu() for each, tensor in tensors.items()}
            save_file(whole, aside / WEIGHTS)
            note = SnapshotNote(
                name=name,
                number=number,
                kind=kind,
                parent=self._last if kind == DELTA else None,
                watermark_ms=watermark_ms,
                step=step,
                feature_fingerprint=self._fingerprint,
                tables=counts,
                sha256=digest_of(aside / WEIGHTS),
                bytes=(aside / WEIGHTS).stat().st_size,
                about=about,
            )
            (aside / MANIFEST).write_text(note.to_json(), encoding="utf-8")
            for path in (aside / WEIGHTS, aside / MANIFEST, aside):
                _force(path)
            aside.rename(self.folder / name)
            self._point_to(name)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise ResultError(
                f"{self.folder / name}: the snapshot cannot be written ({error}); make room. "
                "The ones before stay"
            ) from error
        self._last = name
        self._let_go()
        return note

    def _point_to(self, name: str) -> None:
        aside = self.folder / f"{_ASIDE}{CURRENT}"
        aside.write_text(name, encoding="utf-8")
        _force(aside)
        aside.replace(self.folder / CURRENT)
        _force(self.folder)

    def _let_go(self) -> None:
        """Remove what stands before the oldest whole snapshot kept: no delta is left without its parent."""
        names = snapshot_names(self.folder)
        whole = [name for name in names if name.endswith(FULL)]
        if len(whole) > self.keep:
            for name in names[: names.index(whole[-self.keep])]:
                shutil.rmtree(self.folder / name)


def _check_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, each in tensors.items():
        if each.is_floating_point() and not bool(torch.isfinite(each).all()):
            raise ResultError(
                f"{name} holds a number that is not finite: training diverged; lower the learning rate and "
                "go on from an older checkpoint. No snapshot was written"
            )


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
