"""What a trained ranker leaves for servers: whole snapshots and deltas, verified before they are believed."""

from interestclock.snapshots.compare_snapshots import SnapshotChange, diff
from interestclock.snapshots.note import SnapshotNote, TableNote
from interestclock.snapshots.reader import Snapshot, SnapshotReader, list_notes, verify
from interestclock.snapshots.rows import Touched
from interestclock.snapshots.writer import SnapshotWriter

__all__ = [
    "Snapshot",
    "SnapshotChange",
    "SnapshotNote",
    "SnapshotReader",
    "SnapshotWriter",
    "TableNote",
    "Touched",
    "diff",
    "list_notes",
    "verify",
]
