"""The commands about stores as one meets them who operates one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from in_memory import DAY_MS
from typer.testing import CliRunner, Result
from updated_stores import Log, embedded, said_by, seen, state_at, update

from interestclock.cli.app import app
from interestclock.errors import InterestClockError, ResultError
from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.store.environment import Environment
from interestclock.streams import ReplaySource
from interestclock.updater import FeatureUpdater, UpdaterConfig


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.fixture(scope="module")
def store(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    update(*log, folder)
    return folder


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["store", *arguments])


def test_what_is_in_a_store_is_shown(store: Path, log: Log) -> None:
    done = run("stats", str(store))
    assert done.exit_code == 0, done.output
    for words in (
        "7 (ids are text)",
        f"0: {log.messages}",
        "an exposure with a 1 in finish or like",
        "of genre, by like = like, finish = finish, skip = skip",
        " d ago",
        "votes of Eq. 3",
    ):
        assert words in done.output
    plain = json.loads(run("stats", str(store), "--json").output)
    assert plain["offsets"] == {"0": str(log.messages)}
    assert plain["users"] == 7
    assert plain["schema"]["labels"] == ["finish", "like", "skip"]
    assert plain["usage"]["entries"]["item"] == plain["items"]


def test_a_user_is_shown(store: Path, log: Log) -> None:
    state = state_at(log.folder, log.messages)
    at_ms = state.complete_from_ms + DAY_MS
    at = f"{np.datetime64(at_ms, 'ms')}Z"
    done = run("user", str(store), "3", "--last", "2", "--at", at)
    assert done.exit_code == 0, done.output
    slot = state.slots("user", pa.array(["3"]))
    features = state.read(slot, np.array([at_ms]), clocks_at_ms_M=np.array([at_ms]))
    lines = done.output.splitlines()
    assert f"{features.known_M[0]:,} behaviours (a 1 in finish or like)" in done.output
    assert "the newest 2, in local time:" in done.output
    first = lines.index("genre, best by hour: █ first, ▓ second, ▒ third, ░ after that, · none") + 2
    best = {line[:18].strip(): line[19:67] for line in lines[first:] if line[19:67].strip("█▓▒░·") == ""}
    names = state.values.named("genre").to_pylist()
    for hour, value_V in enumerate(features.clocks["genre"][0]):
        for rank, number in enumerate(value_V[value_V > 0]):
            assert best[names[number - 1]][2 * hour] == "█▓▒░"[rank]
    assert max(map(len, lines[first:])) <= 80


def test_a_user_that_cannot_be_shown_is_told(store: Path) -> None:
    for arguments, message in (
        (["nobody"], "the store does not know user 'nobody': not seen yet, or forgotten"),
        (["3", "--at", "2024-09-01T00:00:00Z"], "features as of 2024-09-01T00:00:00.000Z are asked for, but"),
        (["3", "--at", "2024-09-01T00:00:00"], "--at is '2024-09-01T00:00:00'; give a date and time with Z"),
    ):
        done = run("user", str(store), *arguments)
        assert isinstance(done.exception, InterestClockError)
        assert message in str(done.exception)
    assert "genre: no votes in the 2 days before; try --at 2024-" in run("user", str(store), "3").output


def test_an_id_is_read_as_the_store_has_them(tmp_path: Path) -> None:
    size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
    write_simulated_log(tmp_path / "log", size=size)
    with FeatureUpdater(
        ReplaySource(open_log(tmp_path / "log")), tmp_path / "store", config=UpdaterConfig()
    ) as updater:
        updater.run()
    assert "user 3, as of" in run("user", str(tmp_path / "store"), "3").output
    for wrong in ("ann", str(1 << 63)):
        done = run("user", str(tmp_path / "store"), wrong)
        assert f"user ids of the store are 64-bit integers, and '{wrong}' is none" in str(done.exception)
    assert "does not know user '77'" in str(run("user", str(tmp_path / "store"), "77").exception)


def test_a_damaged_store_is_found_and_written_anew(store: Path, log: Log, tmp_path: Path) -> None:
    folder = shutil.copytree(store, tmp_path / "store")
    done = run("verify", str(folder))
    assert (done.exit_code, done.output.strip()) == (0, f"{folder}  OK")
    environment = Environment.open(folder, map_bytes=1 << 20)
    environment.write(lambda txn: txn.drop(environment.databases["history"], delete=False))
    environment.close()
    done = run("verify", str(folder))
    assert done.exit_code == 1
    assert "behaviours of user '3' are missing, all " in done.output
    assert f"remove {folder / 'features.lmdb'}, and let `features follow` go on" in done.output
    shutil.rmtree(folder / "features.lmdb")
    update(*log, folder)
    assert run("verify", str(folder)).exit_code == 0
    with seen(folder) as anew, seen(store) as before:
        assert said_by(anew) == said_by(before)


def test_a_store_is_compacted(store: Path, log: Log, tmp_path: Path) -> None:
    folder = shutil.copytree(store, tmp_path / "store")
    size = (folder / "features.lmdb" / "data.mdb").stat().st_size
    done = run("compact", str(folder))
    assert done.exit_code == 0, done.output
    now = (folder / "features.lmdb" / "data.mdb").stat().st_size
    assert f"{size:,} bytes before, {now:,} after" in done.output
    assert "processes that had it open have to open it again" in done.output
    update(*log, folder)  # it goes on
    with seen(folder) as after, seen(store) as before:
        assert said_by(after) == said_by(before)


def test_a_store_is_backed_up_and_restored(store: Path, log: Log, tmp_path: Path) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    done = run("backup", str(store), str(backup), columns=200)
    assert done.exit_code == 0, done.output
    size = (backup / "features.lmdb" / "data.mdb").stat().st_size
    assert f"features.lmdb/: {size:,} bytes" in done.output
    with seen(store) as before:
        assert f" bytes, the store at entry {before.position:,}, its checkpoint at" in done.output
        done = run("restore", str(backup), str(restored), columns=200)
        assert f"go on with: interestclock features follow ... --store {restored}" in done.output
        with seen(restored) as after:
            assert said_by(after) == said_by(before)
    for words in (("backup", str(store), str(backup)), ("restore", str(backup), str(restored))):
        assert "is there already; give another folder" in str(run(*words).exception)
    assert "holds no store" in str(run("backup", str(tmp_path / "nowhere"), str(restored)).exception)


@pytest.mark.parametrize("words", [["stats"], ["user", "3"], ["verify"], ["compact"]], ids=" ".join)
def test_where_there_is_no_store_it_is_said(words: list[str], tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        done = run(words[0], str(folder), *words[1:])
        assert isinstance(done.exception, ResultError)
        assert f"{folder} holds no store; name the folder that" in str(done.exception)
