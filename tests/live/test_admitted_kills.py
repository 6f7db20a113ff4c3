"""Updater and trainer killed at any moment: both end as if nothing had happened, and agree."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from admitted_trainers import said_in_checkpoint, train_on_published, train_on_store
from kafka_mock import KafkaMock
from killed_runs import Work, check_same, finished, killed_after, last_checkpoint, started
from redis_server import SERVER, RedisServer
from updated_stores import CONFIG, Log, embedded, said_by, seen, state_at, update, update_and_publish

from interestclock.admission import AdmittedEntry, AdmittedLog
from interestclock.relay import open_admitted


def begun(log: Log, store: Path) -> None:
    """A store that keeps what it admits for the trainers, whatever is killed from here on."""
    update(log.folder, 1, store, kept_for=("killed", "straight"))


def written(folder: Path) -> set[tuple[str, int]]:
    """What has been admitted, by files and their sizes."""
    files = (folder / "admitted").glob("*.segment") if (folder / "admitted").exists() else ()
    return {(each.name, each.stat().st_size) for each in files}


def killed_at_random(process: BaseProcess, folder: Path, draw: random.Random) -> bool:
    """Soon, or once it has admitted something: starting takes a while."""
    before, until_s = written(folder), time.monotonic() + 10.0
    while draw.random() < 0.98 and written(folder) == before and process.is_alive():
        if time.monotonic() > until_s:  # it waits for what the other admits
            break
        time.sleep(0.02)
    return killed_after(process, draw.uniform(0.0, 0.4))


def kill_both(times: int, work: dict[Path, Work], seed: int) -> None:
    """Each so often, in any order, while the other goes on."""
    draw = random.Random(seed)
    running: dict[Path, BaseProcess] = {}
    kills = dict.fromkeys(work, 0)
    until_s = time.monotonic() + 30.0 * times
    while min(kills.values()) < times and time.monotonic() < until_s:
        for name, each in work.items():
            if name not in running or not running[name].is_alive():
                running[name] = started(each, name, resume=True)
        name = draw.choice([each for each in work if kills[each] < times])
        kills[name] += killed_at_random(running[name], name, draw)
    for each in running.values():
        each.kill()
        each.join()
    # On a slow machine one may be done before it was killed as often.
    assert min(kills.values()) * 3 >= times, f"{kills}: make the log longer"


def kill_on_folder(times: int, log: Log, store: Path, folder: Path, seed: int) -> None:
    begun(log, store)
    work: dict[Path, Work] = {
        store: partial(update, *log),
        folder: partial(train_on_store, store, log.messages, "killed"),
    }
    kill_both(times, work, seed)


def to_the_end(work: Work, folder: Path, *, resume: bool = True) -> None:
    finished(work, folder, resume=resume, within_s=600.0)


def check_equal(log: Log, store: Path, folder: Path) -> None:
    """The store is what a state in memory is, the trainer what one is that was never killed."""
    to_the_end(partial(update, *log), store)
    to_the_end(partial(train_on_store, store, log.messages, "killed"), folder)
    straight = folder.with_name(f"{folder.name}-straight")
    to_the_end(partial(train_on_store, store, log.messages, "straight"), straight, resume=False)
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
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.mark.slow
def test_both_killed_three_times(log: Log, tmp_path: Path) -> None:
    kill_on_folder(3, log, tmp_path / "store", tmp_path / "trainer", seed=0)
    check_equal(log, tmp_path / "store", tmp_path / "trainer")


@pytest.mark.slow
def test_both_killed_thirty_times(tmp_path: Path) -> None:
    for turn in range(3):
        log = embedded(tmp_path / f"log{turn}", seed=turn, requests=300)
        store, folder = tmp_path / f"store{turn}", tmp_path / f"trainer{turn}"
        kill_on_folder(10, log, store, folder, seed=1 + turn)
        check_equal(log, store, folder)


def entries_at(url: str, entries: int) -> list[AdmittedEntry]:
    source = open_admitted(f"admitted+{url}", group="test")
    source.start_after({})
    found = [source.next_entry(5.0) for _ in range(entries)]
    assert source.next_entry(0.1) is None
    source.close()
    return [each for each in found if each is not None]


def check_published(log: Log, store: Path, url: str) -> None:
    """Each entry once, in order, as it stands in the log, which all of it is still in."""
    to_the_end(partial(update_and_publish, *log, url), store)
    entries = [entry for _, entry in AdmittedLog(store / "admitted").read_after(0)]
    assert entries_at(url, len(entries)) == entries


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis", "--save ''")
    server.start()
    yield f"redis://127.0.0.1:{server.port}/admitted"
    server.stop()


def test_what_is_published_is_each_entry_once(log: Log, redis_url: str, tmp_path: Path) -> None:
    begun(log, tmp_path / "store")
    kill_both(3, {tmp_path / "store": partial(update_and_publish, *log, redis_url)}, seed=7)
    check_published(log, tmp_path / "store", redis_url)


def kill_on_broker(times: int, url: str, tmp_path: Path, seed: int) -> None:
    """The trainer starts when there is something to read, and then both are killed."""
    log = embedded(tmp_path / "log", seed=seed, requests=400)
    store, folder = tmp_path / "store", tmp_path / "trainer"
    begun(log, store)
    to_the_end(partial(update_and_publish, log.folder, 2, url), store)
    publish: Work = partial(update_and_publish, *log, url)
    train: Work = partial(train_on_published, url, log.messages)
    kill_both(times, {store: publish, folder: train}, seed)
    check_published(log, store, url)
    to_the_end(train, folder)
    straight: Work = partial(train_on_store, store, log.messages, "straight")
    to_the_end(straight, tmp_path / "straight", resume=False)
    check_same(tmp_path / "straight", folder)


@pytest.mark.slow
def test_both_killed_thirty_times_with_redis_between(redis_url: str, tmp_path: Path) -> None:
    kill_on_broker(30, redis_url, tmp_path, seed=11)


@pytest.mark.slow
def test_both_killed_thirty_times_with_kafka_between(tmp_path: Path) -> None:
    pytest.importorskip("confluent_kafka")
    with KafkaMock({"admitted": 1}) as address:
        kill_on_broker(30, f"kafka://{address}/admitted", tmp_path, seed=12)
