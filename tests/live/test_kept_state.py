"""A ranker with other settings starts on what another trainer knows, as if it had been there all along."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pytest
from in_memory import CHOICES, HOUR_MS, REQUESTS, MemorySource, choices_log, requests_log
from killed_runs import CONFIG, check_same
from message_stream import MessageStream, as_archive, as_messages, between_requests
from redis_server import SERVER, RedisServer
from slow_but import slow_but
from small_live import SMALL

from interestclock.clock_features import ClockFeatureConfig, Eq3Weights
from interestclock.clocks import GaussianConfig
from interestclock.embeddings import IdPolicy
from interestclock.errors import ResultError
from interestclock.live import Checkpoints, LiveConfig, LiveRun, LiveTrainer
from interestclock.live.checkpoints import CheckpointReader
from interestclock.live.kept_state import KeptState
from interestclock.ranking import RankerConfig
from interestclock.samples import CandidateConfig
from interestclock.sequences import DinConfig
from interestclock.streams import HybridSource, LiveSource, RedisSource, ReplaySource
from interestclock.training import TrainConfig

OTHER = RankerConfig(
    clocks=(GaussianConfig(sigma_hours=2.0), DinConfig(behaviours=5)), dim=6, recent=5, hidden=(4,)
)
WAIT_MS = 8 * HOUR_MS
OLD = replace(
    CONFIG,
    admission=replace(CONFIG.admission, label_wait_ms=WAIT_MS),
    forget_users_after_days=1.0,
    idle_seconds=3_600,
    checkpoint_minutes=800,
)
NEW = replace(
    OLD,
    ranker=OTHER,
    train=TrainConfig(batch_size=10, learning_rate=0.01, seed=3),
    users=IdPolicy(unused_days=3),
    items=IdPolicy(min_count=2, unused_days=3),
    batch_minutes=30.0,
    missing_labels=("like",),
    poll_messages=7,
)
Features = dict[int, dict[str, object]]


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def events() -> pa.Table:
    return requests_log(9, requests=90, users=10, items=30, days=4, delay_ms=WAIT_MS)


def rows(events: pa.Table) -> LiveSource:
    return ReplaySource(MemorySource(schema=REQUESTS, events=events))


def messages(events: pa.Table) -> LiveSource:
    return MessageStream([said for _, said in as_messages(events)])


def fresh(run: LiveRun) -> LiveSource:
    """The messages of a run, from the beginning."""
    return MessageStream(run.source.payloads)


def stopped(run: LiveRun, arrivals: int) -> LiveRun:
    """Told to stop after so many arrivals, which makes a checkpoint."""
    with run:
        told = iter(range(arrivals - 1))

        def tell() -> None:
            run.stopping = next(told, None) is None

        run.run(tell)
    return run


def killed(run: LiveRun, arrivals: int) -> LiveRun:
    """Once so many arrivals are written down: the last checkpoint lies before."""
    append, written = run._files.admission._log.append, iter(range(arrivals))

    def killing(entry):
        position = append(entry)
        if next(written, None) is None:
            raise KilledError
        return position

    run._files.admission._log.append = killing
    with run, pytest.raises(KilledError):
        run.run()
    return run


def learned(run: LiveRun) -> LiveRun:
    with run:
        run.run()
    return run


@pytest.fixture(scope="module")
def features() -> Iterator[Callable[[LiveTrainer], Features]]:
    """What each exposure's batch said of it, by trainer and serial number (and place among candidates)."""
    seen: WeakKeyDictionary[LiveTrainer, Features] = WeakKeyDictionary()
    predicted = LiveTrainer.predicted

    def noting(self, told):
        predicted(self, told)
        seen.setdefault(self, {}).update(samples(self, told.rows, told.batch))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveTrainer, "predicted", noting)
        yield lambda trainer: seen.get(trainer, {})


@pytest.fixture(scope="module")
def straight(events: pa.Table, features, tmp_path_factory: pytest.TempPathFactory) -> LiveRun:
    """A trainer with the new settings that was there all along."""
    return learned(LiveRun(messages(events), tmp_path_factory.mktemp("straight") / "run", config=NEW))


@pytest.fixture(scope="module")
def other(events: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a replay that was stopped early."""
    folder = tmp_path_factory.mktemp("other") / "old"
    stopped(LiveRun(rows(events), folder, config=OLD), 2)
    return folder


def samples(trainer: LiveTrainer, rows: pa.Table, batch) -> Iterator[tuple[int, dict[str, object]]]:
    """Each row of a batch without what is the trainer's own: numbers of requests and of context."""
    contexts = {}
    for name, number_X in (batch.categorical | batch.multivalued).items():
        ids = trainer.rows.identity(f"context.{name}").ids
        contexts[name] = [[None if n == 0 else ids(np.array([n]))[0].as_py() for n in np.ravel(each)]
                          for each in number_X.numpy()]  # fmt: skip
    place_of: dict[int, int] = {}
    for row, serial in enumerate(rows["serial"].to_pylist()):
        moment = int(batch.request_row_B[row])
        place_of[serial] = place_of.get(serial, -1) + 1
        yield (
            1_000 * serial + place_of[serial],
            {
                "item_id": str(rows["item_id"][row].as_py()),
                "shown": [
                    int(getattr(batch, name)[row])
                    for name in ("user_B", "item_B", "timestamp_ms_B", "second_of_day_B", "day_of_week_B")
                ],
                "known": int(batch.known_behaviours_B[row]),
                "recent": batch.recent_MK[moment].tolist(),
                "clocks": {name: each[moment].tolist() for name, each in batch.clocks.items()},
                "contexts": {
                    name: [each for each in ids[row] if each is not None] for name, ids in contexts.items()
                },
                "numeric": {name: repr(float(each[row])) for name, each in batch.numeric.items()},
            },
        )


def in_kept_state(run: LiveRun) -> int:
    """What the other was done with, of a run that has not begun."""
    counters = run.trainer.buffer.counters
    assert counters.received == counters.in_kept_state + counters.waiting
    return counters.in_kept_state


def check_accounts(run: LiveRun, *, received: int, kept: int) -> None:
    counters = run.trainer.buffer.counters
    assert counters.add_up()
    assert (counters.received, counters.in_kept_state) == (received, kept)


@pytest.mark.parametrize(
    ("ending", "arrivals"),
    slow_but([(killed, 12)], [(stopped, 2), (stopped, 18), (killed, 12), (killed, 26)]),
)
def test_features_are_those_of_a_trainer_that_was_there_all_along(
    ending: Callable, arrivals: int, straight: LiveRun, features, tmp_path: Path
) -> None:
    """Of each exposure that the other had not predicted by its checkpoint, and only of these."""
    old = ending(LiveRun(fresh(straight), tmp_path / "old", config=OLD), arrivals)
    predicted_there = set(features(old.trainer))
    new = LiveRun(fresh(straight), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
    left_there, kept = new._left_there, in_kept_state(new)
    learned(new)
    mine, all_along = features(new.trainer), features(straight.trainer)
    assert mine == {serial: all_along[serial] for serial in mine}
    assert set(mine) | predicted_there == set(all_along)
    if ending is stopped:
        assert not set(mine) & predicted_there
        assert left_there == len(predicted_there) - old.trainer.buffer.counters.learned > 10
    assert any(each["known"] for each in mine.values())
    check_accounts(new, received=straight.trainer.buffer.counters.received, kept=kept)
    assert new.trainer.buffer.counters.learned == len(mine)
    assert straight.trainer.learner.step > new.trainer.learner.step > 0


def test_a_replay_that_was_stopped(events: pa.Table, straight: LiveRun, features, tmp_path: Path) -> None:
    """What was taken since the checkpoint is read from the log again, not from what was admitted."""
    killed(LiveRun(rows(events), tmp_path / "old", config=OLD), 7)
    new = LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
    kept = in_kept_state(new)
    learned(new)
    mine, all_along = features(new.trainer), features(straight.trainer)
    assert mine == {serial: all_along[serial] for serial in mine} != {}
    check_accounts(new, received=events.num_rows, kept=kept)


@pytest.mark.parametrize("arrivals", slow_but([6], [3, 6, 9]))
def test_candidates_are_those_of_a_trainer_that_was_there_all_along(
    arrivals: int, features, tmp_path: Path
) -> None:
    """Drawn anew, with other settings, for choices that wait to be predicted."""
    log = choices_log(4, choices=400, delay_ms=HOUR_MS)
    old = replace(OLD, ranker=replace(SMALL, clocks=()), train=TrainConfig(batch_size=32))
    new = replace(old, candidates=CandidateConfig(by_popularity=3, from_own_past=1, seed=5))

    def run(folder: str, config: LiveConfig, **options) -> LiveRun:
        source = ReplaySource(MemorySource(schema=CHOICES, events=log))
        return LiveRun(source, tmp_path / folder, config=config, **options)

    stopped(run("old", old), arrivals)
    assert CheckpointReader(tmp_path / "old" / "checkpoints").numbers()
    straight = learned(run("straight", new))
    second = learned(run("new", new, state_from=tmp_path / "old"))
    mine, all_along = features(second.trainer), features(straight.trainer)
    assert mine == {serial: all_along[serial] for serial in mine} != {}
    counters = second.trainer.buffer.counters
    check_accounts(second, received=log.num_rows, kept=log.num_rows - counters.learned - counters.unscored)


def test_the_same_settings_start_with_fresh_weights(events: pa.Table, tmp_path: Path) -> None:
    stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 5)
    run = LiveRun(rows(events), tmp_path / "new", config=OLD, state_from=tmp_path / "old")
    fresh = LiveTrainer(REQUESTS, items=None, config=OLD, recorder=run)
    for mine, first in zip(
        run.trainer.ranker.dense_parameters(), fresh.ranker.dense_parameters(), strict=True
    ):
        assert (mine == first).all()
    assert all(
        not len(np.flatnonzero(each.state()["admitted"])) for each in run.trainer.rows.ledgers.values()
    )
    learned(run)
    assert run.trainer.rows.ledgers["user"].statistics.admitted > 0


@pytest.mark.parametrize("arrivals", slow_but([9], [1, 9]))
def test_resumed_to_the_bit_without_the_other(arrivals: int, events: pa.Table, tmp_path: Path) -> None:
    """The other was killed, so that what it had admitted since its checkpoint is learned again first."""
    killed(LiveRun(messages(events), tmp_path / "old", config=OLD), 12)
    start = partial(LiveRun, config=NEW, state_from=tmp_path / "old")
    learned(start(messages(events), tmp_path / "straight"))
    killed(start(messages(events), tmp_path / "run"), arrivals)
    shutil.rmtree(tmp_path / "old")
    with pytest.raises(ResultError, match=r"holds a trainer; go on with --resume"):
        LiveRun(messages(events), tmp_path / "run", config=NEW)
    learned(LiveRun(messages(events), tmp_path / "run", config=NEW, resume=True))
    learned_state = ("ranker/", "learner/", "features/", "rows/", "admission/counters", "numbers")
    check_same(tmp_path / "straight", tmp_path / "run", only=learned_state)


def test_a_folder_with_a_checkpoint_goes_on_from_its_own(
    events: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 6)
    learned(LiveRun(rows(events), tmp_path / "straight", config=NEW, state_from=tmp_path / "old"))
    stopped(LiveRun(rows(events), tmp_path / "run", config=NEW, state_from=tmp_path / "old"), 3)
    shutil.rmtree(tmp_path / "old")
    with caplog.at_level(logging.INFO):
        learned(LiveRun(rows(events), tmp_path / "run", config=NEW, resume=True, state_from=tmp_path / "old"))
    assert "old is not looked at: there is a checkpoint already" in caplog.text
    check_same(tmp_path / "straight", tmp_path / "run", only=("ranker/", "learner/", "features/", "numbers"))


def test_killed_before_its_first_checkpoint(
    events: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must begin as it was to begin, and not with nothing."""
    killed(LiveRun(messages(events), tmp_path / "old", config=OLD), 12)
    start = partial(LiveRun, config=NEW)
    learned(start(messages(events), tmp_path / "straight", state_from=tmp_path / "old"))
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "write", lambda *_: (_ for _ in ()).throw(KilledError))
        with (
            pytest.raises(KilledError),
            start(messages(events), tmp_path / "run", state_from=tmp_path / "old") as run,
        ):
            run.run()
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    for given in (None, tmp_path / "copy"):
        with pytest.raises(
            ResultError,
            match=r"run was stopped before its first checkpoint, .* give --state-from .*old again",
        ):
            start(messages(events), tmp_path / "run", resume=True, state_from=given)
    learned(start(messages(events), tmp_path / "run", resume=True, state_from=tmp_path / "old"))
    check_same(tmp_path / "straight", tmp_path / "run")
    with start(messages(events), tmp_path / "empty"):
        pass
    with pytest.raises(ResultError, match="holds a trainer that begins with nothing, and has no checkpoint"):
        start(messages(events), tmp_path / "empty", resume=True, state_from=tmp_path / "old")


def test_the_other_may_run_and_is_only_read(events: pa.Table, tmp_path: Path) -> None:
    old = LiveRun(messages(events), tmp_path / "old", config=OLD)
    half_written = tmp_path / "old" / "checkpoints" / "checkpoint-00009999.unfinished"

    def files() -> dict[Path, str]:
        return {
            path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((tmp_path / "old").rglob("*"))
            if path.is_file()
        }

    started = iter([10])

    def tell() -> None:
        if old.trainer.buffer.counters.received < 400 or next(started, None) is None:
            return
        old._files.written()
        half_written.mkdir()
        (half_written / "state.safetensors").write_bytes(b"half")
        before = files()
        new = LiveRun(messages(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
        learned(new)
        assert files() == before

    with old:
        old.run(tell)
    assert next(started, None) is None
    assert old.trainer.buffer.counters.learned == events.num_rows  # it went on
    assert (tmp_path / "new" / "checkpoints").exists()


def test_a_damaged_checkpoint_is_passed_over(
    events: pa.Table, features, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 8)
    newest = sorted((tmp_path / "old" / "checkpoints").iterdir())[-1] / "state.safetensors"
    os.truncate(newest, newest.stat().st_size - 1)
    with caplog.at_level(logging.INFO):
        new = learned(LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old"))
    assert "going on from the checkpoint before it" in caplog.text
    assert f"starting on the state of checkpoint {int(newest.parent.name[-8:]) - 1} of" in caplog.text
    predicted = set(features(old.trainer)) | set(features(new.trainer))
    assert len(predicted) == events.num_rows
    for path in (tmp_path / "old" / "checkpoints").glob("*/state.safetensors"):
        path.write_bytes(b"")
    with pytest.raises(ResultError, match="no checkpoint is whole"):
        LiveRun(rows(events), tmp_path / "more", config=NEW, state_from=tmp_path / "old")
    assert not (tmp_path / "more").exists()


def test_checkpoints_that_go_while_they_are_read(
    events: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trainer writes new ones, and lets go of all that were there."""
    stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 7)
    checkpoints = tmp_path / "old" / "checkpoints"
    newest = sorted(checkpoints.iterdir())[-1]
    manifest, state = CheckpointReader(checkpoints).read(int(newest.name[-8:]))
    read, first = CheckpointReader.read, iter([1])

    def moving(self: CheckpointReader, number: int):
        if next(first, None):
            Checkpoints(checkpoints, kept=1).write(state, replace(manifest, number=100))
        return read(self, number)

    monkeypatch.setattr(CheckpointReader, "read", moving)
    with LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old") as new:
        assert new.trainer.buffer.counters.received == 210


def test_an_entry_that_is_being_written_is_asked_for_at_the_source(
    events: pa.Table, straight: LiveRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Cut off in the copy alone."""
    killed(LiveRun(fresh(straight), tmp_path / "old", config=OLD), 12)
    last = max((tmp_path / "old" / "admitted").iterdir())
    whole = last.read_bytes()
    last.write_bytes(whole[:-3])
    with caplog.at_level(logging.WARNING):
        new = learned(LiveRun(fresh(straight), tmp_path / "new", config=NEW, state_from=tmp_path / "old"))
    assert "new/admitted" in caplog.text
    assert "cut short while it was written" in caplog.text
    assert last.read_bytes() == whole[:-3]
    counters = new.trainer.buffer.counters
    assert counters.received == straight.trainer.buffer.counters.received
    assert counters.add_up()


def test_what_was_admitted_since_is_gone(events: pa.Table, tmp_path: Path) -> None:
    stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 9)
    for path in (tmp_path / "old" / "admitted").iterdir():
        path.unlink()
    with pytest.raises(ResultError, match=r"old/admitted: what was taken behind checkpoint \d+ is gone"):
        LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"longest": 13}, "config.longest was 12 and is 13"),
        ({"keep_hours": 2.0}, "config.keep_hours was 1.0 and is 2.0"),
        ({"forget_users_after_days": None}, "config.forget_users_after_days was 1.0 and is None"),
        ({"most_state_users": 5}, "config.most_state_users was None and is 5"),
        ({"clocks_of_day": True}, "config.clocks_of_day was False and is True"),
        ({"clocks": ClockFeatureConfig(window_days=7)}, "config.clocks.window_days was 30 and is 7"),
        ({"clocks": ClockFeatureConfig(buckets_per_day=8)}, "config.clocks.buckets_per_day was 24 and is 8"),
        (
            {"admission": replace(OLD.admission, lateness_ms=9)},
            "config.admission.lateness_ms was 0 and is 9",
        ),
        (
            {"admission": replace(OLD.admission, label_wait_ms=9)},
            "config.admission.label_wait_ms was 28800000 and is 9",
        ),
        ({"admission": replace(OLD.admission, ahead_ms=9)}, "config.admission.ahead_ms was 3600000 and is 9"),
        (
            {"admission": replace(OLD.admission, archive_first=True)},
            "config.admission.archive_first was False and is True",
        ),
    ],
)
def test_what_admission_or_the_state_sees_has_to_be_the_same(
    change: dict, said: str, events: pa.Table, other: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ResultError,
        match=rf"--state-from .*old: its trainer admits and remembers otherwise: {said}.*; give these as it "
        r"has them .*, or learn the history again without --state-from",
    ):
        LiveRun(rows(events), tmp_path / "new", config=replace(NEW, **change), state_from=other)
    assert not (tmp_path / "new").exists()


def test_every_setting_may_differ_or_not(events: pa.Table, other: Path, tmp_path: Path) -> None:
    """A setting that comes later is refused until somebody says which it is."""
    may = {
        "ranker": RankerConfig(),
        "train": TrainConfig(threads=2),
        "users": IdPolicy(most=7),
        "items": IdPolicy(),
        "contexts": IdPolicy(most=3),
        "candidates": CandidateConfig(seed=1),
        "batch_minutes": 1.0,
        "missing_labels": ("finish",),
        "checkpoint_minutes": 7.0,
        "checkpoints_kept": 1,
        "snapshot_minutes": 7.0,
        "full_snapshot_hours": 7.0,
        "poll_messages": 7,
        "idle_seconds": 7.0,
        "sample_requests": 0.5,
        "clocks": ClockFeatureConfig(values_per_attribute=2, weights=Eq3Weights(skip=0.5)),
    }
    must = {
        "admission",
        "longest",
        "keep_hours",
        "forget_users_after_days",
        "most_state_users",
        "clocks_of_day",
    }
    assert {each.name for each in fields(LiveConfig)} == set(may) | must
    for name, value in may.items():
        config = replace(OLD, **{name: value})
        with LiveRun(rows(events), tmp_path / f"new-{name}", config=config, state_from=other):
            pass
    learned(LiveRun(rows(events), tmp_path / "all", config=replace(OLD, **may), state_from=other))


def test_another_source_or_schema_is_refused(events: pa.Table, other: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"source was 'log 0000000000000000' and is 'plays of a test'"):
        LiveRun(messages(events), tmp_path / "new", config=NEW, state_from=other)
    fewer = replace(REQUESTS, numeric=())
    source = ReplaySource(MemorySource(schema=fewer, events=events))
    with pytest.raises(ResultError, match=r"schema.numeric was \['age'\] and is \[\]"):
        LiveRun(source, tmp_path / "new", config=NEW, state_from=other)


def test_nothing_to_start_on(events: pa.Table, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"--state-from .*old: there is no trainer; give what its --checkp"):
        LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
    with LiveRun(rows(events), tmp_path / "old", config=OLD) as old:
        with pytest.raises(ResultError, match="it has no checkpoint yet; wait for its first, or stop it"):
            LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
        old.run()
    with pytest.raises(ResultError, match="its trainer learned its log to the end, and nothing comes behind"):
        LiveRun(rows(events), tmp_path / "new", config=NEW, state_from=tmp_path / "old")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("arrivals", slow_but([3, 7], [2, 3, 4, 7]))
def test_an_archive_and_its_stream_go_on_where_the_other_was(
    arrivals: int, events: pa.Table, features, tmp_path: Path
) -> None:
    """135 rows in arrivals of 45, then the stream; past the archive, none of its rows is read again."""
    offset_ranges = between_requests(events, 0.5)
    archive = as_archive(events.slice(0, offset_ranges))
    from_ms = events["timestamp_ms"][offset_ranges].as_py() - 3 * HOUR_MS
    stream = [said for at_ms, said in as_messages(events) if at_ms >= from_ms]
    admission = replace(OLD.admission, lateness_ms=HOUR_MS, archive_first=True)
    old, new = (replace(each, admission=admission, poll_messages=45) for each in (OLD, NEW))
    stopped(LiveRun(HybridSource(archive, MessageStream(stream)), tmp_path / "old", config=old), arrivals)
    straight = learned(
        LiveRun(HybridSource(archive, MessageStream(stream)), tmp_path / "straight", config=new)
    )
    again = replace(archive, breaks_after=0) if arrivals > 4 else archive
    run = LiveRun(
        HybridSource(again, MessageStream(stream)), tmp_path / "new", config=new, state_from=tmp_path / "old"
    )
    kept = in_kept_state(run)
    learned(run)
    mine, all_along = features(run.trainer), features(straight.trainer)
    assert mine == {serial: all_along[serial] for serial in mine} != {}
    check_accounts(run, received=straight.trainer.buffer.counters.received, kept=kept)


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_with_redis(events: pa.Table, straight: LiveRun, features, tmp_path: Path) -> None:
    """Of all that the other took, the server keeps nothing any more: its folder has it."""
    payloads = [said for _, said in as_messages(events)]
    taken = len(payloads) * 2 // 3
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client() as client:
            for number, payload in enumerate(payloads[:taken], 1):
                client.xadd("plays", {"event": payload}, id=f"{number}-0")
            killed(LiveRun(from_redis(server, "one"), tmp_path / "old", config=OLD), -(-taken // 30))
            client.xtrim("plays", maxlen=1, approximate=False)
            for number, payload in enumerate(payloads[taken:], taken + 1):
                client.xadd("plays", {"event": payload}, id=f"{number}-0")
        source = from_redis(server, "two")
        new = LiveRun(source, tmp_path / "new", config=NEW, state_from=tmp_path / "old")
        kept = in_kept_state(new)
        assert new.trainer.buffer.counters.received < taken - 30  # the rest stands in the folder
        until_s = time.monotonic() + 60
        with new:

            def tell() -> None:
                everything = new.trainer.buffer.counters.received == len(payloads)
                new.stopping = everything or time.monotonic() > until_s

            new.run(tell)
        new.trainer.finish()
    finally:
        server.stop()
    mine, all_along = features(new.trainer), features(straight.trainer)
    assert mine == {serial: all_along[serial] for serial in mine} != {}
    assert max(mine) == max(all_along)
    check_accounts(new, received=len(payloads), kept=kept)


def from_redis(server: RedisServer, group: str) -> RedisSource:
    return RedisSource(host="127.0.0.1", port=server.port, streams=["plays"], schema=REQUESTS, group=group)


def test_what_is_read_is_what_was_written(events: pa.Table, tmp_path: Path) -> None:
    old = stopped(LiveRun(rows(events), tmp_path / "old", config=OLD), 4)
    said = {**json.loads((tmp_path / "old" / "config.json").read_text()), "more": 1}
    kept = KeptState.read(tmp_path / "old", said)
    assert kept.manifest.offsets == {"0": "120"}
    state = old.trainer.state()
    for name in state:
        np.testing.assert_array_equal(kept.state[name], state[name], err_msg=name)
