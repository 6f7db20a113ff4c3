"""Killed at any moment and started again, an updater's store ends equal to one that was never killed."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path

import pytest
from killed_runs import finished, killed_after, started
from updated_stores import Log, embedded, offset_of, said_by, seen, state_at, update

from interestclock.streams import followers_of

_KILLED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log")


def written(folder: Path) -> set[tuple[str, int]]:
    """What has been admitted, by files and their sizes."""
    files = (folder / "admitted").glob("*") if (folder / "admitted").exists() else ()
    return {(each.name, each.stat().st_size) for each in files}


def kill(log: Log, folder: Path, draw: random.Random) -> bool:
    """Start, or go on, and kill: soon, or once something was admitted again; whether it still ran."""
    process = started(partial(update, *log), folder, resume=True)
    before, began_s = written(folder), time.monotonic()
    if draw.random() < 0.7:
        while written(folder) == before and process.is_alive():
            assert time.monotonic() - began_s < _KILLED_WITHIN_S, "it admits nothing"
            time.sleep(0.001)
    return killed_after(process, draw.uniform(0.0, 0.8))


def check_store(log: Path, folder: Path) -> int:
    """At its offset the store is what a state in memory is, and has what was acknowledged."""
    if not (folder / "features.lmdb" / "data.mdb").exists():
        return 0
    with seen(folder) as view:
        offset = offset_of(view)
        acknowledged = {each.name: each.offset for each in followers_of(log)}
        assert acknowledged.get("features", 0) <= offset
        assert said_by(view) == said_by(state_at(log, offset))
    return offset


def kill_often(times: int, log: Log, folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    offsets = []
    for _ in range(20 * times):
        if kill(log, folder, draw):
            offsets.append(check_store(log[0], folder))
        if len(offsets) == times:
            break
    assert len(offsets) == times, f"the updater ended after {offsets}; make its log longer"
    assert offsets == sorted(offsets)
    assert len(set(offsets)) > times // 4, f"it was killed at {offsets}: hardly while it ran"
    finished(partial(update, *log), folder, resume=True)
    assert check_store(log[0], folder) == log[1]


def test_killed_five_times(log: Log, tmp_path: Path) -> None:
    kill_often(5, log, tmp_path / "store", seed=0)


@pytest.mark.slow
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    for turn in range(10):
        log = embedded(tmp_path / f"log{turn}", seed=turn, requests=600)
        kill_often(10, log, tmp_path / f"store{turn}", seed=1 + turn)
