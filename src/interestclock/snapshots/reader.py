"""Snapshots on the server's side: verified, put together, swapped in whole or not at all."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.snapshots.note import FULL, WEIGHTS, SnapshotNote, digest_of, read_note, snapshot_names
from interestclock.snapshots.writer import CURRENT, DENSE, ROWS, TABLE

__all__ = ["Snapshot", "SnapshotReader", "list_notes", "verify"]

_log = logging.getLogger("interestclock.snapshots")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A whole state: of a full snapshot, or of one and the deltas behind it.

    Args:
        note: of the newest of them. dense, tables: arrays by name.

    Example: see ``SnapshotReader``.
    """

    note: SnapshotNote
    dense: dict[str, Tensor]
    tables: dict[str, Tensor]


class SnapshotReader:
    """Reads a folder that a trainer goes on writing to.

    Args:
        folder: of snapshots. feature_fingerprint: only snapshots of this one are taken; None takes any.

    Example:
        >>> import tempfile
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> said = {"about": {}, "watermark_ms": 0, "step": 0}
        >>> _ = SnapshotWriter(folder, feature_fingerprint="f").full(
        ...     dense={}, tables={"weight": torch.ones(2)}, **said)
        >>> reader = SnapshotReader(folder, feature_fingerprint="f")
        >>> reader.refresh(), reader.current.tables["weight"].tolist(), reader.refresh()
        (True, [1.0, 1.0], False)
    """

    def __init__(self, folder: Path, *, feature_fingerprint: str | None = None) -> None:
        self.folder, self._fingerprint = folder, feature_fingerprint
        self.current: Snapshot | None = None
        self.refused: str | None = None

    def load(self, name: str | None = None) -> Snapshot:
        """A snapshot, verified; the newest unless one is named.

        Raises:
            ResultError: it, or one it goes on from, is missing, damaged or foreign.
        """
        return self._load(self._named() if name is None else name, None)

    def refresh(self) -> bool:
        """Swap in the newest snapshot if it is another one; whether it was.

        One that is damaged, foreign or half written is refused: ``refused`` says why, a warning is logged,
        and what was there stays. Whoever reads ``current`` in another thread gets the old state or the new.
        """
        try:
            name = self._named()
            if self.current is not None and self.current.note.name == name:
                return False
            found = self._load(name, self.current)
        except ResultError as error:
            if self.refused != str(error):
                _log.warning("snapshot refused, the one before stays: %s", error)
            self.refused = str(error)
            return False
        self.current, self.refused = found, None
        return True

    def _named(self) -> str:
        path = self.folder / CURRENT
        try:
            name = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ResultError(f"{path}: no snapshot is named ({error}); let the trainer write one") from error
        if name not in snapshot_names(self.folder):
            raise ResultError(f"{path}: names '{name}', which is not there; let the trainer write a snapshot")
        return name

    def _load(self, name: str, held: Snapshot | None) -> Snapshot:
        chain = _chain(self.folder, name, until=held.note.name if held is not None else None)
        dense: dict[str, Tensor] = {}
        tables: dict[str, Tensor] = {}
        if held is not None and chain[0].kind != FULL:
            dense, tables = dict(held.dense), dict(held.tables)
        for note in chain:
            self._check_ours(note)
            dense = _apply(self.folder, note, tables)
        return Snapshot(note=chain[-1], dense=dense, tables=tables)

    def _check_ours(self, note: SnapshotNote) -> None:
        if self._fingerprint is not None and note.feature_fingerprint != self._fingerprint:
            raise ResultError(
                f"{self.folder / note.name}: made with other features than this server's; serve the ranker "
                "and the configuration that belong together"
            )


def list_notes(folder: Path) -> list[SnapshotNote]:
    """Manifests of all snapshots in a folder, oldest first.

    Raises:
        ResultError: one cannot be read.

    Example:
        >>> list_notes(Path("nowhere"))
        []
    """
    return [read_note(folder, name) for name in snapshot_names(folder)]


def verify(folder: Path) -> list[str]:
    """What is wrong with the snapshots of a folder, one line each; nothing if nothing is.

    Example:
        >>> verify(Path("nowhere"))
        []
    """
    problems: list[str] = []
    states: dict[str, dict[str, Tensor]] = {}
    for name in snapshot_names(folder):
        try:
            note = read_note(folder, name)
            if note.kind != FULL and note.parent not in states:
                raise ResultError(
                    f"{folder / name}: the snapshot it goes on from, {note.parent}, is not whole"
                )
            tables = {} if note.parent is None else dict(states[note.parent])
            _apply(folder, note, tables)
            states = {name: tables}
        except ResultError as error:
            problems.append(str(error))
    return problems


def _chain(folder: Path, name: str, *, until: str | None) -> list[SnapshotNote]:
    """The manifests from a whole snapshot (or from behind one that is held) to the named one."""
    chain: list[SnapshotNote] = []
    wanted: str | None = name
    while wanted is not None and wanted != until:
        note = read_note(folder, wanted)
        if chain and note.number >= chain[-1].number:
            raise ResultError(f"{folder / chain[-1].name}: goes on from {wanted}, which is no older: damaged")
        chain.append(note)
        wanted = note.parent
    return chain[::-1]


def _apply(folder: Path, note: SnapshotNote, tables: dict[str, Tensor]) -> dict[str, Tensor]:
    """Bring tables up to a snapshot, in place of what they were; gives the dense arrays."""
    path = folder / note.name / WEIGHTS
    tensors = _verified(path, note)
    for name, counts in note.tables.items():
        value_RD = tensors.get(f"{TABLE}{name}")
        if value_RD is None or len(value_RD) != counts["touched"]:
            raise ResultError(f"{path}: table {name} is not what the manifest says; take a snapshot again")
        if note.kind == FULL:
            tables[name] = value_RD
        else:
            tables[name] = _updated(path, name, tables.get(name), counts["rows"], tensors)
    return {n.removeprefix(DENSE): each for n, each in tensors.items() if n.startswith(DENSE)}


def _updated(path: Path, name: str, before: Tensor | None, rows: int, tensors: dict[str, Tensor]) -> Tensor:
    row_R, value_RD = tensors.get(f"{ROWS}{name}"), tensors[f"{TABLE}{name}"]
    fits = (
        before is not None
        and row_R is not None
        and before.shape[1:] == value_RD.shape[1:]
        and before.dtype == value_RD.dtype
        and rows >= len(before)
        and len(row_R) == len(value_RD)
        and (not len(row_R) or (int(row_R.min()) >= 0 and int(row_R.max()) < rows))
    )
    if not fits or before is None or row_R is None:
        raise ResultError(f"{path}: table {name} does not go on from the one before; take a whole snapshot")
    grown = before.new_zeros(rows, *before.shape[1:])
    grown[: len(before)] = before
    grown[row_R] = value_RD
    return grown


def _verified(path: Path, note: SnapshotNote) -> dict[str, Tensor]:
    try:
        size = path.stat().st_size
        if size != note.bytes:
            raise ResultError(f"{path}: {size:,} bytes, should be {note.bytes:,}; take a snapshot again")
        if digest_of(path) != note.sha256:
            raise ResultError(f"{path}: its checksum is another than was written; take a snapshot again")
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ResultError(f"{path}: cannot be read ({error}); take a snapshot again") from error
    for name, each in tensors.items():
        if each.is_floating_point() and not bool(torch.isfinite(each).all()):
            raise ResultError(f"{path}: {name} holds a number that is not finite; it is not served")
    return tensors
