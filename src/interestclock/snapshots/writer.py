"""Snapshots on the trainer's side: written aside, forced to disk, renamed; the oldest go."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from interestclock.arrays import under
from interestclock.checksums import digest_of
from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.files import force, remove_folder, sweep
from interestclock.snapshots.manifest import (
    DELTA,
    FULL,
    WEIGHTS,
    SnapshotManifest,
    TableManifest,
    read_manifest,
    snapshot_names,
)
from interestclock.snapshots.pins import chain_names, pinned_in
from interestclock.snapshots.placing import place
from interestclock.snapshots.rows import Touched, ready, table_manifest

__all__ = ["SnapshotWriter"]

DENSE, TABLE, ROWS = "dense", "table", "rows"
_log = logging.getLogger("interestclock.snapshots")


class SnapshotWriter:
    """Writes ``NNNNNNNN-full`` and ``NNNNNNNN-delta``, each a folder of weights and a manifest.

    A folder with such a name is whole: it was written aside, forced to disk and renamed. ``CURRENT`` names
    the newest. A delta carries the rows that changed since the snapshot before; rows that a table gained and
    that were not touched are zero. What a crash left half written is removed with the next one. One writer at
    a time: whoever trains sees to it.

    Args:
        folder: made if needed; what is there is gone on from.
        feature_fingerprint: of what features there are. keep: whole snapshots kept, with their deltas.

    Raises:
        ConfigError: ``keep`` is below 1.
        ResultError: the folder cannot be used; (from ``full`` and ``delta``) it cannot be written, holds a
            number that is not finite or what no reader could put together. Then nothing is written.

    Example:
        >>> import tempfile, torch
        >>> writer = SnapshotWriter(Path(tempfile.mkdtemp()), feature_fingerprint="f")
        >>> table, common = torch.zeros(3, 2), {"about": {}, "watermark_ms": 0, "step": 0}
        >>> writer.full(dense={}, tables={"weight": table}, **common).name
        '00000001-full'
        >>> one = Touched(rows=4, row_R=torch.tensor([3]), value_RD=torch.ones(1, 2))
        >>> writer.delta(dense={}, tables={"weight": one}, **common).parent
        '00000001-full'
    """

    def __init__(self, folder: str | Path, *, feature_fingerprint: str, keep: int = 2) -> None:
        if keep < 1:
            raise ConfigError(f"keep is {keep}; keep 1 or more whole snapshots")
        folder = Path(folder)
        self.folder, self.keep, self._fingerprint = folder, keep, feature_fingerprint
        with system_errors_as(ResultError, f"{folder}: cannot hold snapshots", remedy="name another folder"):
            folder.mkdir(parents=True, exist_ok=True)
        self._last: SnapshotManifest | None = None
        self._no_delta = "no snapshot to go on from"
        if names := snapshot_names(folder):
            self._continue_from(names[-1])

    def full(
        self,
        *,
        dense: Mapping[str, Tensor],
        tables: Mapping[str, Tensor],
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotManifest:
        """Write everything.

        Args:
            dense: arrays by name. tables: arrays of one or two axes addressed by row, by name.
            about: how to build the ranker; goes through JSON.
            watermark_ms: event time up to which was learned. step: of the learner.
        """
        tensors = under(DENSE, dense) | under(TABLE, tables)
        manifests = {name: self._noted(name, each) for name, each in tables.items()}
        return self._write(FULL, tensors, manifests, about=about, watermark_ms=watermark_ms, step=step)

    def delta(
        self,
        *,
        dense: Mapping[str, Tensor],
        tables: Mapping[str, Touched],
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotManifest:
        """Write what changed since the snapshot before.

        Args:
            dense: arrays by name, whole. tables: what changed of each; one that is left out is as it was.
                The others: as for ``full``.

        Raises:
            ResultError: also where there is no snapshot to go on from, or the rows do not go on from it.
        """
        if self._last is None:
            raise ResultError(f"{self.folder}: {self._no_delta}; write a whole one first")
        tensors = under(DENSE, dense)
        manifests = {name: replace(each, touched=0) for name, each in self._last.tables.items()}
        for name, each in tables.items():
            problem = each.problem(manifests[name]) if name in manifests else "it was not there before"
            if problem is not None:
                raise ResultError(
                    f"{self.folder}: no delta of table {name}: {problem}; write a whole snapshot"
                )
            tensors |= under(ROWS, {name: each.row_R}) | under(TABLE, {name: each.value_RD})
            manifests[name] = self._noted(name, each.value_RD, rows=each.rows)
        return self._write(DELTA, tensors, manifests, about=about, watermark_ms=watermark_ms, step=step)

    def _continue_from(self, newest: str) -> None:
        try:
            manifest = read_manifest(self.folder, newest)
        except ResultError as error:
            self._no_delta = f"the newest snapshot cannot be gone on from ({error})"
            return
        if manifest.feature_fingerprint == self._fingerprint:
            self._last = manifest
        else:
            self._no_delta = f"{newest} was made with other features"

    def _noted(self, name: str, value_RD: Tensor, *, rows: int | None = None) -> TableManifest:
        manifest = table_manifest(
            value_RD, rows=rows if rows is not None else len(value_RD) if value_RD.ndim else 0
        )
        if isinstance(manifest, str):
            raise ResultError(f"{self.folder}: table {name} has {manifest}. No snapshot was written")
        return manifest

    def _write(
        self,
        kind: str,
        tensors: Mapping[str, Tensor],
        tables: dict[str, TableManifest],
        *,
        about: dict[str, Any],
        watermark_ms: int,
        step: int,
    ) -> SnapshotManifest:
        common = _as_read_back(about)
        whole = ready(tensors)
        names = snapshot_names(self.folder)
        number = 1 + max([int(name[:8]) for name in names], default=0)
        name, parent = f"{number:08d}-{kind}", self._last if kind == DELTA else None

        def fill(aside: Path) -> SnapshotManifest:
            save_file(whole, aside / WEIGHTS)
            return SnapshotManifest(
                name=name,
                number=number,
                kind=kind,
                parent=parent.name if parent is not None else None,
                watermark_ms=int(watermark_ms),
                step=int(step),
                feature_fingerprint=self._fingerprint,
                tables=tables,
                sha256=digest_of(aside / WEIGHTS),
                bytes=(aside / WEIGHTS).stat().st_size,
                about=common,
            ).chained(parent)

        with system_errors_as(
            ResultError,
            f"{self.folder / name}: the snapshot cannot be written",
            remedy="make room. The ones before stay",
            of=(OSError, SafetensorError),  # a full disk may come as either
        ):
            sweep(self.folder)
            self._last = place(self.folder, name, fill)
            force(self.folder)
        self._let_go([*names, name])
        return self._last

    def _let_go(self, names: list[str]) -> None:
        """Remove what stands before the oldest whole snapshot kept, the newest of it first: at no moment is
        a delta left without its parent. One that is pinned stays, with those it goes on from. What cannot be
        removed goes with the next snapshot or start.
        """
        whole = [name for name in names if name.endswith(FULL)]
        if len(whole) <= self.keep:
            return
        stays = self._pinned()
        for name in reversed(names[: names.index(whole[-self.keep])]):
            try:
                if name not in stays:
                    remove_folder(self.folder / name)
            except OSError as error:
                _log.warning("%s: an old snapshot cannot be removed: %s", self.folder / name, error)
                return

    def _pinned(self) -> list[str]:
        try:
            pinned = pinned_in(self.folder)
            return [] if pinned is None else chain_names(self.folder, pinned)
        except ResultError as error:
            _log.warning("%s", error)
            return []


def _as_read_back(about: dict[str, Any]) -> dict[str, Any]:
    try:
        common: dict[str, Any] = json.loads(json.dumps(about, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ResultError(f"about cannot be written as JSON ({error}); give texts, numbers, lists") from error
    return common
