"""Updater and trainer killed at any moment: both end as if nothing had happened, and agree."""

from __future__ import annotations

import random
import time
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from admitted_trainers import said_in_checkpoint, train_on_store
from killed_runs import check_same, finished, last_checkpoint, started
from updated_stores import CONFIG, Log, embedded, said_by, seen, state_at, update

from interestclock.admission import AdmittedLog


def begun(log: Log, store: Path) -> None:
    """A store that keeps what it admits for the trainers, whatever is killed from here on."""
    update(log.folder, 1, store, kept_for=("killed", "straight"))


def killed_at_random(process: BaseProcess, draw: random.Random) -> bool:
    process.join(draw.uniform(0.05, 0.5))
    if not process.is_alive():
        assert process.exitcode == 0, f"exit code {process.exitcode}"
        return False
    process.kill()
    process.join()
    return True


def kill_both(times: int, log: Log, store: Path, folder: Path, seed: int) -> None:
    """Each so often, in any order, while the other goes on."""
    draw = random.Random(seed)
    begun(log, store)
    work = {
        store: partial(update, *log),
        folder: partial(train_on_store, store, log.messages, "killed"),
    }
    running: dict[Path, BaseProcess] = {}
    kills = dict.fromkeys(work, 0)
    until_s = time.monotonic() + 30.0 * times
    while min(kills.values()) < times and time.monotonic() < until_s:
        for name, each in work.items():
            if name not in running or not running[name].is_alive():
                running[name] = started(each, name, resume=True)
        name = draw.choice([each for each in work if kills[each] < times])
        kills[name] += killed_at_random(running[name], draw)
    for each in running.values():
        each.kill()
        each.join()
    assert min(kills.values()) == times, f"{kills}: make the log longer"


def check_equal(log: Log, store: Path, folder: Path) -> None:
    """The store is what a state in memory is, the trainer what one is that was never killed."""
    finished(partial(update, *log), store, resume=True)
    finished(partial(train_on_store, store, log.messages, "killed"), folder, resume=True)
    straight = folder.with_name(f"{folder.name}-straight")
    finished(partial(train_on_store, store, log.messages, "straight"), straight, resume=False)
    check_same(straight, folder)
    with seen(store) as view:
        assert said_by(view) == said_by(state_at(log.folder, log.messages))
    (manifest, _), (there, _) = last_checkpoint(folder), last_checkpoint(store)
    assert manifest.admitted_position <= there.admitted_position == AdmittedLog(store / "admitted").position
    if manifest.admitted_position == there.admitted_position:
        assert said_in_checkpoint(folder) == said_in_checkpoint(store)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    assert CONFIG.checkpoint_messages == 200  # several are written and dropped on the way
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=100)


def test_both_killed_three_times(log: Log, tmp_path: Path) -> None:
    kill_both(3, log, tmp_path / "store", tmp_path / "trainer", seed=0)
    check_equal(log, tmp_path / "store", tmp_path / "trainer")


@pytest.mark.slow
def test_both_killed_thirty_times(tmp_path: Path) -> None:
    for turn in range(3):
        log = embedded(tmp_path / f"log{turn}", seed=turn, requests=900)
        store, folder = tmp_path / f"store{turn}", tmp_path / f"trainer{turn}"
        kill_both(10, log, store, folder, seed=1 + turn)
        check_equal(log, store, folder)
