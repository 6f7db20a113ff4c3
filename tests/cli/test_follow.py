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
from live_stream import messages
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.store import LmdbStore
from interestclock.streams import followers_of

MAPPING = """
[labels]
finish = "finish"
like = "like"
skip = "skip"

[attributes]
genre = "genre"

[categorical]
device = "device"

[multivalued]
tags = "tags"

[numeric]
age = "age"
"""


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
    size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
    exposures = write_simulated_log(tmp_path / "log", size=size)
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


def test_the_older_form_still_writes_a_log_as_files(tmp_path: Path) -> None:
    size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
    write_simulated_log(tmp_path / "log", size=size)
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
    ],
)
def test_what_it_cannot_do_is_told(options: list[str], message: str, tmp_path: Path) -> None:
    done = run("follow", f"log://{tmp_path}/events", "--store", str(tmp_path / "store"), *options)
    assert isinstance(done.exception, InterestClockError)
    assert message in str(done.exception)
    assert not (tmp_path / "store").exists()
