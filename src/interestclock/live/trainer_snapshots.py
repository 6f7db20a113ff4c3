"""What a trainer leaves for servers: weights, the rows they stand in, and whose rows these are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from interestclock.checksums import digest_of_json
from interestclock.live.live_trainer import LiveTrainer
from interestclock.live.touched import WEIGHT
from interestclock.ranking import describe_ranker, table_names
from interestclock.snapshots import SnapshotManifest, SnapshotWriter
from interestclock.snapshots import Touched as TouchedRows

__all__ = ["TrainerSnapshots", "feature_fingerprint"]

# Shapes: R rows, N all rows of a table, W bytes of the longest id.

_NARROWEST_TEXT, _PADDING = 8, 0xFF
_NO_INTEGER = np.iinfo(np.int64).min
_Shape = tuple[torch.dtype, torch.Size]  # of the rows of a table


def feature_fingerprint(trainer: LiveTrainer) -> str:
    """SHA-256 over what features there are and how they are made: of another, no ranker is swapped in.

    Args:
        trainer: of which.
    """
    common = {"names": describe_ranker(trainer.ranker)["names"], "clocks": str(trainer.config.clocks)}
    return digest_of_json(common)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A table of a trainer, addressed by row.

    Args:
        rows: how many. changes: what its changes are noted under. first: number that its first row has there.
        read: some rows, int64 (R,), or all of them (None); text at least so many bytes wide.
    """

    rows: int
    changes: str
    first: int
    read: Callable[[npt.NDArray[np.int64] | None, int], Tensor]


class TrainerSnapshots:
    """Writes a trainer's snapshots: dense weights whole, tables whole or the rows that changed.

    ``weight`` is the table of embeddings; ``rows.FEATURE`` says which row a number has (0: none);
    ``ids.KIND`` which id has a number from 1 (text as UTF-8, padded with bytes 255, which it cannot hold;
    int64, −2⁶³ where none is); ``items`` which rows an item is made of. A delta costs what the rows that
    changed cost, however many there are.

    Args:
        folder: of the snapshots. trainer: whose.

    Raises:
        ResultError: the folder cannot be used; (from ``write``) as ``SnapshotWriter`` says.
    """

    def __init__(self, folder: Path, trainer: LiveTrainer) -> None:
        self._trainer = trainer
        self._writer = SnapshotWriter(folder, feature_fingerprint=feature_fingerprint(trainer))
        self._shapes: dict[str, _Shape] = {}  # of the last snapshot's tables; none was written here yet

    def write(self, *, whole: bool, quality: Mapping[str, Any] | None = None) -> SnapshotManifest:
        """Write one; all that changed counts as written from then on.

        Args:
            whole: everything; else what changed, unless only everything will do: in the first one of this
                process, and where a table has other rows than before, such as room for a longer id.
            quality: how well was predicted of late, as ``SnapshotQuality.about`` says it.
        """
        trainer, ranker = self._trainer, self._trainer.ranker
        shared = table_names(ranker)
        common: dict[str, Any] = {
            "dense": {
                name: each.detach() for name, each in ranker.state_dict().items() if name not in shared
            },
            "about": describe_ranker(ranker)
            | {"features": _features(trainer), "quality": dict(quality or {})},
            "watermark_ms": trainer.learned_ms,
            "step": trainer.learner.step,
        }
        tables = _tables(trainer)
        changed = {} if whole or not self._shapes else self._changed(tables)
        if changed and _shapes_of({n: each.value_RD for n, each in changed.items()}) == self._shapes:
            manifest = self._writer.delta(tables=changed, **common)
        else:
            everything = {name: each.read(None, _NARROWEST_TEXT) for name, each in tables.items()}
            manifest = self._writer.full(tables=everything, **common)
            self._shapes = _shapes_of(everything)
        trainer.rows.touched.clear()
        return manifest

    def _changed(self, tables: dict[str, _Table]) -> dict[str, TouchedRows]:
        """The rows that changed since the last snapshot, text as wide as it was there or wider."""
        changed: dict[str, TouchedRows] = {}
        for name, table in tables.items():
            row_R = self._trainer.rows.touched.peek(table.changes) - table.first
            row_R = row_R[(row_R >= 0) & (row_R < table.rows)]
            width = self._shapes[name][1].numel() if name in self._shapes else _NARROWEST_TEXT
            value_RD = table.read(row_R, width)
            changed[name] = TouchedRows(rows=table.rows, row_R=torch.from_numpy(row_R), value_RD=value_RD)
        return changed


def _features(trainer: LiveTrainer) -> dict[str, Any]:
    """How the features are made that the ranker was trained with, for JSON."""
    config = trainer.config
    return {
        "clocks": asdict(config.clocks),
        "clocks_of_day": config.clocks_of_day,
        "longest": config.longest,
    }


def _shapes_of(tables: dict[str, Tensor]) -> dict[str, _Shape]:
    return {name: (each.dtype, each.shape[1:]) for name, each in tables.items()}


def _tables(trainer: LiveTrainer) -> dict[str, _Table]:
    ranker = trainer.ranker
    tables = {
        WEIGHT: _numbers(ranker.table.weight.detach()[: ranker.table.used], changes=WEIGHT),
        "items": _numbers(ranker.items.row_NF, changes="item"),
    }
    for feature, rows in ranker.table.layout().items():
        tables[f"rows.{feature}"] = _numbers(rows, changes=feature)
    for kind in trainer.rows.ledgers:
        identity = trainer.rows.identity(kind)
        tables[f"ids.{kind}"] = _ids(identity.ids, rows=identity.capacity, changes=kind)
    for name, values in trainer.features.values.vocabularies.items():
        changes = f"attribute.{name}"
        tables[f"ids.{changes}"] = _ids(values.values, rows=len(values), changes=changes)
    return tables


def _numbers(table_ND: Tensor, *, changes: str) -> _Table:
    def read(row_R: npt.NDArray[np.int64] | None, _: int) -> Tensor:
        return table_ND if row_R is None else table_ND[torch.from_numpy(row_R)]

    return _Table(rows=len(table_ND), changes=changes, first=0, read=read)


def _ids(ids_of: Callable[[npt.NDArray[np.int64] | None], pa.Array], *, rows: int, changes: str) -> _Table:
    def read(row_R: npt.NDArray[np.int64] | None, width: int) -> Tensor:
        return _as_rows(ids_of(None if row_R is None else row_R + 1), width)

    return _Table(rows=rows, changes=changes, first=1, read=read)


def _as_rows(ids: pa.Array, width: int) -> Tensor:
    """Ids as int64 (R,), or uint8 (R, W) for text, W ``width`` or doubled until the longest fits."""
    if pa.types.is_integer(ids.type):
        return torch.from_numpy(np.array(ids.fill_null(_NO_INTEGER), np.int64))
    text = ids.cast(pa.large_string()).fill_null("")
    bytes_R = pc.binary_length(text).to_numpy()
    while width < bytes_R.max(initial=0):
        width *= 2
    id_RW = np.full((len(text), width), _PADDING, np.uint8)
    characters = np.frombuffer(text.buffers()[2] or b"", np.uint8)[: bytes_R.sum()]
    id_RW[np.arange(width) < bytes_R[:, np.newaxis]] = characters
    return torch.from_numpy(id_RW)
