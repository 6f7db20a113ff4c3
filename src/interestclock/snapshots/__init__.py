"""What a trained ranker leaves for servers: whole snapshots and deltas, verified before they are believed."""

from interestclock.snapshots.compare_snapshots import SnapshotChange, diff
from interestclock.snapshots.note import SnapshotNote
from interestclock.snapshots.reader import Snapshot, SnapshotReader, list_notes, verify
from interestclock.snapshots.writer import SnapshotWriter, Touched

__all__ = [
    "Snapshot",
    "SnapshotChange",
    "SnapshotNote",
    "SnapshotReader",
    "SnapshotWriter",
    "Touched",
    "diff",
    "list_notes",
    "verify",
]
