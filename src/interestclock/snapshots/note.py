"""What a snapshot says of itself: its manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from interestclock import __version__
from interestclock.errors import ResultError

__all__ = ["FULL", "MANIFEST", "WEIGHTS", "SnapshotNote", "digest_of", "read_note", "snapshot_names"]

FORMAT = 1
FULL, DELTA = "full", "delta"
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SnapshotNote:
    """A manifest.

    Args:
        name: of the snapshot's folder, NNNNNNNN-full or NNNNNNNN-delta. number: NNNNNNNN, from 1.
        kind: full or delta. parent: the snapshot a delta goes on from.
        watermark_ms: event time up to which was learned, UTC milliseconds. step: of the learner.
        feature_fingerprint: of what features there are and how they are made.
        tables: by name how many rows, and how many of them the snapshot carries.
        sha256, bytes: of the file of weights. about: how to build the ranker.

    Example:
        >>> note = SnapshotNote(name="00000001-full", number=1, kind="full", parent=None, watermark_ms=0,
        ...     step=0, feature_fingerprint="f", tables={}, sha256="", bytes=0, about={})
        >>> SnapshotNote.from_json(note.to_json(), "a test") == note
        True
    """

    name: str
    number: int
    kind: str
    parent: str | None
    watermark_ms: int
    step: int
    feature_fingerprint: str
    tables: dict[str, dict[str, int]]
    sha256: str
    bytes: int
    about: dict[str, Any]
    version: str = __version__
    format: int = FORMAT

    def to_json(self) -> str:
        """The manifest's text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> SnapshotNote:
        """The manifest of a text.

        Raises:
            ResultError: it is none, or another format; names ``where``.
        """
        try:
            said = json.loads(text)
            if said["format"] != FORMAT:
                raise ResultError(
                    f"{where}: format {said['format']}, this version reads {FORMAT}; use the version that "
                    f"wrote it ({said.get('version')})"
                )
            note = cls(**said)
            note._check(where)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ResultError(
                f"{where}: no manifest of a snapshot ({error}); take a snapshot again"
            ) from error
        return note

    def _check(self, where: str) -> None:
        if self.name != f"{self.number:08d}-{self.kind}" or self.kind not in (FULL, DELTA):
            raise ResultError(f"{where}: names itself {self.name}, {self.kind} {self.number}: it is damaged")
        if (self.parent is None) != (self.kind == FULL) or (self.parent is not None and "/" in self.parent):
            raise ResultError(f"{where}: a {self.kind} snapshot with parent {self.parent}: it is damaged")


def read_note(folder: Path, name: str) -> SnapshotNote:
    """A snapshot's manifest.

    Raises:
        ResultError: there is none, or it is damaged, or stands in another's folder.
    """
    path = folder / name / MANIFEST
    if name not in snapshot_names(folder):
        there = ", ".join(snapshot_names(folder)) or "none"
        raise ResultError(f"{folder}: no snapshot '{name}'; there are {there}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"{path}: cannot be read ({error}); take a snapshot again") from error
    note = SnapshotNote.from_json(text, str(path))
    if note.name != name:
        raise ResultError(f"{path}: says it is {note.name}: it was moved or damaged; take a snapshot again")
    return note


def snapshot_names(folder: Path) -> list[str]:
    """Names of all snapshots in a folder, oldest first; half-written ones have none."""
    names = [path.name for path in folder.glob("????????-*") if path.is_dir()]
    return sorted(name for name in names if name.partition("-")[2] in (FULL, DELTA))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
