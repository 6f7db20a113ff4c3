"""Snapshots on the server's side: verified, put together, swapped in whole or not at all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from interestclock.errors import ResultError, system_errors_as
from interestclock.snapshots.compose import chain_of, compose
from interestclock.snapshots.manifest import SnapshotManifest, is_name, read_manifest, snapshot_names
from interestclock.snapshots.pins import pinned_in
from interestclock.snapshots.placing import CURRENT

__all__ = ["Snapshot", "SnapshotReader", "checked", "list_manifests", "verify"]

_log = logging.getLogger("interestclock.snapshots")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A whole state: of a full snapshot, or of one and the deltas behind it.

    Successive states share the arrays in which nothing changed: read them, do not write to them.

    Args:
        manifest: of the newest of them. dense, tables: arrays by name.

    Example: see ``SnapshotReader``.
    """

    manifest: SnapshotManifest
    dense: dict[str, Tensor]
    tables: dict[str, Tensor]


class SnapshotReader:
    """Reads a folder that a trainer goes on writing to.

    Args:
        folder: of snapshots. feature_fingerprint: only snapshots of this one are taken; None takes any.
        refusal: of a new snapshot and the one in use says why the new one is not taken, None where it is; it
            is not asked about one that is named by a person.
        only: the name of the one snapshot that is read, whatever the folder says answers; None follows it.

    Example:
        >>> import tempfile, torch
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> common = {"about": {}, "watermark_ms": 0, "step": 0}
        >>> _ = SnapshotWriter(folder, feature_fingerprint="f").full(
        ...     dense={}, tables={"weight": torch.ones(2)}, **common)
        >>> reader = SnapshotReader(folder, feature_fingerprint="f")
        >>> reader.refresh(), reader.current.tables["weight"].tolist(), reader.refresh()
        (True, [1.0, 1.0], False)
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        feature_fingerprint: str | None = None,
        refusal: Callable[[SnapshotManifest, SnapshotManifest | None], str | None] = lambda *_: None,
        only: str | None = None,
    ) -> None:
        self.folder, self._fingerprint, self._refusal = Path(folder), feature_fingerprint, refusal
        self._only = only
        self._current: Snapshot | None = None
        self._refused: str | None = None
        self._refreshing = threading.Lock()

    @property
    def current(self) -> Snapshot | None:
        """What ``refresh`` swapped in last. Ask once for a request: the next call may give a newer one."""
        return self._current

    @property
    def answers(self) -> str:
        """Name of the snapshot that is to answer: the only one, else the one that is pinned, else the newest.

        Raises:
            ResultError: there is none.
        """
        return self._named()

    @property
    def refused(self) -> str | None:
        """Why the newest snapshot was not taken; None where it was."""
        return self._refused

    def load(self, name: str | None = None) -> Snapshot:
        """A snapshot, verified; the one that is pinned, else the newest, unless one is named.

        Raises:
            ResultError: it, or one it goes on from, is missing, damaged or foreign.
        """
        return self.go_on(self._named() if name is None else name, None)

    def refresh(self) -> bool:
        """Swap in the snapshot that is pinned, else the newest, if it is another one; whether it was.

        One that is damaged, foreign or half written is refused: ``refused`` says why, a warning is logged,
        and what was there stays. Whoever reads ``current`` in another thread gets the old state or the new.
        """
        with self._refreshing:
            if self._only is not None and self._current is not None:
                return False  # it stays as it is, even where its folder is gone
            try:
                manifest = read_manifest(self.folder, self._named())
                same = self._current is not None and self._current.manifest == manifest
                if not same:
                    self._check_wanted(manifest)
                found = self._current if same else self.go_on(manifest.name, self._current)
            except ResultError as error:
                if self._refused != str(error):
                    _log.warning("snapshot refused, the one before stays: %s", error)
                self._refused = str(error)
                return False
            self._current, self._refused = found, None
            return not same

    def go_on(self, name: str, held: Snapshot | None) -> Snapshot:
        """A snapshot, verified, reading only the deltas behind one that is held where it goes on from that.

        Raises:
            ResultError: as ``load``.
        """
        held_manifest, held_tables = (held.manifest, held.tables) if held is not None else (None, {})
        chain = chain_of(self.folder, name, held=held_manifest)
        if self._fingerprint is not None and chain[-1].feature_fingerprint != self._fingerprint:
            raise ResultError(
                f"{self.folder / name}: made with other features than this server's; serve the ranker "
                "and the configuration that belong together"
            )
        dense, tables = compose(self.folder, chain, held=held_manifest, held_tables=held_tables)
        return Snapshot(manifest=chain[-1], dense=dense, tables=tables)

    def _check_wanted(self, manifest: SnapshotManifest) -> None:
        held = None if self._current is None else self._current.manifest
        by_name = self._only or pinned_in(self.folder)
        if by_name != manifest.name and (reason := self._refusal(manifest, held)):
            raise ResultError(
                f"{self.folder / manifest.name}: {reason}; 'interestclock snapshots pin' has it taken"
            )

    def _named(self) -> str:
        if self._only is not None:
            return self._only
        if (pinned := pinned_in(self.folder)) is not None:
            return pinned
        path = self.folder / CURRENT
        what, unreadable = f"{path}: no snapshot is named", (OSError, UnicodeDecodeError)
        with system_errors_as(ResultError, what, remedy="let the trainer write one", of=unreadable):
            name = path.read_text(encoding="utf-8").strip()
        if not is_name(name) or not (self.folder / name).is_dir():
            raise ResultError(f"{path}: names '{name}', which is not there; let the trainer write a snapshot")
        return name


def list_manifests(folder: str | Path) -> list[SnapshotManifest]:
    """Manifests of all snapshots in a folder, oldest first.

    Raises:
        ResultError: one cannot be read.

    Example:
        >>> list_manifests(Path("nowhere"))
        []
    """
    folder = Path(folder)
    return [read_manifest(folder, name) for name in snapshot_names(folder)]


def verify(folder: str | Path) -> list[str]:
    """What is wrong with the snapshots of a folder, one line each; nothing if nothing is.

    Example:
        >>> verify(Path("nowhere"))
        []
    """
    return [problem for _, problem in checked(Path(folder)) if problem is not None]


def checked(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Every snapshot, oldest first, then ``CURRENT``: its name, and what is wrong with it if anything is."""
    reader, held = SnapshotReader(folder), None
    names, damaged = snapshot_names(folder), set[str]()
    for name in names:
        try:
            if (parent := read_manifest(folder, name).parent) in damaged:
                raise ResultError(f"{folder / name}: the snapshot it goes on from, {parent}, is not whole")
            held = reader.go_on(name, held)
            yield name, None
        except ResultError as error:
            damaged.add(name)
            yield name, str(error)
    if names or (folder / CURRENT).exists():
        try:
            named = reader.answers
            if named in damaged:
                raise ResultError(
                    f"{folder / CURRENT}: names {named}, which is not whole; let the trainer write a snapshot"
                )
            yield CURRENT, None
        except ResultError as error:
            yield CURRENT, str(error)
