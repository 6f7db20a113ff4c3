"""One version of a ranker: a snapshot's weights, asked by the numbers of a view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import ResultError
from interestclock.events.context import CONTEXT_KINDS
from interestclock.ranking import FeatureNames, described_ranker, table_names
from interestclock.saved import made_of
from interestclock.serving.feature_source import FeatureSource
from interestclock.serving.id_index import IdIndex
from interestclock.serving.item_rows import ItemRows
from interestclock.snapshots import Snapshot

__all__ = ["RankerVersion", "ServedFeatures"]

# Shapes: U users by slot from 0, N ids.

_REMEDY = "let a trainer of this version write a snapshot"
_NO_ROWS = torch.zeros(1, dtype=torch.int64)


@dataclass(frozen=True, kw_only=True)
class ServedFeatures:
    """How the features are made that a ranker was trained with.

    Args:
        clocks: how Eq. 3 counts. clocks_of_day: as of the start of the UTC day rather than as of now.
        longest: behaviours kept of a user.
    """

    clocks: ClockFeatureConfig
    clocks_of_day: bool
    longest: int


class RankerVersion:
    """A ranker as a snapshot has it; goes on to the next snapshot in place.

    Ids cross between the trainer's state and a store's, numbers never do: users, items, attribute values and
    contexts are joined by id. Who and what the snapshot has no row of reads zeros, as in the trainer.

    Args:
        snapshot: of a live trainer. allow: clocks outside this project that may be imported, as
            ``load_ranker`` has it.

    Raises:
        ResultError: it is no snapshot of a live trainer's, or has a clock that is not allowed.
    """

    def __init__(self, snapshot: Snapshot, *, allow: Collection[str] = ()) -> None:
        manifest = snapshot.manifest
        where = f"snapshot {manifest.name}"
        self.features = made_of(
            ServedFeatures, manifest.about.get("features"), where=f"{where}: features", remedy=_REMEDY
        )
        self.ranker = described_ranker(manifest.about, where=where, allow=allow).eval()
        self._described = _without_widths(manifest.about)
        self._ids = {name: IdIndex() for name in _named("ids", snapshot)}
        names = self.ranker.names
        needed = {"user", "item", *(f"attribute.{name}" for name in names.attributes), *_contexts(names)}
        if missing := needed - self._ids.keys():
            raise ResultError(f"{where} has no ids of {min(missing)}; {_REMEDY}")
        values = {name: self._ids[f"attribute.{name}"] for name in names.attributes}
        self.items = ItemRows(self.ranker, items=self._ids["item"], values=values)
        self._user_rows = _NO_ROWS
        self.update(snapshot)

    @property
    def name(self) -> str:
        """Of the snapshot."""
        return self.snapshot.manifest.name

    def check_features(self, store: FeatureSource) -> None:
        """Refuse a ranker that was trained on other features than the store has.

        Raises:
            ResultError: it was.
        """
        buckets = self.features.clocks.buckets_per_day
        pairs = {
            "names": (self.ranker.names, FeatureNames.of(store.schema, buckets_per_day=buckets)),
            "clocks": (self.features.clocks, store.config.clocks),
            "longest": (self.features.longest, store.config.longest),
        }
        for what, (trained, stored) in pairs.items():
            if trained != stored:
                raise ResultError(
                    f"snapshot {self.name} was trained with {what} {trained}, and the store has {stored}; "
                    "start updater and trainer with the same mapping and settings"
                )

    def goes_on_with(self, snapshot: Snapshot) -> bool:
        """Whether ``update`` can be told of it: the ranker is the same, but for what it learned."""
        return _without_widths(snapshot.manifest.about) == self._described

    def update(self, snapshot: Snapshot) -> None:
        """Be another snapshot of this ranker; what was scored before does not change."""
        rows, ids = _named("rows", snapshot), _named("ids", snapshot)
        changed = {name: index.update(ids[name]) for name, index in self._ids.items()}
        weight = snapshot.tables["weight"]
        self.ranker.table.restore(weight, rows, free=torch.zeros(0, dtype=torch.int64))
        shared = dict.fromkeys(table_names(self.ranker), weight)
        self.ranker.load_state_dict(snapshot.dense | shared)
        self._user_rows = rows["user"]
        item_rows = {
            name: each for name, each in rows.items() if name == "item" or name.startswith("attribute.")
        }
        self.items.update(item_rows, other_items=changed["item"])
        self.snapshot = snapshot

    def name_users(self, slot_M: npt.NDArray[np.integer], ids: Sequence[int | str]) -> None:
        """Have the ranker know users by the slots that a view gave, until others are named.

        Args:
            slot_M: 0 for who is not known there. ids: of the same users.
        """
        number_M = torch.from_numpy(self._ids["user"].numbers(ids))
        row_U = torch.zeros(int(slot_M.max(initial=0)) + 1, dtype=torch.int64)
        row_U[torch.from_numpy(slot_M.astype(np.int64))] = self._user_rows[number_M]
        self.ranker.table.renumber("user", row_U)

    def known(self, what: str, *, most: int) -> list[int | str]:
        """Ids of ``user`` or ``item`` that the snapshot has, those that it got last first."""
        return self._ids[what].newest(most=most)

    def context_numbers(self, name: str, ids: Sequence[int | str | None]) -> npt.NDArray[np.int64]:
        """Numbers of a context's values, which the ranker knows as the snapshot has them; 0 is none."""
        return self._ids[f"context.{name}"].numbers(ids)


def _named(kind: str, snapshot: Snapshot) -> dict[str, Tensor]:
    """Tables ``KIND.NAME`` of a snapshot."""
    start = f"{kind}."
    return {name[len(start) :]: each for name, each in snapshot.tables.items() if name.startswith(start)}


def _without_widths(about: Mapping[str, Any]) -> dict[str, Any]:
    """Items may come to have more values, and what was predicted may be better."""
    return {name: each for name, each in about.items() if name not in ("item_widths", "quality")}


def _contexts(names: Any) -> set[str]:
    return {f"context.{name}" for kind in CONTEXT_KINDS if kind.ids for name in names.context[kind.name]}
