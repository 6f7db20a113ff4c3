"""Killed at any moment and started again, an updater's store ends equal to one that was never killed."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from killed_runs import finished, killed_after, started
from redis_server import ALL_IS_KEPT, NOTHING_IS_KEPT, SERVER, RedisServer
from store_places import address
from updated_stores import Log, embedded, offset_of, said_by, seen, state_at, update

from interestclock.errors import ResultError
from interestclock.streams import followers_of

_KILLED_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log")


def written(folder: Path) -> set[tuple[str, int]]:
    """What has been admitted, by files and their sizes."""
    files = (folder / "admitted").glob("*") if (folder / "admitted").exists() else ()
    return {(each.name, each.stat().st_size) for each in files}


def kill(log: Log, folder: Path, draw: random.Random, *, store: str | None = None) -> bool:
    """Start, or go on, and kill: soon, or once something was admitted again; whether it still ran."""
    process = started(partial(update, *log, store=store), folder, resume=True)
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
    acknowledged = {each.name: each.offset for each in followers_of(log)}.get("features", 0)
    try:
        offset = check_equal(log, folder)
    except ResultError as error:  # it was killed as it made the store
        assert "no store" in str(error)  # noqa: PT017
        assert not acknowledged, f"{acknowledged} messages were acknowledged, and {error}"  # noqa: PT017
        return 0
    assert acknowledged <= offset
    return offset


def check_equal(log: Path, where: str | Path) -> int:
    """What is in a store is what a state in memory is at its offset."""
    with seen(where) as view:
        offset = offset_of(view)
        assert said_by(view) == said_by(state_at(log, offset))
    return offset


def taken_up(log: Log, folder: Path, store: str) -> int:
    """On a server users may be further than the store: it is equal once the next updater took up."""
    try:
        with seen(store) as view:
            offset = offset_of(view)
    except ResultError as error:
        assert "write one first" in str(error)  # noqa: PT017  it was killed before it began
        return 0
    acknowledged = {each.name: each.offset for each in followers_of(log.folder)}
    assert acknowledged.get("features", 0) <= offset
    update(log.folder, 1, folder, store=store)
    return check_equal(log.folder, store)


def kill_often(times: int, log: Log, folder: Path, seed: int, *, store: str | None = None) -> None:
    draw = random.Random(seed)
    offsets = []
    for _ in range(20 * times):
        if kill(log, folder, draw, store=store):
            offsets.append(taken_up(log, folder, store) if store else check_store(log.folder, folder))
        if len(offsets) == times:
            break
    assert len(offsets) == times, f"the updater ended after {offsets}; make its log longer"
    assert offsets == sorted(offsets)
    assert len(set(offsets)) > times // 4, f"it was killed at {offsets}: hardly while it ran"
    finished(partial(update, *log, store=store), folder, resume=True)
    assert check_equal(log.folder, store or folder) == log.messages


def test_killed_five_times(log: Log, tmp_path: Path) -> None:
    kill_often(5, log, tmp_path / "store", seed=0)


@pytest.mark.slow
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    for turn in range(10):
        log = embedded(tmp_path / f"log{turn}", seed=turn, requests=600)
        kill_often(10, log, tmp_path / f"store{turn}", seed=1 + turn)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_killed_three_times_with_its_store_on_a_server(log: Log, tmp_path: Path, server: RedisServer) -> None:
    kill_often(3, log, tmp_path / "updater", seed=0, store=address(server))


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_killed_a_hundred_times_with_its_store_on_a_server(tmp_path: Path, server: RedisServer) -> None:
    for turn in range(10):
        log = embedded(tmp_path / f"log{turn}", seed=turn, requests=600)
        kill_often(10, log, tmp_path / f"updater{turn}", seed=1 + turn, store=address(server))


def wait_for(key: str, server: RedisServer, process: BaseProcess) -> None:
    with server.client() as client:
        began_s = time.monotonic()
        while not client.exists(key) and process.is_alive():
            assert time.monotonic() - began_s < _KILLED_WITHIN_S, f"there is no {key}"
            time.sleep(0.005)


def kill_the_server(times: int, log: Log, folder: Path, server: RedisServer) -> None:
    """Kill it at random moments of a run, each time started again a moment later; the run ends equal."""
    draw, killed = random.Random(times), 0
    while killed < times:
        store = address(server, prefix=f"p{killed}")
        process = started(partial(update, *log, store=store), folder, resume=True)
        wait_for(f"{{p{killed}}}:meta", server, process)  # that it is away at the start is an error
        while killed < times and process.is_alive():
            process.join(draw.uniform(0.05, 1.0))
            server.kill()
            process.join(draw.uniform(0.0, 0.3))
            server.start()
            killed += process.is_alive()
        process.join(_KILLED_WITHIN_S)
        assert process.exitcode == 0, f"exit code {process.exitcode}"
        if server.settings == NOTHING_IS_KEPT:  # it may have been killed after the last commit
            update(*log, folder, store=store)
        assert check_equal(log.folder, store) == log.messages
        shutil.rmtree(folder)


@pytest.fixture(
    params=[ALL_IS_KEPT, pytest.param(NOTHING_IS_KEPT, marks=pytest.mark.slow)],
    ids=["all is kept", "nothing is kept"],
)
def its_own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server that a test may kill."""
    server = RedisServer(tmp_path, request.param)
    server.start()
    yield server
    server.stop()


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_a_server_killed_twice(log: Log, tmp_path: Path, its_own_server: RedisServer) -> None:
    kill_the_server(2, log, tmp_path / "updater", its_own_server)


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_a_server_killed_a_hundred_times(log: Log, tmp_path: Path, its_own_server: RedisServer) -> None:
    kill_the_server(100, log, tmp_path / "updater", its_own_server)
