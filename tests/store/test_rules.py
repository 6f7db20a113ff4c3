"""LMDB's rules: killed writers, other processes, forks, maps that grow, one writer, whose store it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import START_MS
from fed_state import new_state
from filled_stores import fill, open_writer
from stored_state import TIMES, features_by_id, keep, step

from interestclock.errors import ResultError
from interestclock.store import LmdbStore

_HERE = Path(__file__).resolve().parent


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A program of this folder's helpers in a process of its own."""
    paths = [str(_HERE), str(_HERE.parent / "support"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


_WRITES = """
import sys
from pathlib import Path
from fed_state import new_state
from stored_state import keep
from admitted_logs import START_MS
from filled_stores import open_writer, step
state, writer = new_state(), open_writer(Path(sys.argv[1]))
for number in range(100_000):
    step(state, number)
    keep(writer, state, number + 1, START_MS)
    print(number + 1, flush=True)
"""
_READS = """
import sys
from pathlib import Path
from interestclock.store import LmdbStore
from stored_state import features_by_id
from stored_state import TIMES
store = LmdbStore(Path(sys.argv[1]))
print("open", flush=True)
for _ in sys.stdin:
    with store.snapshot() as view:
        print(view.position, len(features_by_id(view, TIMES)["histories"][0][0]), flush=True)
"""


def test_a_killed_writer_leaves_what_it_committed_last(tmp_path: Path) -> None:
    with python(_WRITES, str(tmp_path)) as process:
        assert process.stdout is not None
        told = 0
        while told < 17:
            told = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        told = int(([str(told), *process.stdout.read().split()])[-1])
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position in (told, told + 1)
        state = new_state()
        for number in range(view.position):
            step(state, number)
        assert features_by_id(view, TIMES) == features_by_id(state, TIMES)
    with open_writer(tmp_path) as writer:  # and the next one can go on
        assert writer.position == view.position


def test_a_reader_elsewhere_sees_each_commit_while_the_map_grows(tmp_path: Path) -> None:
    state = new_state()
    with open_writer(tmp_path, map_bytes=1 << 17) as writer:
        keep(writer, state, 0, START_MS)
        with python(_READS, str(tmp_path)) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline() == "open\n"
            for number in range(1_200):
                step(state, number)
                if number % 300 == 299:
                    keep(writer, state, number + 1, START_MS)
                    reader.stdin.write("read\n")
                    reader.stdin.flush()
                    assert reader.stdout.readline() == f"{number + 1} {number + 1}\n"
            reader.stdin.close()
        assert writer.map_bytes > 1 << 17


_HOLDS = """
import sys, time
from pathlib import Path
from interestclock.store import LmdbStore
with LmdbStore(Path(sys.argv[1])) as store, store.snapshot() as view:
    print(view.position, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_reader_held_is_let_go_of(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with open_writer(tmp_path) as writer:
        with python(_HOLDS, str(tmp_path)) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "1\n"
            assert writer.release_killed_readers() == 0
            reader.kill()
        assert writer.release_killed_readers() == 1
        assert writer.release_killed_readers() == 0


def test_a_map_does_not_grow_under_an_open_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.store.environment._LONGEST_READ_SECONDS", 0.01)
    state = new_state()
    with open_writer(tmp_path, map_bytes=1 << 17) as writer, LmdbStore(tmp_path) as store:
        for number in range(1_200):
            step(state, number)
        changes = state.changes()
        put = {"position": 1, "offsets": {}, "watermark_ms": START_MS}
        with store.snapshot() as view, pytest.raises(ResultError, match="1 snapshots of this process are"):
            writer.apply(changes, **put)
        assert view.position == 0
        writer.apply(changes, **put)
        with store.snapshot() as view:
            assert features_by_id(view, TIMES) == features_by_id(state, TIMES)


def test_a_snapshot_stays_what_it_was(tmp_path: Path) -> None:
    state = new_state()
    with open_writer(tmp_path, map_bytes=1 << 22) as writer, LmdbStore(tmp_path) as store:
        step(state, 0)
        keep(writer, state, 1, START_MS)
        before = features_by_id(state, TIMES)
        with store.snapshot() as view:
            step(state, 1, users=("ann", "new", "eve"))
            keep(writer, state, 2, START_MS)
            assert features_by_id(view, TIMES) == before
            assert view.slots("user", pa.array(["new"])).tolist() == [0]
        with store.snapshot() as view:
            assert features_by_id(view, TIMES) == features_by_id(state, TIMES)


_FORKS = """
import os, sys
from pathlib import Path
say = lambda what: os.write(1, f"{what}\\n".encode())  # at once, since two processes write
from interestclock.errors import ResultError
from interestclock.store import LmdbStore
store = LmdbStore(Path(sys.argv[1]))
child = os.fork()
try:
    with store.snapshot() as view:
        say(view.position)
except ResultError as error:
    say("forked from it" in str(error))
    with LmdbStore(Path(sys.argv[1])) as own, own.snapshot() as view:
        say(view.position)
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_store_is_opened_after_a_fork(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with python(_FORKS, str(tmp_path)) as process:
        assert process.stdout is not None
        assert sorted(process.stdout.read().split()) == ["3", "3", "True"]
    assert process.returncode == 0


def test_a_store_that_could_not_be_opened_can_be_once_it_is_made(tmp_path: Path) -> None:
    """Where its maker was killed before it had databases; an error that is still held keeps nothing open."""
    (tmp_path / "features.lmdb").mkdir()
    lmdb.open(str(tmp_path / "features.lmdb"), max_dbs=1).close()
    refused = []
    for _ in range(2):
        with pytest.raises(ResultError, match=r"no store that can be opened .*; write one first") as error:
            LmdbStore(tmp_path)
        assert "already open" not in str(error.value)
        refused.append(error)
    open_writer(tmp_path).close()
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == 0


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="write one first"):
        LmdbStore(tmp_path / "none")
    fill(tmp_path, 1)
    with LmdbStore(tmp_path), pytest.raises(ResultError, match="open it to write first"):
        open_writer(tmp_path)


def test_a_restored_state_goes_on_where_the_store_stands(tmp_path: Path) -> None:
    state = fill(tmp_path, 3)
    other = new_state()
    other.restore({name: np.array(each) for name, each in state.state().items()})
    other.follow()  # the store has all of that
    with open_writer(tmp_path) as writer:
        step(other, 3)
        changes = other.changes()
        assert not changes.whole
        writer.apply(changes, position=4, offsets={}, watermark_ms=START_MS)
        whole = new_state()
        for number in range(5):
            step(whole, number)
        with LmdbStore(tmp_path) as store:
            with store.snapshot() as view:
                assert features_by_id(view, TIMES) == features_by_id(other, TIMES)
            keep(writer, whole, 5, START_MS)  # one that never was followed is written anew
            with store.snapshot() as view:
                assert features_by_id(view, TIMES) == features_by_id(whole, TIMES)
