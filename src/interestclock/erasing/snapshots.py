"""A trainer's snapshots without erased users: one whole one, and none before it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from interestclock.erasing.erased_ids import IsErased
from interestclock.files import remove_folder
from interestclock.snapshots import SnapshotReader, SnapshotWriter
from interestclock.snapshots.manifest import snapshot_names

__all__ = ["erase_snapshots"]

# Shapes: R users by slot from 1, W bytes of the longest id.

_USERS, _ROWS, _WEIGHT = "ids.user", "rows.user", "weight"
_PADDING, _NO_INTEGER = 0xFF, -(2**63)  # as ``TrainerSnapshots`` writes an id that is none


def erase_snapshots(folder: Path, is_erased: IsErased) -> int:
    """Write the newest snapshot anew, whole and without erased users; those before it go.

    Who came back as a new user is in the next one that the trainer writes.

    Args:
        folder: of snapshots. is_erased: of an id as text.

    Returns:
        How many snapshots went.

    Raises:
        ResultError: the newest is damaged, or none can be written; all are as they were.
    """
    names = snapshot_names(folder)
    if not names:
        return 0
    newest = SnapshotReader(folder).load()
    manifest = newest.manifest
    SnapshotWriter(folder, feature_fingerprint=manifest.feature_fingerprint, keep=len(names) + 1).full(
        dense=newest.dense,
        tables=_without(dict(newest.tables), is_erased),
        about=manifest.about,
        watermark_ms=manifest.watermark_ms,
        step=manifest.step,
    )
    for name in reversed(names):  # at no moment is a delta without its parent
        remove_folder(folder / name)
    return len(names)


def _without(tables: dict[str, Tensor], is_erased: IsErased) -> dict[str, Tensor]:
    """Their ids are none, they have no row, and the row that they had is zero."""
    if _USERS not in tables:
        return tables
    gone = [place for place, each in enumerate(_ids(tables[_USERS])) if each is not None and is_erased(each)]
    index_R = torch.tensor(gone, dtype=torch.int64)
    for name in (_USERS, _ROWS, _WEIGHT):
        tables[name] = tables[name].clone()
    row_R = tables[_ROWS][index_R + 1]
    tables[_WEIGHT][row_R[row_R > 0]] = 0.0
    tables[_ROWS][index_R + 1] = 0
    tables[_USERS][index_R] = _PADDING if tables[_USERS].ndim > 1 else _NO_INTEGER
    return tables


def _ids(ids: Tensor) -> list[str | None]:
    """Ids as text, None where there is none."""
    if ids.ndim == 1:
        return [None if each == _NO_INTEGER else str(each) for each in ids.tolist()]
    rows = (bytes(each).rstrip(bytes([_PADDING])) for each in ids.numpy())
    return [each.decode() or None for each in rows]
