"""A whole state out of a full snapshot and the deltas behind it, everything verified before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from interestclock.arrays import below, under, with_rows
from interestclock.checksums import digest_of_bytes
from interestclock.errors import ResultError, system_errors_as
from interestclock.snapshots.manifest import (
    DELTA,
    FULL,
    WEIGHTS,
    SnapshotManifest,
    TableManifest,
    read_manifest,
)
from interestclock.snapshots.rows import Touched, all_finite, put_rows, table_manifest
from interestclock.snapshots.writer import DENSE, ROWS, TABLE

__all__ = ["chain_of", "compose"]

# Shapes: N rows of a table, R rows of it that changed, D any.


def chain_of(folder: Path, name: str, *, held: SnapshotManifest | None) -> list[SnapshotManifest]:
    """The manifests from a whole snapshot, or from behind the one that is held, to the named one.

    Raises:
        ResultError: one is missing, was changed, or does not go on from the one before.
    """
    chain: list[SnapshotManifest] = []
    wanted: str | None = name
    while wanted is not None:
        manifest = read_manifest(folder, wanted)
        chain.insert(0, manifest)
        behind_held = held is not None and manifest.parent == held.name and manifest.follows(held)
        wanted = None if behind_held else manifest.parent
    before = held if chain[0].kind == DELTA else None
    for manifest in chain:
        _check_goes_on(folder, manifest, before)
        before = manifest
    return chain


def compose(
    folder: Path,
    chain: list[SnapshotManifest],
    *,
    held: SnapshotManifest | None,
    held_tables: Mapping[str, Tensor],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The dense arrays and the tables at the end of a chain; what is held is left as it is.

    Raises:
        ResultError: a file is damaged or does not fit.
    """
    goes_on = chain[0].kind == DELTA
    under_way = _TablesUnderWay(chain, held_tables if goes_on else {})
    before = held if goes_on else None
    dense: dict[str, Tensor] = {}
    for manifest in chain:
        path = folder / manifest.name / WEIGHTS
        tensors = _verified(path, manifest)
        problem = under_way.put(manifest, tensors, before)
        if problem is not None:
            raise ResultError(f"{path}: {problem}; take a whole snapshot")
        dense = below(DENSE, tensors)
        before = manifest
    return dense, under_way.tables


class _TablesUnderWay:
    """Tables on their way along a chain: each is copied once at most, at the length it has in the end."""

    def __init__(self, chain: list[SnapshotManifest], held: Mapping[str, Tensor]) -> None:
        self.tables = dict(held)
        self._ours: set[str] = set()
        self._rows_in_the_end = {name: each.rows for name, each in chain[-1].tables.items()}

    def put(
        self, manifest: SnapshotManifest, tensors: Mapping[str, Tensor], before: SnapshotManifest | None
    ) -> str | None:
        """Bring the tables up to a snapshot; a text says why that cannot be."""
        kinds = (TABLE,) if manifest.kind == FULL else (TABLE, ROWS)
        known = {name for kind in kinds for name in under(kind, manifest.tables)}
        if stray := tensors.keys() - known - under(DENSE, below(DENSE, tensors)).keys():
            return f"{min(stray)} is not in the manifest"
        if before is not None and before.tables.keys() != manifest.tables.keys():
            return "the tables are others than before"
        problems = (
            self._put_one(name, manifest_of_table, tensors, before)
            for name, manifest_of_table in manifest.tables.items()
        )
        return next((each for each in problems if each is not None), None)

    def _put_one(
        self,
        name: str,
        manifest_of_table: TableManifest,
        tensors: Mapping[str, Tensor],
        before: SnapshotManifest | None,
    ) -> str | None:
        value_RD = below(TABLE, tensors).get(name)
        was = before.tables[name] if before is not None else None
        if value_RD is None:
            unchanged = (
                was is not None and not manifest_of_table.touched and manifest_of_table.rows == was.rows
            )
            return None if unchanged else f"table {name} is not there"
        if table_manifest(value_RD, rows=manifest_of_table.rows) != manifest_of_table:
            return f"table {name} is not what the manifest says"
        if was is None:
            return self._read_whole(name, manifest_of_table, value_RD)
        row_R = below(ROWS, tensors).get(name)
        if row_R is None:
            return f"table {name} has no row numbers"
        problem = Touched(rows=manifest_of_table.rows, row_R=row_R, value_RD=value_RD).problem(was)
        if problem is not None:
            return f"table {name} does not go on from the one before: {problem}"
        self._update(name, row_R, value_RD)
        return None

    def _read_whole(self, name: str, manifest_of_table: TableManifest, value_ND: Tensor) -> str | None:
        if manifest_of_table.touched != manifest_of_table.rows:
            return f"table {name} is not whole"
        in_the_end = self._rows_in_the_end.get(name, manifest_of_table.rows)
        self.tables[name] = (
            value_ND if in_the_end <= manifest_of_table.rows else with_rows(value_ND, in_the_end)
        )
        self._ours.add(name)
        return None

    def _update(self, name: str, row_R: Tensor, value_RD: Tensor) -> None:
        table_ND, in_the_end = self.tables[name], self._rows_in_the_end[name]
        if name not in self._ours and (len(row_R) or len(table_ND) != in_the_end):
            self.tables[name] = table_ND = with_rows(table_ND, in_the_end)
            self._ours.add(name)
        put_rows(table_ND, row_R, value_RD)


def _check_goes_on(folder: Path, manifest: SnapshotManifest, before: SnapshotManifest | None) -> None:
    if not manifest.follows(before):
        parent = f", or {before.name}, which it goes on from," if before is not None else ""
        raise ResultError(
            f"{folder / manifest.name}: its manifest{parent} is another than when it was written; "
            "take a whole snapshot"
        )
    if before is not None and before.feature_fingerprint != manifest.feature_fingerprint:
        raise ResultError(
            f"{folder / manifest.name}: made with other features than {before.name}, which it goes "
            "on from; take a whole snapshot"
        )


def _verified(path: Path, manifest: SnapshotManifest) -> dict[str, Tensor]:
    """The arrays of a file, out of the very bytes whose checksum was compared.

    Not mapped: what happens to the file later must not happen to what is served.
    """
    with system_errors_as(ResultError, f"{path}: cannot be read", remedy="take a snapshot again"):
        size = path.stat().st_size
        content = path.read_bytes() if size == manifest.bytes else b""
    if size != manifest.bytes:
        raise ResultError(f"{path}: {size:,} bytes, should be {manifest.bytes:,}; take a snapshot again")
    if digest_of_bytes(content) != manifest.sha256:
        raise ResultError(f"{path}: its checksum is another than was written; take a snapshot again")
    try:
        tensors = load(content)
    except KeyError as error:
        raise ResultError(
            f"{path}: it holds numbers of type {error.args[0]}, which cannot be read; take a snapshot again"
        ) from error
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ResultError(f"{path}: cannot be read ({error}); take a snapshot again") from error
    for name, each in tensors.items():
        if not all_finite(each):
            raise ResultError(f"{path}: {name} holds a number that is not finite; it is not served")
    return tensors
