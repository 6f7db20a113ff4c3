"""A trainer that reads what a feature updater admits, of the log and settings of ``updated_stores``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from in_memory import REQUESTS
from killed_runs import last_checkpoint
from small_live import LIVE
from updated_stores import CONFIG, said_by

from interestclock.arrays import below
from interestclock.embeddings import IdPolicy
from interestclock.live import LiveConfig, LiveRun
from interestclock.relay import AdmittedSource, FolderEntries, open_admitted
from interestclock.state import FeatureState
from interestclock.streams import LiveSource


def as_updated(config: LiveConfig) -> LiveConfig:
    """With the state of the updater's."""
    return replace(
        config,
        admission=CONFIG.admission,
        clocks=CONFIG.clocks,
        longest=CONFIG.longest,
        keep_hours=CONFIG.keep_hours,
        forget_users_after_days=CONFIG.forget_users_after_days,
        most_state_users=CONFIG.most_state_users,
    )


TRAINER: LiveConfig = replace(
    as_updated(LIVE),
    users=IdPolicy(min_count=2, unused_days=1),
    items=IdPolicy(most=20, unused_days=2),
    checkpoint_minutes=120,
    snapshot_minutes=480,
    poll_messages=CONFIG.poll_messages,
    idle_seconds=CONFIG.idle_seconds,
)


def admitted_source(store: Path, *, group: str = "trainer") -> AdmittedSource:
    return AdmittedSource(FolderEntries(store, group=group))


def trained(
    source: LiveSource | AdmittedSource,
    folder: Path,
    messages: int,
    *,
    resume: bool = False,
    config: LiveConfig = TRAINER,
) -> None:
    """Until so many messages were taken."""
    with LiveRun(source, folder, config=config, resume=resume) as run:
        counters = run.trainer.buffer.counters
        run.run(lambda: setattr(run, "stopping", counters.received >= messages))


def said_in_checkpoint(folder: Path) -> dict[str, Any]:
    """All features, by ids, of the last checkpoint of an updater or a trainer."""
    _, state = last_checkpoint(folder)
    features = FeatureState(REQUESTS, items=None, config=CONFIG.state())
    features.restore(below("features", state))
    return said_by(features)


def train_on_store(store: Path, messages: int, group: str, folder: Path, resume: bool) -> None:
    """For a process of its own; the store has to be there."""
    trained(admitted_source(store, group=group), folder, messages, resume=resume)


def train_on_published(url: str, messages: int, folder: Path, resume: bool) -> None:
    """The same, from a broker."""
    trained(open_admitted(f"admitted+{url}", group="unused"), folder, messages, resume=resume)
