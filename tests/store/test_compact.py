"""A compacted store says what it said, is smaller, and nobody goes on with the old one unawares."""

from __future__ import annotations

from pathlib import Path

import pytest
from admitted_logs import DAY_MS, START_MS
from fed_state import new_state
from filled_stores import fill, open_writer, step
from stored_state import features_by_id, keep

from interestclock.errors import ResultError
from interestclock.store import LmdbStore
from interestclock.store.compact import compact
from interestclock.store.store_stats import store_stats
from interestclock.store.verify import problems_in

TIMES = [START_MS + 5_000, START_MS + DAY_MS]


def test_it_says_the_same_in_fewer_bytes(tmp_path: Path) -> None:
    state = fill(tmp_path, 50)
    before, after = compact(tmp_path)
    assert after < before
    assert after == (tmp_path / "features.lmdb" / "data.mdb").stat().st_size
    usage = store_stats(tmp_path).usage
    assert usage.free_bytes <= 8 * usage.page_bytes  # of the few commits that wrote the copy
    assert list(problems_in(tmp_path, lambda _: None)) == []
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == 50
        assert features_by_id(view, TIMES) == features_by_id(state, TIMES)
    assert not list(tmp_path.glob("*.removed"))
    assert not list(tmp_path.glob("*.unfinished"))


def test_it_is_written_on_as_before(tmp_path: Path) -> None:
    state = new_state()
    for number in range(4):
        with open_writer(tmp_path) as writer:
            if number:
                state.follow()
            step(state, number)
            keep(writer, state, number + 1, START_MS)
        compact(tmp_path)
        with LmdbStore(tmp_path) as store, store.snapshot() as view:
            assert (view.position, view.offsets) == (number + 1, {"0": str(number + 1)})
            assert features_by_id(view, TIMES) == features_by_id(state, TIMES)


def test_it_is_not_done_while_the_store_is_written(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with open_writer(tmp_path), pytest.raises(ResultError, match=r"is written to .*; stop that"):
        compact(tmp_path)
    with pytest.raises(ResultError, match="nowhere holds no store"):
        compact(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_who_has_it_open_reads_on_and_is_told_to_open_it_again(tmp_path: Path) -> None:
    state = fill(tmp_path, 3)
    with LmdbStore(tmp_path) as store:
        with store.snapshot() as view:
            compact(tmp_path)
            assert features_by_id(view, TIMES) == features_by_id(state, TIMES)
        with (
            pytest.raises(ResultError, match="was compacted or replaced since it was opened"),
            store.snapshot(),
        ):
            pass
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == 3


def test_a_full_disk_leaves_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 3)

    def fail(*_: object) -> None:
        raise ResultError("no room")

    monkeypatch.setattr("interestclock.store.compact._copy_records", fail)
    with pytest.raises(ResultError, match="no room"):
        compact(tmp_path)
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == 3
    assert not list(tmp_path.glob("*.unfinished"))


def test_what_a_kill_left_between_two_names_is_put_back(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    (tmp_path / "features.lmdb").rename(tmp_path / "features.lmdb.removed")
    with open_writer(tmp_path) as writer:
        assert writer.position == 3
    (tmp_path / "features.lmdb").rename(tmp_path / "features.lmdb.removed")
    compact(tmp_path)
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == 3
