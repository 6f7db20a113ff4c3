"""What of a trainer a snapshot holds: weights, the rows they stand in, and whose rows these are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from interestclock.ranking import describe_ranker, table_names
from interestclock.snapshots import Touched as TouchedRows
from interestclock.training.live.live_trainer import LiveTrainer
from interestclock.training.live.touched import WEIGHT

__all__ = ["SnapshotContent", "feature_fingerprint"]

# Shapes: R rows, N all rows of a table, W bytes of the longest id.

_ITEM = "item"


def feature_fingerprint(trainer: LiveTrainer) -> str:
    """SHA-256 over what features there are and how they are made: of another, no ranker is swapped in.

    Args:
        trainer: of which.
    """
    said = {"names": describe_ranker(trainer.ranker)["names"], "clocks": str(trainer.config.clocks)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class SnapshotContent:
    """A trainer as named arrays: ``dense`` ones, and ``tables`` addressed by row.

    ``weight`` is the table of embeddings; ``rows.FEATURE`` says which row a number has (0: none);
    ``ids.KIND`` which id has a number (text as UTF-8, padded with zero bytes); ``items`` which rows an item
    is made of.

    Args:
        dense: float arrays by name. tables: by name; first axis is the row. about: how to build the ranker.
    """

    dense: dict[str, Tensor]
    tables: dict[str, Tensor]
    about: dict[str, Any]

    @classmethod
    def of(cls, trainer: LiveTrainer) -> SnapshotContent:
        """What a trainer is now, sharing memory with it."""
        ranker = trainer.ranker
        names = table_names(ranker)
        dense = {name: each.detach() for name, each in ranker.state_dict().items() if name not in names}
        tables = {WEIGHT: ranker.table.weight.detach()[: ranker.table.used], "items": ranker.items.row_NF}
        tables |= {f"rows.{feature}": rows for feature, rows in ranker.table.layout().items()}
        for kind, ids in trainer.features.tables.items():
            tables[f"ids.{kind}"] = _as_rows(ids.ids())
        for name, vocabulary in trainer.features.values.vocabularies.items():
            tables[f"ids.attribute.{name}"] = _as_rows(vocabulary.values())
        return cls(dense=dense, tables=tables, about=describe_ranker(ranker))

    def widths(self) -> dict[str, int]:
        """Numbers of a row of each table: where one differs from the last snapshot's, a delta will not do."""
        return {name: int(np.prod(each.shape[1:])) for name, each in self.tables.items()}

    def touched(self, trainer: LiveTrainer) -> dict[str, TouchedRows]:
        """The rows that changed since the last snapshot; they count as written from now on."""
        changed: dict[str, TouchedRows] = {}
        for name, rows in self.tables.items():
            row_R = torch.from_numpy(_changed(trainer, name, len(rows)))
            changed[name] = TouchedRows(rows=len(rows), row_R=row_R, value_RD=rows[row_R])
        trainer.touched.clear()
        return changed


def _changed(trainer: LiveTrainer, name: str, rows: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows of a table that changed; attribute values only ever come, and their tables are small."""
    kind = {"items": _ITEM}.get(name, name.partition(".")[2] or name)
    if kind.startswith("attribute."):
        return np.arange(rows)
    row_R = trainer.touched.peek(kind)
    row_R = row_R - 1 if name.startswith("ids.") else row_R  # number 1 stands first
    return row_R[(row_R >= 0) & (row_R < rows)]


def _as_rows(ids: pa.Array) -> Tensor:
    """Ids by number from 1: int64 (N,), or uint8 (N, W) for text, W a power of two; 0 where none is."""
    if pa.types.is_integer(ids.type):
        return torch.from_numpy(ids.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64))
    encoded = [(value or "").encode() for value in ids.to_pylist()]
    width = 8
    while width < max(map(len, encoded), default=0):
        width *= 2
    padded = b"".join(each.ljust(width, b"\0") for each in encoded)
    return torch.from_numpy(np.frombuffer(padded, np.uint8).reshape(-1, width).copy())
