"""A store that an older version wrote is converted where it is, and goes on as one of this version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lmdb
import msgspec
import pytest
from admitted_logs import SCHEMA
from fed_state import feed
from old_stores import OLD_CONFIG, OLD_STORES, old_log, old_state, old_times_ms, unpack_store
from stored_state import features_by_id

from interestclock.errors import ResultError
from interestclock.store import LmdbStore, StoreWriter
from interestclock.store.migrate import migrate_store
from interestclock.store.records import FORMAT

OLD = range(1, FORMAT)


@pytest.fixture(params=OLD)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return unpack_store(request.param, tmp_path / "store")


def expected_of(number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OLD_STORES / f"format-{number}" / "expected.json").read_text())
    return found


def as_written_down(found: dict[str, Any]) -> dict[str, Any]:
    """As it goes through JSON, without listings and filled clocks, which older versions did not have."""
    plain: dict[str, Any] = json.loads(json.dumps(found))
    for at_ms in old_times_ms():
        del plain[str(at_ms)]["listed"], plain[str(at_ms)]["filled"]
    return plain


@pytest.mark.parametrize("number", OLD)
def test_a_converted_store_says_what_it_said(number: int, tmp_path: Path) -> None:
    unpack_store(number, tmp_path)
    assert migrate_store(tmp_path) == number
    assert migrate_store(tmp_path) == FORMAT  # nothing is left to do
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.position == len(old_log().steps) - 1
        found = features_by_id(view, old_times_ms())
    assert as_written_down(found) == expected_of(number)
    assert found == features_by_id(old_state(steps=view.position), old_times_ms())


def test_it_goes_on(folder: Path) -> None:
    migrate_store(folder)
    log, steps = old_log(), len(old_log().steps)
    state = old_state(steps=steps - 1)
    state.follow()
    with StoreWriter(folder, schema=SCHEMA, config=OLD_CONFIG) as writer:
        feed(state, log.steps[-1:], log.watermark_ms[-1])
        changes = state.changes()
        assert not changes.whole
        writer.apply(changes, position=steps, offsets={}, watermark_ms=log.watermark_ms[-1])
    with LmdbStore(folder) as store, store.snapshot() as view:
        assert features_by_id(view, old_times_ms()) == features_by_id(old_state(steps=steps), old_times_ms())


@pytest.mark.parametrize("number", OLD)
def test_an_old_store_says_how_it_is_converted(number: int, tmp_path: Path) -> None:
    folder = unpack_store(number, tmp_path)
    remedy = "convert a folder with `interestclock store migrate"
    with pytest.raises(ResultError, match=f"is of format {number}, and this reads {FORMAT}; {remedy}"):
        LmdbStore(folder)
    with pytest.raises(ResultError, match=f"is of format {number}, and this reads {FORMAT}; {remedy}"):
        StoreWriter(folder, schema=SCHEMA, config=OLD_CONFIG)
    assert migrate_store(folder) == number  # whoever tried to open it before


def test_it_is_refused_while_somebody_writes(folder: Path) -> None:
    migrate_store(folder)
    with (
        StoreWriter(folder, schema=SCHEMA, config=OLD_CONFIG),
        pytest.raises(ResultError, match="is written to"),
    ):
        migrate_store(folder)


def test_a_conversion_that_is_stopped_leaves_the_store_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pairs_in(folder)
    monkeypatch.setattr("interestclock.store.migrate.msgspec.msgpack.encode", _no_room)
    with pytest.raises(ResultError, match="cannot be written"):
        migrate_store(folder)
    assert {name: those for name, those in pairs_in(folder).items() if those} == before
    monkeypatch.undo()
    assert migrate_store(folder) < FORMAT


def test_what_cannot_be_converted(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="write one first"):
        migrate_store(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    StoreWriter(tmp_path, schema=SCHEMA, config=OLD_CONFIG).close()
    with lmdb.open(str(tmp_path / "features.lmdb"), max_dbs=20) as environment:
        meta = environment.open_db(b"meta")
        with environment.begin(write=True) as txn:
            later = msgspec.msgpack.decode(txn.get(b"meta", db=meta)) | {"format": FORMAT + 1}
            txn.put(b"meta", msgspec.msgpack.encode(later), db=meta)
    with pytest.raises(ResultError, match=f"is of format {FORMAT + 1}, of a later version; this one knows"):
        migrate_store(tmp_path)


def _no_room(value: object) -> bytes:
    raise lmdb.Error("no room")


def pairs_in(folder: Path) -> dict[str, list[tuple[bytes, bytes]]]:
    with lmdb.open(str(folder / "features.lmdb"), max_dbs=20, readonly=True) as environment:
        with environment.begin() as txn:
            names = [bytes(name) for name, _ in txn.cursor()]
        found = {}
        for name in names:
            database = environment.open_db(name, create=False)
            with environment.begin() as txn:
                found[name.decode()] = list(txn.cursor(db=database))
    return found
