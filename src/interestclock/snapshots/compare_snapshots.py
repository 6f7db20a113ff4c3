"""What changed between two snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from interestclock.snapshots.reader import SnapshotReader

__all__ = ["SnapshotChange", "diff"]


@dataclass(frozen=True, kw_only=True)
class SnapshotChange:
    """Of one array: rows that came and rows that changed (of those in both), and the largest change.

    ``largest`` is of numbers; None where shapes differ or the array is in one snapshot only.

    Example:
        >>> SnapshotChange(name="weight", rows=3, added=1, changed=0, largest=0.0).added
        1
    """

    name: str
    rows: int
    added: int
    changed: int
    largest: float | None


def diff(folder: Path, first: str, second: str) -> list[SnapshotChange]:
    """What changed from one snapshot to another, array by array; those that did not are left out.

    Raises:
        ResultError: one of them cannot be read.

    Example:
        >>> import tempfile, torch
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> writer, said = SnapshotWriter(folder, feature_fingerprint="f"), {"watermark_ms": 0, "step": 0}
        >>> names = [writer.full(dense={"bias": each}, tables={}, about={}, **said).name
        ...          for each in (torch.zeros(2), torch.tensor([0.0, 3.0]))]
        >>> diff(folder, *names)
        [SnapshotChange(name='bias', rows=2, added=0, changed=1, largest=3.0)]
    """
    reader = SnapshotReader(folder)
    before, after = reader.load(first), reader.load(second)
    old, new = before.dense | before.tables, after.dense | after.tables
    changes = [_change(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    return [each for each in changes if each.added or each.changed or each.largest is None]


def _change(name: str, before: Tensor | None, after: Tensor | None) -> SnapshotChange:
    if before is None or after is None or before.shape[1:] != after.shape[1:] or before.ndim != after.ndim:
        rows = len(after) if after is not None and after.ndim else 0
        return SnapshotChange(name=name, rows=rows, added=rows, changed=0, largest=None)
    if not before.ndim:
        before, after = before.unsqueeze(0), after.unsqueeze(0)
    both = min(len(before), len(after))
    apart = (after[:both].double() - before[:both].double()).abs().reshape(both, -1)
    changed = int((apart > 0).any(1).sum()) if apart.numel() else 0
    largest = float(apart.max()) if apart.numel() else 0.0
    return SnapshotChange(
        name=name, rows=len(after), added=max(0, len(after) - len(before)), changed=changed, largest=largest
    )
