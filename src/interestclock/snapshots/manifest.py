"""What a snapshot says of itself: its manifest."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from interestclock import __version__
from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError, system_errors_as
from interestclock.saved import made_of, object_of

__all__ = [
    "FULL",
    "MANIFEST",
    "WEIGHTS",
    "SnapshotManifest",
    "TableManifest",
    "read_manifest",
    "snapshot_names",
]

FORMAT = 1
FULL, DELTA = "full", "delta"
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"
_NAME = re.compile(r"[0-9]{8}-(full|delta)")


@dataclass(frozen=True, kw_only=True)
class TableManifest:
    """Of one table: how many rows, how many of them the snapshot carries, and what a row is.

    Args:
        rows, touched: numbers of rows. width: numbers in a row; None where the table has one axis.
        dtype: of PyTorch, for example float32.

    Example:
        >>> TableManifest(rows=1_000, touched=3, width=16, dtype="float32").touched
        3
    """

    rows: int
    touched: int
    width: int | None
    dtype: str


@dataclass(frozen=True, kw_only=True)
class SnapshotManifest:
    """A manifest.

    Args:
        name: of the snapshot's folder, NNNNNNNN-full or NNNNNNNN-delta. number: NNNNNNNN, from 1.
        kind: full or delta. parent: the snapshot a delta goes on from.
        watermark_ms: event time up to which was learned, UTC milliseconds. step: of the learner.
        feature_fingerprint: of what features there are and how they are made.
        tables: by name, all that the state has.
        sha256, bytes: of the file of weights. about: how to build the ranker.
        chain_sha256: over this manifest and the parent's own, so over all that the state is made of.

    Example:
        >>> manifest = SnapshotManifest(
        ...     name="00000001-full", number=1, kind="full", parent=None, watermark_ms=0,
        ...     step=0, feature_fingerprint="f", tables={}, sha256="", bytes=0, about={}).chained(None)
        >>> SnapshotManifest.from_json(manifest.to_json(), "a test") == manifest, manifest.follows(None)
        (True, True)
    """

    name: str
    number: int
    kind: str
    parent: str | None
    watermark_ms: int
    step: int
    feature_fingerprint: str
    tables: dict[str, TableManifest]
    sha256: str
    bytes: int
    about: dict[str, Any]
    chain_sha256: str = ""
    version: str = __version__
    format: int = FORMAT

    def to_json(self) -> str:
        """The manifest's text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> SnapshotManifest:
        """The manifest of a text.

        Raises:
            ResultError: it is none, or another format; names ``where``.
        """
        remedy = "this is no manifest of a snapshot; take a snapshot again"
        content = object_of(text, where=where, remedy=remedy)
        if content.get("format", FORMAT) != FORMAT:
            raise ResultError(
                f"{where}: format {content['format']}, this version reads {FORMAT}; use the version that "
                f"wrote it ({content.get('version')})"
            )
        manifest = made_of(cls, content, where=where, remedy=remedy)
        problem = manifest._problem()
        if problem is not None:
            raise ResultError(f"{where}: {problem}: it is damaged; take a snapshot again")
        return manifest

    def chained(self, parent: SnapshotManifest | None) -> SnapshotManifest:
        """The same note with ``chain_sha256`` set: what it is when it goes on from ``parent``."""
        content = asdict(self) | {"chain_sha256": parent.chain_sha256 if parent is not None else ""}
        return SnapshotManifest(
            **{each.name: getattr(self, each.name) for each in fields(self)}
            | {"chain_sha256": digest_of_json(content)}
        )

    def follows(self, parent: SnapshotManifest | None) -> bool:
        """Whether it is unchanged since it was written, and goes on from just this parent."""
        return self.chain_sha256 == self.chained(parent).chain_sha256

    def _problem(self) -> str | None:
        if self.name != f"{self.number:08d}-{self.kind}" or not is_name(self.name) or self.bytes < 0:
            return f"names itself {self.name}, {self.kind} {self.number} of {self.bytes} bytes"
        older = self.parent is not None and is_name(self.parent) and int(self.parent[:8]) < self.number
        if not (older if self.kind == DELTA else self.parent is None):
            return f"a {self.kind} snapshot with parent {self.parent!r}, which is no older snapshot"
        return next((f"table {name} is {each}" for name, each in self.tables.items() if _odd(each)), None)


def is_name(name: str) -> bool:
    """Whether a text can be a snapshot's name, and so no path out of the folder."""
    return _NAME.fullmatch(name) is not None


def read_manifest(folder: Path, name: str) -> SnapshotManifest:
    """A snapshot's manifest.

    Raises:
        ResultError: there is none, or it is damaged, or stands in another's folder.
    """
    if not is_name(name) or not (folder / name).is_dir():
        there = ", ".join(snapshot_names(folder)) or "none"
        raise ResultError(f"{folder}: no snapshot {name!r}; there are {there}")
    path = folder / name / MANIFEST
    unreadable = (OSError, UnicodeDecodeError)
    with system_errors_as(
        ResultError, f"{path}: cannot be read", remedy="take a snapshot again", of=unreadable
    ):
        text = path.read_text(encoding="utf-8")
    manifest = SnapshotManifest.from_json(text, str(path))
    if manifest.name != name:
        raise ResultError(
            f"{path}: says it is {manifest.name}: it was moved or damaged; take a snapshot again"
        )
    return manifest


def snapshot_names(folder: Path) -> list[str]:
    """Names of all snapshots in a folder, oldest first; half-written ones have none."""
    return sorted(path.name for path in folder.glob("*-*") if is_name(path.name) and path.is_dir())


def _odd(table: TableManifest) -> bool:
    sizes = [table.rows, table.touched] + ([] if table.width is None else [table.width])
    whole = all(type(each) is int and each >= 0 for each in sizes)
    return not whole or table.touched > table.rows or type(table.dtype) is not str
