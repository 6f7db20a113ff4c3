"""A store behind a stream is what a state in memory is, whatever is stopped, torn or missing meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import lmdb
import pyarrow as pa
import pytest
from admitted_trainers import as_updated
from in_memory import DAY_MS, HOUR_MS, REQUESTS, START_MS, requests_log
from message_stream import MessageStream, as_archive, as_messages, between_requests
from small_live import LIVE
from stored_state import features_by_id
from updated_stores import CONFIG, Log, embedded, offset_of, said_by, seen, source_of, state_at, update

from interestclock.admission import AdmissionConfig, AdmittedLog
from interestclock.errors import ConfigError, ResultError
from interestclock.live import LiveRun, checkpoints
from interestclock.store import StoreWriter
from interestclock.streams import EmbeddedLogSource, HybridSource, LiveSource, followers_of, segment_files
from interestclock.timeofday import TimeSource
from interestclock.updater import FeatureUpdater, UpdaterConfig

NO_ROOM = OSError(28, "No space left on device")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.fixture(scope="module")
def whole(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of an updater that took all of it and was never stopped."""
    folder = tmp_path_factory.mktemp("store") / "store"
    update(*log, folder)
    return folder


def copy_of(folder: Path, to: Path) -> Path:
    return shutil.copytree(folder, to)


def check_equal(log: Log, folder: Path) -> None:
    with seen(folder) as view:
        assert offset_of(view) == log.messages
        assert said_by(view) == said_by(state_at(log.folder, log.messages))


def test_a_store_is_what_a_state_in_memory_is_at_each_offset(log: Log, tmp_path: Path) -> None:
    offsets = []
    for until in (1, 100, 101, 333, log.messages):
        update(log.folder, until, tmp_path / "store")
        with seen(tmp_path / "store") as view:
            offsets.append(offset_of(view))
            assert offsets[-1] >= until
            assert said_by(view) == said_by(state_at(log.folder, offsets[-1]))
    assert offsets == sorted(set(offsets))


def test_it_is_what_a_trainer_reads_at_the_same_offset(log: Log, tmp_path: Path) -> None:
    trainer = replace(as_updated(LIVE), clocks=LIVE.clocks, poll_messages=64, idle_seconds=3_600)
    config = replace(CONFIG, clocks=trainer.clocks)
    source = EmbeddedLogSource(log.folder, schema=REQUESTS, group="trainer")
    with LiveRun(source, tmp_path / "trainer", config=trainer) as run:
        run.run(lambda: setattr(run, "stopping", run.trainer.buffer.counters.received >= 300))
        read = said_by(run.trainer.features)
        offset = int(run._files.admission.offsets["0"])
    update(log.folder, offset, tmp_path / "store", config=replace(config, poll_messages=offset))
    with seen(tmp_path / "store") as view:
        assert offset_of(view) == offset
        assert said_by(view) == read


def test_nothing_is_acknowledged_before_the_store_has_it(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interestclock.live.acknowledgement._EVERY_S", 0.0)
    source, in_store = source_of(log.folder), []
    acknowledge = source.acknowledge

    def noted(last: Mapping[str, str]) -> None:
        with seen(tmp_path / "store") as view:
            in_store.append((offset_of(view), int(last["0"])))
        assert AdmittedLog(tmp_path / "store" / "admitted").position >= view.position
        acknowledge(last)

    monkeypatch.setattr(source, "acknowledge", noted)
    with FeatureUpdater(source, tmp_path / "store", config=CONFIG) as updater:
        updater.run(lambda: setattr(updater, "stopping", len(in_store) >= 5))
    assert len(in_store) >= 5
    assert all(stored >= acknowledged for stored, acknowledged in in_store)
    offsets = {each.name: each.offset for each in followers_of(log.folder)}
    assert offsets["features"] == in_store[-1][1]


def test_it_tells_how_far_behind_it_is(log: Log, tmp_path: Path) -> None:
    source = source_of(log.folder)
    now_ms = START_MS + 10 * DAY_MS
    source.clock = TimeSource(start_ms=now_ms, left_ms=TimeSource().now_ms(), factor=1e-9)  # it stands still
    told = []
    with FeatureUpdater(source, tmp_path / "store", config=CONFIG) as updater:

        def tell() -> None:
            told.append(updater.numbers())
            updater.stopping = updater.buffer.counters.received >= log.messages

        assert updater.numbers().lag_seconds != updater.numbers().lag_seconds  # nothing is known yet
        updater.run(tell)
    lags = [each.lag_seconds for each in told]
    assert all(each.lag_seconds == (now_ms - each.event_ms) / 1_000 for each in told)
    assert lags == sorted(lags, reverse=True)
    assert lags[0] > 9 * 86_400 > lags[-1] > 5 * 86_400
    assert f"lag {lags[-1] / 86_400:.1f} d | store at entry" in told[-1].line()
    assert told[-1].counts["received"] == log.messages
    assert told[-1].exposures == 180


def test_where_the_source_has_no_more_it_is_not_behind(log: Log, tmp_path: Path) -> None:
    config = replace(CONFIG, idle_seconds=0.02, admission=AdmissionConfig(label_wait_ms=0))
    told = []
    with FeatureUpdater(source_of(log.folder), tmp_path / "store", config=config) as updater:

        def tell() -> None:
            told.append(updater.numbers().lag_seconds)
            updater.stopping = len(told) > 2 and told[-1] < 60.0

        updater.run(tell)
    assert told[0] > 300 * 86_400
    with seen(tmp_path / "store") as view:
        assert offset_of(view) == log.messages
        assert view.watermark_ms > START_MS + 300 * DAY_MS  # servers see it go on by the clock, too


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_from_an_archive_to_the_stream_it_was_written_from(share: float, tmp_path: Path) -> None:
    events = requests_log(8, requests=80, delay_ms=HOUR_MS)
    row = between_requests(events, share)
    timed = as_messages(events)
    admission = AdmissionConfig(lateness_ms=60_000, label_wait_ms=HOUR_MS, archive_first=True)
    config = replace(CONFIG, admission=admission, forget_users_after_days=None, most_state_users=None)

    def run(folder: Path, source: LiveSource, *, of: UpdaterConfig, stop_at: int | None = None) -> None:
        with FeatureUpdater(source, folder, config=of) as updater:

            def tell() -> None:
                received = updater.buffer.counters.received
                updater.stopping = stop_at is not None and received >= stop_at

            updater.run(tell)

    def hybrid() -> LiveSource:
        stream = MessageStream([payload for _, payload in timed])
        return HybridSource(as_archive(events.slice(0, row)), stream)

    run(tmp_path / "two", hybrid(), of=config, stop_at=row // 2)  # stopped in the archive
    run(tmp_path / "two", hybrid(), of=config, stop_at=row + 200)  # and in the stream
    run(tmp_path / "two", hybrid(), of=config)
    stream = MessageStream([payload for _, payload in timed])
    one = replace(config, admission=replace(admission, archive_first=False))
    run(tmp_path / "one", stream, of=one)
    times_ms = [START_MS + hours * HOUR_MS for hours in (66, 72, 90, 120)]
    users, items = (
        pa.array([str(each) for each in events[name].unique().to_pylist()] + ["nobody"])
        for name in ("user_id", "item_id")
    )
    said = []
    for folder in ("one", "two"):
        with seen(tmp_path / folder) as view:
            all_of_it = features_by_id(view, times_ms, users=users, items=items, attributes=("genre",))
            said.append({name: all_of_it[name] for name in (*map(str, times_ms), "offsets")})
    assert said[0] == said[1]


def test_a_store_that_is_gone_is_written_anew(log: Log, whole: Path, tmp_path: Path) -> None:
    folder = copy_of(whole, tmp_path / "store")
    shutil.rmtree(folder / "features.lmdb")
    update(*log, folder)
    check_equal(log, folder)


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_store_of_an_older_copy_is_brought_up_to_date(checkpoints: bool, log: Log, tmp_path: Path) -> None:
    config = replace(CONFIG, checkpoint_messages=200 if checkpoints else 1_000_000)
    update(log.folder, 150, tmp_path / "store", config=config)
    older = copy_of(tmp_path / "store" / "features.lmdb", tmp_path / "older")
    update(*log, tmp_path / "store", config=config)
    shutil.rmtree(tmp_path / "store" / "features.lmdb")
    older.rename(tmp_path / "store" / "features.lmdb")
    update(*log, tmp_path / "store", config=config)
    check_equal(log, tmp_path / "store")


@pytest.mark.parametrize("cut", [1, 40, 3_000])
def test_a_torn_end_of_what_was_admitted_is_asked_for_again(cut: int, log: Log, tmp_path: Path) -> None:
    folder, config = tmp_path / "store", replace(CONFIG, checkpoint_messages=1_000_000)
    with FeatureUpdater(source_of(log.folder), tmp_path / "running", config=config) as updater:

        def tell() -> None:  # what a kill leaves, before the first checkpoint
            if updater.buffer.counters.received >= 400 and not updater.stopping:
                copy_of(tmp_path / "running", folder)
                updater.stopping = True

        updater.run(tell)
    last = max((folder / "admitted").glob("*.segment"))
    with last.open("r+b") as stream:
        stream.truncate(last.stat().st_size - cut)
    update(*log, folder, config=config)
    check_equal(log, folder)


def test_a_store_without_what_was_admitted_is_refused(log: Log, whole: Path, tmp_path: Path) -> None:
    folder = copy_of(whole, tmp_path / "store")
    for name in ("admitted", "checkpoints"):
        shutil.rmtree(folder / name)
    (folder / "dead-letters.jsonl").unlink()
    with pytest.raises(ResultError, match=r"the store has \d+ entries, and admitted/ none; bring checkp"):
        update(*log, folder)
    with seen(folder) as view:
        assert offset_of(view) == log.messages


@pytest.mark.parametrize("what", ["admitted", "checkpoint", "store"])
def test_a_disk_that_fills_up(what: str, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(1_000_000))

    def full_at_the_third(write: Callable, error: Exception) -> Callable:
        def wrapped(*arguments, **named):
            if next(calls) == 2:
                raise error
            return write(*arguments, **named)

        return wrapped

    holder, name, error = {
        "admitted": (segment_files.os, "fsync", NO_ROOM),
        "checkpoint": (checkpoints, "save_file", NO_ROOM),
        "store": (StoreWriter, "_write_users", lmdb.DiskError("No space left on device")),
    }[what]
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, full_at_the_third(getattr(holder, name), error))
        with pytest.raises(ResultError, match=r"No space left on device.*make room"):
            update(*log, tmp_path / "store")
    update(*log, tmp_path / "store")
    check_equal(log, tmp_path / "store")


def test_whose_folder_it_is(log: Log, whole: Path, tmp_path: Path) -> None:
    folder = copy_of(whole, tmp_path / "store")
    other = replace(CONFIG, admission=replace(CONFIG.admission, label_wait_ms=2 * HOUR_MS))
    with pytest.raises(ResultError, match=r"label_wait_ms was 3600000 and is 7200000 \(give --label-wait-mi"):
        update(*log, folder, config=other)
    more_often = replace(CONFIG, checkpoint_messages=7, checkpoints_kept=1, poll_messages=9)
    update(*log, folder, config=more_often)
    with pytest.raises(ResultError, match="is not empty and holds no trainer; name another folder"):
        LiveRun(source_of(log.folder), folder, config=LIVE, resume=True)
    with LiveRun(source_of(log.folder), tmp_path / "trainer", config=LIVE):
        pass
    with pytest.raises(ResultError, match="holds no store that a feature updater made"):
        update(*log, tmp_path / "trainer")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.txt").write_text("dear")
    with pytest.raises(ResultError, match=r"mine holds letters\.txt and no store"):
        update(*log, tmp_path / "mine")


def test_one_updates_at_a_time(log: Log, whole: Path, tmp_path: Path) -> None:
    folder = copy_of(whole, tmp_path / "store")
    with FeatureUpdater(source_of(log.folder), folder, config=CONFIG):
        other = EmbeddedLogSource(log.folder, schema=REQUESTS, group="others")
        with pytest.raises(ResultError, match=r"another process keeps the store in .* current"):
            FeatureUpdater(other, folder, config=CONFIG)
    FeatureUpdater(source_of(log.folder), folder, config=CONFIG).__exit__(None, None, None)


@pytest.mark.parametrize("name", ["longest", "checkpoint_messages", "checkpoints_kept", "poll_messages"])
def test_settings_out_of_their_range(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is 0; give a whole number, 1 or more"):
        UpdaterConfig(**{name: 0})
    with pytest.raises(ConfigError, match="idle_seconds is 0; give seconds above 0"):
        UpdaterConfig(idle_seconds=0)
