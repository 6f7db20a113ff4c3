"""Items of an item table are in a store from the beginning, and stay, whoever is shown them."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from in_memory import START_MS
from updated_stores import CONFIG, ITEMS, Log, embedded, said_by, seen, source_of, state_at, update

from interestclock.store import StoreView
from interestclock.streams import EmbeddedLogWriter
from interestclock.streams.append_items import append_items
from interestclock.updater import FeatureUpdater

TABLE = pa.table(
    {
        "item_id": ["100", "900", "103", "901"],
        "attribute.genre": pa.array([["g1", "g2"], ["g1"], [], ["rare"]], pa.list_(pa.string())),
    }
)
MORE = pa.concat_tables([TABLE, pa.table({"item_id": ["902"], "attribute.genre": [["rare"]]})])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


def listed(view: StoreView, *having: str) -> list[str]:
    at_ms = max(view.complete_from_ms, START_MS)
    slots = view.list_items(at_ms=at_ms, limit=99, having=having or None)
    return view.ids("item", slots).to_pylist()


def stopped_or_killed(log: Log, store: Path, *, items: pa.Table | None, checkpoint: bool) -> None:
    """What an updater leaves that was stopped, or killed before its first checkpoint."""
    config = CONFIG if checkpoint else replace(CONFIG, checkpoint_messages=1_000_000)
    running = store if checkpoint else store.with_name("running")
    with FeatureUpdater(source_of(log.folder, items), running, config=config) as updater:

        def stop() -> None:
            if updater.buffer.counters.received >= 200 and not updater.stopping:
                updater.stopping = True
                if not checkpoint:
                    shutil.copytree(running, store)

        updater.run(stop)


def test_it_is_there_before_anything_came(log: Log, tmp_path: Path) -> None:
    for _ in range(2):
        with FeatureUpdater(source_of(log.folder, TABLE), tmp_path / "store", config=CONFIG) as updater:
            updater.stopping = True
            updater.run()
        with seen(tmp_path / "store") as view:
            assert view.position == 0
            assert listed(view) == ["901", "103", "900", "100"]
            assert listed(view, "genre", "g1") == ["900", "100"]
            assert view.item_values("genre", view.slots("item", ITEMS[:1]), at_ms=START_MS).tolist() == [
                [1, 2]
            ]


@pytest.mark.parametrize("checkpoints", [200, 1_000_000])
def test_it_stays_and_is_not_written_again(
    checkpoints: int, log: Log, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = replace(CONFIG, checkpoint_messages=checkpoints)
    with caplog.at_level(logging.WARNING):
        for until in (1, 100, log.messages):
            update(log.folder, until, tmp_path / "store", config=config, items=TABLE)
            with seen(tmp_path / "store") as view:
                offset = int(view.offsets["0"])
                assert said_by(view) == said_by(state_at(log.folder, offset, items=TABLE))
                assert {"900", "901"} < set(listed(view))
    assert "writing the store anew" not in caplog.text


@pytest.mark.parametrize("checkpoint", [True, False])
@pytest.mark.parametrize("before", [None, TABLE])
def test_another_table_has_the_store_written_anew(
    before: pa.Table | None, checkpoint: bool, log: Log, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    stopped_or_killed(log, store, items=before, checkpoint=checkpoint)
    with FeatureUpdater(source_of(log.folder, MORE), store, config=CONFIG) as updater:

        def stop() -> None:
            updater.stopping = updater.buffer.counters.received >= log.messages

        updater.run(stop)
        with seen(store) as view:
            assert said_by(view) == said_by(updater.state)
            assert {"900", "901", "902"} < set(listed(view))
            assert listed(view, "genre", "rare") == ["902", "901"]
    assert "written with another item table, or without its items: writing the store anew" in caplog.text


def test_a_table_that_is_appended_is_there_with_the_next_commit(tmp_path: Path) -> None:
    log, store = tmp_path / "log", tmp_path / "store"
    with EmbeddedLogWriter(log) as writer:
        append_items(writer, TABLE, from_ms=START_MS)
    update(log, 4, store)
    with seen(store) as view:
        assert listed(view) == ["901", "103", "900", "100"]
        once = said_by(view)
        assert listed(view, "genre", "rare") == ["901"]
    with EmbeddedLogWriter(log) as writer:  # the same table once more changes nothing that can be read
        append_items(writer, TABLE, from_ms=START_MS + 1_000)
    update(log, 8, store)
    with seen(store) as view:
        assert int(view.offsets["0"]) == 8
        assert said_by(view) == once
