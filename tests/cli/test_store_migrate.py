"""The command as one meets it whose store an older version wrote."""

from __future__ import annotations

from pathlib import Path

import lmdb
import msgspec
import pytest
from admitted_logs import START_MS
from old_stores import unpack_store
from typer.testing import CliRunner, Result
from updated_stores import Log, embedded, offset_of, said_by, seen, state_at, update

from interestclock.cli.app import app
from interestclock.errors import InterestClockError, ResultError
from interestclock.store.records import FORMAT


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["store", "migrate", *arguments])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


def as_format_1(folder: Path) -> None:
    """What the version before would have written."""
    with lmdb.open(str(folder / "features.lmdb"), max_dbs=20) as environment:
        meta, lists, items = (environment.open_db(name) for name in (b"meta", b"item_lists", b"item"))
        with environment.begin(write=True) as txn:
            found = msgspec.msgpack.decode(txn.get(b"meta", db=meta)) | {"format": 1}
            del found["catalogue"]
            txn.put(b"meta", msgspec.msgpack.encode(found), db=meta)
            txn.drop(lists)
            for slot, value in list(txn.cursor(db=items)):
                each, index, *content = msgspec.msgpack.decode(value)
                txn.put(slot, msgspec.msgpack.encode([each, index, START_MS, True, *content]), db=items)


def test_a_store_is_converted_once(tmp_path: Path) -> None:
    store = unpack_store(1, tmp_path / "store")
    assert run(str(store)).stdout == f"{store} was of format 1, and is of {FORMAT}\n"
    assert run(str(store)).stdout == f"{store} is of format {FORMAT} already\n"


def test_its_updater_goes_on(log: Log, tmp_path: Path) -> None:
    store = tmp_path / "store"
    update(log.folder, 250, store)
    as_format_1(store)
    with pytest.raises(ResultError, match="interestclock store migrate"):
        update(*log, store)
    assert run(str(store)).exit_code == 0
    with seen(store) as view:
        assert said_by(view) == said_by(state_at(log.folder, offset_of(view)))
    update(*log, store)
    with seen(store) as view:
        assert offset_of(view) == log.messages
        assert said_by(view) == said_by(state_at(*log))


def test_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    for folder, reason in (("nowhere", "nowhere holds no store; name the folder"), (".", "write one first")):
        done = run(str(tmp_path / folder))
        assert isinstance(done.exception, InterestClockError)
        assert reason in str(done.exception)
