"""Training on what 'features follow' admits, as one meets it: started, stopped, refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.streams import LogFollower, followers_of


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
    write_simulated_log(folder / "log", size=size)
    arguments = ["features", "follow", str(folder / "log"), "--store", str(folder / "store")]
    waits = ["--label-wait-minutes", "90", "--keep-for", "interestclock", "--keep-for", "other"]
    done = run(*arguments, *waits)
    assert done.exit_code == 0, done.output
    return folder / "store"


def test_it_is_trained_on_stopped_and_gone_on_with(store: Path, tmp_path: Path) -> None:
    said = []
    for more in ([], ["--resume"]):
        command = [sys.executable, "-m", "interestclock", "train", f"admitted://{store}", "--checkpoints"]
        command += [str(tmp_path / "trainer"), "--ranker", "base", "--group", "other", *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        since_ms, until_s = followed(store).since_ms, time.monotonic() + 60
        while followed(store).since_ms == since_ms or followed(store).offset == 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until_s
            time.sleep(0.05)
        time.sleep(0.2)  # it notes where it begins; then it is under way
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0, told
        said.append(told)
    assert " messages: " in said[0]
    assert "go on with --resume" in said[1]
    assert offsets(store) == {"interestclock": 0, "other": 1}


def followed(store: Path) -> LogFollower:
    return next(each for each in followers_of(store / "admitted") if each.name == "other")


def offsets(store: Path) -> dict[str, int]:
    return {each.name: each.offset for each in followers_of(store / "admitted")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mapping", "m.toml", "--idle-seconds", "3"], "was waited; leave out --mapping, --idle-seconds"),
        (["--then", "log://events"], "leave out --then"),
        (["--label-wait-minutes", "60"], "label_wait_ms was 5400000 and is 3600000 (give --label-wait-minut"),
        (["--lateness-minutes", "1.5"], "lateness_ms was 0 and is 90000 (give --lateness-minutes 0); leave"),
    ],
)
def test_what_contradicts_who_admitted_is_refused(
    options: list[str], message: str, store: Path, tmp_path: Path
) -> None:
    done = run("train", f"admitted://{store}", "--checkpoints", str(tmp_path / "trainer"), *options)
    assert isinstance(done.exception, InterestClockError)
    assert message in str(done.exception)
    assert not (tmp_path / "trainer").exists()


def test_where_no_store_is_it_says_what_to_start(tmp_path: Path) -> None:
    done = run("train", f"admitted://{tmp_path}/store", "--checkpoints", str(tmp_path / "trainer"))
    assert "start it first: interestclock features follow SOURCE --store" in str(done.exception)
    assert "admitted://STORE" in run("train", "--help").stdout
    assert "--keep-for" in run("features", "follow", "--help").stdout


def test_a_reader_that_comes_too_late_is_refused(store: Path) -> None:
    """The rest is gone once a follower has passed it; here nothing is: the log begins with the first."""
    log = str(store.parent / "log")
    again = ["features", "follow", log, "--store", str(store), "--label-wait-minutes", "90"]
    assert run(*again, "--keep-for", "third").exit_code == 0
    assert offsets(store)["third"] == 0
    refused = run(*again, "--keep-for", "../third")
    assert "follower '../third': give letters, digits" in str(refused.exception)
