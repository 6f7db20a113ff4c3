"""Training on what 'features follow' admits, as one meets it: started, stopped, refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_logs import filled
from live_stream import MAPPING, messages
from redis_server import SERVER, RedisServer
from typer.testing import CliRunner, Result

from interestclock.cli.app import app
from interestclock.errors import InterestClockError, LogError
from interestclock.relay import open_admitted
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.streams import followers_of


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


def test_it_is_trained_on_and_stopped(store: Path, tmp_path: Path) -> None:
    train = ["train", f"admitted://{store}", "--checkpoints", str(tmp_path / "trainer"), "--ranker", "base"]
    told = stopped_once([*train, "--group", "other"], lambda: offsets(store)["other"] > 0)
    assert " messages: " in told
    assert "go on with --resume" in told
    assert offsets(store) == {"interestclock": 0, "other": 1}


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


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_what_is_admitted_is_published(tmp_path: Path) -> None:
    payloads = messages(requests=20)
    filled(tmp_path / "events", payloads)
    (tmp_path / "plays.toml").write_text(MAPPING)
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    url = f"redis://127.0.0.1:{server.port}/admitted"
    follow = ["features", "follow", f"log://{tmp_path}/events", "--store", str(tmp_path / "store")]
    follow += ["--mapping", str(tmp_path / "plays.toml"), "--admitted", url, "--idle-seconds", "3600"]
    try:
        told = stopped_once(follow, lambda: published(url) == len(payloads))
    finally:
        server.stop()
    assert "published to" in told


def published(url: str) -> int:
    """How many messages stand in what is published."""
    try:
        source = open_admitted(f"admitted+{url}", group="test")
    except LogError:
        return 0
    source.start_after({})
    found = list(iter(lambda: source.next_entry(0.01), None))
    source.close()
    return sum(each.messages for each in found)


def stopped_once(arguments: list[str], condition: Callable[[], bool]) -> str:
    """Run until something is so, then stop by SIGTERM: what was printed."""
    command = [sys.executable, "-m", "interestclock", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until_s = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    return told


def test_an_item_table_is_not_published(store: Path, tmp_path: Path) -> None:
    arguments = ["features", "follow", str(store.parent / "log"), "--store", str(tmp_path / "store")]
    refused = run(*arguments, "--admitted", "kafka://127.0.0.1:1/admitted")
    assert "entries are published without the item table that" in str(refused.exception)
    assert "give redis://HOST:PORT/STREAM or kafka" in str(run(*arguments, "--admitted", "x").exception)
