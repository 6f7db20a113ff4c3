"""Folders of trainers that older versions wrote, and the settings they ran with, by the names of now.

Archives in ``tests/live/old_folders`` were written by commit fdfc0a8: ``trainer/`` is the folder of a trainer
as it was copied while it ran, behind five micro-batches (that of choices without its snapshots);
``events.parquet`` is the log it read, and ``predictions.parquet`` what that version predicted of all of it.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
from in_memory import CHOICES, REQUESTS, MemorySource
from small_live import LIVE

from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.embeddings import IdPolicy
from interestclock.live import LiveRun
from interestclock.ranking import RankerConfig
from interestclock.streams import ReplaySource

POLLS = 5  # after which the folders were copied
_STORED = Path(__file__).resolve().parent.parent / "live" / "old_folders"
_TINY = RankerConfig(clocks=(GaussianConfig(),), dim=2, recent=2, hidden=(2,), tower_width=2)
_LONG_TERM = LongTermConfig(behaviours=2, longest=4, heads=1, latent_dim=2, output_dim=2)
_SCHEDULES = {
    "checkpoint_minutes": 120,
    "snapshot_minutes": 180,
    "full_snapshot_hours": 12,
    "checkpoints_kept": 1,
}
_SCHEMAS = {"requests": REQUESTS, "choices": CHOICES}
_CONFIGS = {
    "requests": replace(
        LIVE,
        ranker=replace(_TINY, clocks=(GaussianConfig(), _LONG_TERM), rms_limit=None),
        longest=4,
        users=IdPolicy(min_count=2, unused_days=1),
        items=IdPolicy(most=20, unused_days=2),
        poll_messages=15,
        **_SCHEDULES,
    ),
    "choices": replace(LIVE, ranker=_TINY, longest=4, poll_messages=10, **_SCHEDULES),
}


def unpacked(to: Path, kind: str = "requests") -> Path:
    """What an archive holds; gives the trainer's folder."""
    with tarfile.open(_STORED / f"format_4_{kind}.tar.xz") as archive:
        archive.extractall(to, filter="data")
    return to / "trainer"


def opened(events: Path, folder: Path, *, resume: bool = True, kind: str = "requests") -> LiveRun:
    """A trainer of this version with those settings."""
    source = ReplaySource(MemorySource(schema=_SCHEMAS[kind], events=pq.read_table(events)))
    return LiveRun(source, folder, config=_CONFIGS[kind], resume=resume)


def copied_after(polls: int, run: LiveRun, to: Path) -> Callable[[], None]:
    """Copies a run's folder as a kill would leave it, behind so many micro-batches."""
    left = iter(range(polls - 1))

    def look() -> None:
        if next(left, None) is None and not to.exists():
            run._files.written()  # it is a matter of chance whether a kill finds it written
            shutil.copytree(run.folder, to)

    return look
