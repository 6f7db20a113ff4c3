"""The command as one meets it who serves features: started, stopped, started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from embedded_logs import filled
from live_stream import MAPPING, messages
from redis_server import SERVER, RedisServer
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.store import LmdbStore, RedisStore
from interestclock.streams import followers_of

SMALL = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["features", *arguments])


def followed_until(arguments: list[str], log: Path, offset: int) -> tuple[int, str]:
    """Follow until all of it is acknowledged, then stop by SIGTERM: status, and what was printed."""
    command = [sys.executable, "-m", "interestclock", "features", "follow", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until_s = time.monotonic() + 60
    while [each.offset for each in followers_of(log)] != [offset] and time.monotonic() < until_s:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_a_stream_is_followed_stopped_and_followed_on(tmp_path: Path) -> None:
    said = [each for each in messages(requests=40) if each != b'{"event_id": "x"}']
    log, store, mapping = tmp_path / "events", tmp_path / "store", tmp_path / "plays.toml"
    mapping.write_text(MAPPING)
    arguments = [f"log://{log}", "--store", str(store), "--mapping", str(mapping)]
    arguments += ["--idle-seconds", "3600"]  # it is a stream of long ago, which may not go on to today
    stop = len(said) // 2
    filled(log, said[:stop])
    status, printed = followed_until(arguments, log, stop)
    assert status == 0, printed
    assert f"{stop:,} messages: " in printed
    assert " exposures, " in printed
    assert "lag " in printed
    assert f"{store} goes on with the same command" in printed
    filled(log, said[stop:])
    status, printed = followed_until(arguments, log, len(said))
    assert status == 0, printed
    assert f"{len(said):,} messages: " in printed
    with LmdbStore(store) as opened, opened.snapshot() as view:
        assert view.offsets == {"0": str(len(said))}
        assert view.slots("user", pa.array(["1", "nobody"])).tolist() == [1, 0]


def test_a_log_is_followed_to_its_end(tmp_path: Path) -> None:
    exposures = write_simulated_log(tmp_path / "log", size=SMALL)
    arguments = ["follow", str(tmp_path / "log"), "--store", str(tmp_path / "store")]
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert f"{exposures:,} messages: {exposures:,} exposures" in done.output
    assert "lag" not in done.output
    with LmdbStore(tmp_path / "store") as store, store.snapshot() as view:
        assert view.slots("user", pa.array([1, 77])).tolist() == [1, 0]
        position = view.position
    assert run(*arguments, "--poll-messages", "65536").exit_code == 0  # nothing is left to do
    with LmdbStore(tmp_path / "store") as store, store.snapshot() as view:
        assert view.position == position


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_a_log_is_followed_into_a_store_on_a_server(tmp_path: Path) -> None:
    exposures = write_simulated_log(tmp_path / "log", size=SMALL)
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    try:
        where = f"redis://127.0.0.1:{server.port}/0?prefix=plays"
        arguments = ["follow", str(tmp_path / "log"), "--store", where, "--folder", str(tmp_path / "updater")]
        done = run(*arguments)
        assert done.exit_code == 0, done.output
        assert f"{exposures:,} messages: {exposures:,} exposures" in done.output
        assert f"{tmp_path / 'updater'} goes on with the same command" in done.output
        with RedisStore(where) as store, store.snapshot() as view:
            assert view.slots("user", pa.array([1, 77])).tolist() == [1, 0]
            position = view.position
        assert run(*arguments).exit_code == 0  # nothing is left to do
        with RedisStore(where) as store, store.snapshot() as view:
            assert view.position == position
        assert not (tmp_path / "updater" / "features.lmdb").exists()
    finally:
        server.stop()


def test_the_older_form_still_writes_a_log_as_files(tmp_path: Path) -> None:
    write_simulated_log(tmp_path / "log", size=SMALL)
    for number, words in enumerate((["export"], [])):
        done = run(*words, "--out", str(tmp_path / f"out{number}"), str(tmp_path / "log"))
        assert done.exit_code == 0, done.output
        assert (tmp_path / f"out{number}" / "samples.parquet").exists()
    assert "export" in run("--help").stdout
    assert "follow" in run().output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--then-from", "2026-03-01T00:00:00Z"], "--then-from goes with --then; leave it out"),
        ([], "nothing says which labels its messages have; give a mapping file"),
        (
            ["--folder", "updater"],
            "is a folder, which holds what was admitted and checkpoints, too; leave out",
        ),
        (
            ["--store", "redis://127.0.0.1:1/0"],
            "--store is on a server, and what was admitted and checkpoints",
        ),
        (["--store", "mysql://127.0.0.1:1/0"], "no store is there; give a folder, or redis://HOST:PORT/DB"),
    ],
)
def test_what_it_cannot_do_is_told(options: list[str], message: str, tmp_path: Path) -> None:
    done = run("follow", f"log://{tmp_path}/events", "--store", str(tmp_path / "store"), *options)
    assert isinstance(done.exception, InterestClockError)
    assert message in str(done.exception)
    assert not (tmp_path / "store").exists()
