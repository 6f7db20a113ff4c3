"""What is said of a store is what was put into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from admitted_logs import START_MS
from filled_stores import fill, open_writer

from interestclock.errors import ResultError
from interestclock.store.environment import DATABASES
from interestclock.store.open_store import open_store, store_folder
from interestclock.store.store_stats import store_stats
from interestclock.timeofday import TimeSource

READS = """
import sys
from interestclock.store import LmdbStore
store = LmdbStore(sys.argv[1])
with store.snapshot():
    print("within", flush=True)
    sys.stdin.readline()
print("after", flush=True)
sys.stdin.readline()
"""


def test_what_is_in_a_store_is_counted(tmp_path: Path) -> None:
    state = fill(tmp_path, 300)  # more than a chunk
    stats = store_stats(tmp_path)
    assert (stats.users, stats.items, stats.behaviours) == (3, 6, 900)
    assert stats.votes == int(state.votes.count(state.users.known()).sum()) == 900
    assert stats.newest_ms == START_MS + 299_000
    assert stats.lag_seconds == pytest.approx((TimeSource().now_ms() - stats.newest_ms) / 1_000, abs=60)
    assert (stats.where.position, stats.where.offsets, stats.where.generation) == (300, {"0": "300"}, 1)
    assert stats.config == state.config


def test_all_pages_of_the_file_are_accounted_for(tmp_path: Path) -> None:
    fill(tmp_path, 50)
    usage = store_stats(tmp_path).usage
    assert set(usage.used_bytes) == set(DATABASES)
    assert usage.file_bytes <= (tmp_path / "features.lmdb" / "data.mdb").stat().st_size
    named = usage.file_bytes - usage.free_bytes - sum(usage.used_bytes.values())
    assert 0 <= named <= 8 * usage.page_bytes  # two that say where all is, and names of databases
    assert usage.free_bytes > 0  # each of 50 transactions left some


def test_who_reads_is_counted(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    command = [sys.executable, "-c", READS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for open_ones in (1, 0):  # within, and after
            process.stdout.readline()
            usage = store_stats(tmp_path).usage
            assert (usage.snapshots, usage.readers) == (open_ones, open_ones)
            process.stdin.write("\n")
            process.stdin.flush()


def test_an_empty_store_has_no_newest_event(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    stats = store_stats(tmp_path)
    assert (stats.users, stats.behaviours, stats.newest_ms, stats.lag_seconds) == (0, 0, None, None)


def test_a_store_is_known_by_its_folder(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with open_store(str(tmp_path)) as store, store.snapshot() as view:
        assert view.position == 1
    assert store_folder(tmp_path) == tmp_path
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultError, match="empty holds no store; name the folder that"):
        open_store(tmp_path / "empty")


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, 20)
    file = tmp_path / "features.lmdb" / "data.mdb"
    with file.open("r+b") as stream:
        stream.truncate(3 * 4_096)
    with pytest.raises(ResultError, match=r"data.mdb: 12,288 bytes, and .* were written: it was cut off"):
        store_stats(tmp_path)
    with pytest.raises(ResultError, match="it was cut off"):
        open_writer(tmp_path)
