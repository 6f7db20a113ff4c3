"""Killed at any moment and taken up again, a run ends bit for bit like one that was never killed."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from in_memory import HOUR_MS, requests_log
from killed_runs import check_same, finished, killed, last_checkpoint, train

from interestclock.snapshots import SnapshotReader, verify


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "events.parquet"
    pq.write_table(requests_log(5, requests=600, users=30, items=40, days=12, delay_ms=HOUR_MS), path)
    return path


@pytest.fixture(scope="module")
def never_killed(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight") / "run"
    finished(partial(train, log), folder, resume=False)
    return folder


def kill_often(times: int, log: Path, never_killed: Path, folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    kills = 0
    for _ in range(20 * times):
        kills += killed(partial(train, log), folder, after_s=draw.uniform(0.0, 0.3))
        if kills == times:
            break
    assert kills == times, f"the run ended after {kills} kills; make it longer"
    finished(partial(train, log), folder, resume=True)
    check_same(never_killed, folder)
    (manifest, _), (straight, _) = last_checkpoint(folder), last_checkpoint(never_killed)
    assert (manifest.admitted_position, manifest.offsets) == (straight.admitted_position, straight.offsets)
    assert verify(folder / "snapshots") == []


def test_killed_ten_times(log: Path, never_killed: Path, tmp_path: Path) -> None:
    kill_often(10, log, never_killed, tmp_path / "run", seed=0)


@pytest.mark.slow
def test_killed_a_hundred_times(log: Path, never_killed: Path, tmp_path: Path) -> None:
    for turn in range(5):
        kill_often(20, log, never_killed, tmp_path / f"run{turn}", seed=1 + turn)


def test_the_last_snapshot_is_what_was_learned(never_killed: Path) -> None:
    _, state = last_checkpoint(never_killed)
    snapshot = SnapshotReader(never_killed / "snapshots").load()
    assert snapshot.manifest.kind == "delta"
    np.testing.assert_array_equal(snapshot.tables["weight"].numpy(), state["ranker/weight"])
    for name, values in snapshot.dense.items():
        np.testing.assert_array_equal(values.numpy(), state[f"ranker/dense/{name}"])
