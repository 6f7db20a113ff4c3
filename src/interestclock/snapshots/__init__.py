"""What a trained ranker leaves for servers: whole snapshots and deltas, verified before they are believed."""

from interestclock.snapshots.compare_snapshots import SnapshotChange, diff
from interestclock.snapshots.manifest import SnapshotManifest, TableManifest
from interestclock.snapshots.pinning import pin, rollback
from interestclock.snapshots.pins import release
from interestclock.snapshots.reader import Snapshot, SnapshotReader, list_manifests, verify
from interestclock.snapshots.rows import Touched
from interestclock.snapshots.writer import SnapshotWriter

__all__ = [
    "Snapshot",
    "SnapshotChange",
    "SnapshotManifest",
    "SnapshotReader",
    "SnapshotWriter",
    "TableManifest",
    "Touched",
    "diff",
    "list_manifests",
    "pin",
    "release",
    "rollback",
    "verify",
]
