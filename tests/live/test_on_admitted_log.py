"""A trainer on what a feature updater admits: the same events, in the same order, at the same positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from admitted_trainers import TRAINER, admitted_source, said_in_checkpoint, trained
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import check_same, last_checkpoint, predictions
from updated_stores import CONFIG, Log, embedded, said_by, update

from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedLog
from interestclock.errors import ConfigError, ResultError
from interestclock.live import LiveRun
from interestclock.relay import FolderEntries
from interestclock.streams import EmbeddedLogSource, ReplaySource, followers_of
from interestclock.updater import FeatureUpdater


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.fixture(scope="module")
def store(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an updater that keeps all entries, for one who never comes."""
    folder = tmp_path_factory.mktemp("store") / "store"
    update(*log, folder, kept_for=("nobody",))
    return folder


def entries_of(folder: Path) -> Iterator[tuple[int, AdmittedEntry]]:
    return AdmittedLog(folder / "admitted").read_after(0)


def test_its_features_are_the_updaters_at_each_position(log: Log, tmp_path: Path) -> None:
    """Stopped on the way, both of them, and compared to the bit; and the trainer has the same entries."""
    store, folder = tmp_path / "store", tmp_path / "trainer"
    for until in (1, 90, 180, log.messages):
        update(log.folder, until, store, kept_for=("trainer", "nobody"))
        position = AdmittedLog(store / "admitted").position
        with LiveRun(admitted_source(store), folder, config=TRAINER, resume=True) as run:
            admission = run._files.admission
            run.run(lambda: setattr(run, "stopping", admission.position >= position))  # noqa: B023
            assert admission.position == position
            assert said_by(run.trainer.features) == said_in_checkpoint(store)
    here, admitted = AdmittedLog(folder / "admitted"), dict(entries_of(store))
    assert here.position > here.first
    for number, entry in here.read_after(here.first - 1):
        assert entry == admitted[number]


def test_it_learns_what_one_on_the_source_itself_learns(log: Log, store: Path, tmp_path: Path) -> None:
    """Whose polls are the same, but for the moments at which they came."""
    trained(admitted_source(store), tmp_path / "admitted", log.messages)
    source = EmbeddedLogSource(log.folder, schema=REQUESTS, group="direct")
    trained(source, tmp_path / "direct", log.messages)
    assert predictions(tmp_path / "admitted").num_rows > 100
    learned = ("ranker/", "learner/", "features/", "admission/counters", "pending/", "queue/")
    check_same(tmp_path / "direct", tmp_path / "admitted", only=learned)


def test_it_goes_on_from_its_own_folder(log: Log, store: Path, tmp_path: Path) -> None:
    trained(admitted_source(store), tmp_path / "whole", log.messages)
    for until in (50, 51, 160, log.messages):
        trained(admitted_source(store), tmp_path / "parts", until, resume=True)
    check_same(tmp_path / "whole", tmp_path / "parts")
    manifest, _ = last_checkpoint(tmp_path / "parts")
    offsets = {each.name: each.offset for each in followers_of(store / "admitted")}
    assert offsets == {"nobody": 0, "trainer": manifest.admitted_position}


def test_another_starts_on_its_state(log: Log, store: Path, tmp_path: Path) -> None:
    trained(admitted_source(store, group="one"), tmp_path / "one", 200)
    source = admitted_source(store / "admitted", group="two")
    with LiveRun(source, tmp_path / "two", config=TRAINER, state_from=tmp_path / "one") as run:
        received = run.trainer.buffer.counters
        run.run(lambda: setattr(run, "stopping", received.received >= log.messages))
        assert received.in_kept_state > 0
        assert received.add_up()


def test_a_log_is_followed_by_its_rows(tmp_path: Path) -> None:
    events = requests_log(4, requests=60, delay_ms=HOUR_MS)
    items = pa.table({"item_id": [100, 101], "attribute.genre": [["rock"], ["jazz", "dub"]]})
    events = events.drop_columns(["attribute.genre"])
    admission = AdmissionConfig(label_wait_ms=HOUR_MS)
    config = replace(CONFIG, admission=admission, forget_users_after_days=None, most_state_users=None)
    trainer = replace(TRAINER, admission=admission, forget_users_after_days=None, most_state_users=None)

    def replay() -> ReplaySource:
        return ReplaySource(MemorySource(schema=REQUESTS, events=events, item_table=items))

    with FeatureUpdater(
        replay(), tmp_path / "store", config=config, kept_for=["trainer", "nobody"]
    ) as updater:
        updater.run()
    trained(admitted_source(tmp_path / "store"), tmp_path / "admitted", len(events), config=trainer)
    trained(replay(), tmp_path / "direct", len(events), config=trainer)
    check_same(
        tmp_path / "direct", tmp_path / "admitted", only=("ranker/", "features/", "admission/counters")
    )
    (_, entry), *_ = entries_of(tmp_path / "store")
    assert entry.tables["exposures"].num_rows == entry.messages


def test_what_the_updater_has_let_go_is_missed_at_once(log: Log, tmp_path: Path) -> None:
    for until in (200, 420, log.messages):
        update(log.folder, until, tmp_path / "store", config=replace(CONFIG, checkpoints_kept=1))
    with pytest.raises(ResultError, match=r"begins with entry \d+, and entry 1 is needed: start on the stat"):
        trained(admitted_source(tmp_path / "store"), tmp_path / "trainer", log.messages)
    assert not followers_of(tmp_path / "store" / "admitted")


def test_what_it_has_not_read_is_kept_for_it(log: Log, tmp_path: Path) -> None:
    store, config = tmp_path / "store", replace(CONFIG, checkpoints_kept=1)
    update(log.folder, 1, store, config=config, kept_for=("trainer",))
    trained(admitted_source(store), tmp_path / "trainer", 1)
    for until in (200, 420, log.messages):
        update(log.folder, until, store, config=config)
    (trainer,) = followers_of(store / "admitted")
    assert AdmittedLog(store / "admitted").first <= trainer.offset + 1
    trained(admitted_source(store), tmp_path / "trainer", log.messages, resume=True)
    update(log.folder, log.messages, store, config=config)
    assert AdmittedLog(store / "admitted").first > trainer.offset + 1


def test_other_settings_are_refused_with_the_remedy(store: Path, tmp_path: Path) -> None:
    changed = replace(TRAINER, admission=replace(CONFIG.admission, label_wait_ms=2 * HOUR_MS))
    message = r"label_wait_ms was 3600000 and is 7200000 \(give --label-wait-minutes 60\); leave these option"
    with pytest.raises(ConfigError, match=message):
        LiveRun(admitted_source(store), tmp_path / "trainer", config=changed)
    assert not (tmp_path / "trainer").exists()


def test_two_of_one_name_are_refused(store: Path, tmp_path: Path) -> None:
    first = admitted_source(store, group="same")
    first.start_after({})
    second = admitted_source(store, group="same")
    with pytest.raises(
        ResultError, match=r"is followed as 'same' by another process .*or follow under another"
    ):
        second.start_after({})
    first.close()
    second.start_after({})
    second.close()


def changed(entry: AdmittedEntry, **columns: Any) -> AdmittedEntry:
    kind, table = next(iter(entry.tables.items()))
    for name, value in columns.items():
        place = table.column_names.index(name)
        column = pa.array([value] * table.num_rows, table.schema.field(name).type)
        table = table.set_column(place, table.schema.field(name), column)
    return replace(entry, tables={**entry.tables, kind: table})


def copied(store: Path, to: Path, change: Mapping[int, AdmittedEntry]) -> Path:
    to.mkdir()
    (to / "config.json").write_bytes((store / "config.json").read_bytes())
    log = AdmittedLog(to / "admitted", followed=True)
    for number, entry in entries_of(store):
        log.append(change.get(number, entry))
    log.close()
    return to


def test_what_comes_out_otherwise_is_an_error(store: Path, tmp_path: Path) -> None:
    number, entry = next((number, each) for number, each in entries_of(store) if each.tables)
    other = copied(store, tmp_path / "other", {number: changed(entry, verdict=5)})
    with pytest.raises(ResultError, match=rf"entry {number}: row 1 of its exposures was \w+ when it was adm"):
        trained(admitted_source(other), tmp_path / "trainer", 400)


def test_entries_of_another_log_are_refused(store: Path, tmp_path: Path) -> None:
    trained(admitted_source(store), tmp_path / "trainer", 200)
    folder = tmp_path / "trainer"
    log = AdmittedLog(folder / "admitted")
    last = log.position
    log.append(AdmittedEntry(first_arrival=log.next_arrival or 0, source="", polled_ms=9_000, awaited=()))
    with pytest.raises(ResultError, match=rf"entry {last + 2} begins behind \d+ messages|was \w+ when it"):
        trained(admitted_source(store), folder, 400, resume=True)


def test_entries_without_their_rows_are_refused(store: Path, tmp_path: Path) -> None:
    """As versions before wrote them of a log alone."""
    bare = AdmittedEntry(
        first_arrival=0, source="log", ranges={"0": ("1", "2")}, dispositions=pa.array([0, 0], pa.int8())
    )
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "config.json").write_bytes((store / "config.json").read_bytes())
    AdmittedLog(folder / "admitted").append(bare)
    with pytest.raises(ResultError, match="entry 1 says what became of rows and does not hold them"):
        trained(admitted_source(folder), tmp_path / "trainer", 400)


def test_what_holds_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"holds no store that a feature updater made; start it first"):
        FolderEntries(tmp_path / "admitted", group="trainer")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ResultError, match=r"holds no store that a feature updater made; give what its"):
        FolderEntries(tmp_path, group="trainer")
    (tmp_path / "config.json").write_text('{"holds": "store", "source": "s", "schema": {"labls": []}}')
    with pytest.raises(ResultError, match=r"schema: key 'labls' is unknown"):
        FolderEntries(tmp_path, group="trainer")
