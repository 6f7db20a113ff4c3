"""A run in its folder: damage, full disks, signals, clocks that jump; nothing is lost, it says what to do."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import killed_runs
import numpy as np
import pyarrow.parquet as pq
import pytest
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import CONFIG, last_checkpoint, started, train, train_slowly
from prometheus_client import CollectorRegistry, generate_latest
from slow_but import slow_but

from interestclock.admission import AdmittedLog
from interestclock.embeddings import IdPolicy
from interestclock.errors import ResultError
from interestclock.live import LiveRun
from interestclock.operations.prometheus_page import TelemetryCollector
from interestclock.operations.telemetry import Telemetry
from interestclock.ranking import RankerConfig
from interestclock.snapshots import SnapshotReader
from interestclock.streams import BadMessage, MicroBatch, OffsetRanges, RedisSource, ReplaySource
from interestclock.timeofday import TimeSource


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "events.parquet"
    pq.write_table(requests_log(6, requests=200, users=20, items=30, days=6, delay_ms=HOUR_MS), path)
    return path


@pytest.fixture(scope="module")
def straight(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("straight") / "run"
    train(log, folder, False)
    return folder


def opened(log: Path, folder: Path, *, resume: bool = False, telemetry: Telemetry | None = None) -> LiveRun:
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    return LiveRun(source, folder, config=CONFIG, resume=resume, telemetry=telemetry)


def shuffled(log: Path, folder: Path, *, resume: bool = False) -> LiveRun:
    config = replace(
        CONFIG,
        train=replace(CONFIG.train, order="daily-shuffled"),
        users=IdPolicy(min_count=2, unused_days=1.5),
    )
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    return LiveRun(source, folder, config=config, resume=resume)


def stopped_after(log: Path, folder: Path, arrivals: int) -> None:
    """A run that is told to stop after so many arrivals."""
    with opened(log, folder) as run:
        run.run(partial(stop_after, run, iter(range(arrivals))))


def stop_after(run: LiveRun, turns: Iterator[int]) -> None:
    run.stopping = next(turns, None) is None


def check_same(one: Path, other: Path) -> None:
    """All that was learned and predicted; how it was cut by stops may differ."""
    learned = ("ranker/", "learner/", "features/", "admission/counters", "event_ms", "learned_ms")
    killed_runs.check_same(one, other, only=learned)


def test_a_stop_and_a_resume_change_nothing(log: Path, straight: Path, tmp_path: Path) -> None:
    stopped_after(log, tmp_path / "run", 9)
    with pytest.raises(ResultError, match="holds a trainer; go on with --resume"):
        opened(log, tmp_path / "run")
    train(log, tmp_path / "run", True)
    check_same(straight, tmp_path / "run")


def test_days_are_shuffled_the_same_after_a_resume(log: Path, straight: Path, tmp_path: Path) -> None:
    """Stopped time and again, in the middle of days that are collected."""
    with shuffled(log, tmp_path / "whole") as run:
        run.run()
    learned = 0
    while learned < 600:
        with shuffled(log, tmp_path / "parts", resume=True) as run:
            run.run(partial(stop_after, run, iter(range(4))))
            learned = run.trainer.buffer.counters.learned
    check_same(tmp_path / "whole", tmp_path / "parts")
    assert not killed_runs.predictions(straight).equals(killed_runs.predictions(tmp_path / "parts"))


def test_a_checkpoint_that_lacks_a_byte_loses_nothing(
    log: Path, straight: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    newest = sorted((tmp_path / "run" / "checkpoints").iterdir())[-1] / "state.safetensors"
    os.truncate(newest, newest.stat().st_size - 1)
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    assert "going on from the checkpoint before it" in caplog.text
    check_same(straight, tmp_path / "run")


def flip(path: Path, byte: int) -> None:
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(content)


def admitted_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Those that the newest checkpoint does not need, and the others."""
    manifest, _ = last_checkpoint(folder)
    files = sorted((folder / "admitted").iterdir())
    needed = [int(path.stem.rpartition("-")[2]) > manifest.admitted_position for path in files]
    return files[: needed.index(True)], files[needed.index(True) :]


@pytest.mark.parametrize("byte", slow_but([20], [0, 20, -80, -1]))
def test_what_the_newest_checkpoint_does_not_need_may_be_damaged(
    byte: int, log: Path, straight: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    old, (last,) = admitted_files(tmp_path / "run")
    assert AdmittedLog(tmp_path / "run" / "admitted").position == int(last.stem.rpartition("-")[2]) - 1
    for path in old:
        flip(path, byte)
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    for path in old:
        assert f"{path}, byte " in caplog.text
    assert "needed only to go on from an older checkpoint" in caplog.text
    check_same(straight, tmp_path / "run")


def test_an_older_checkpoint_needs_more(log: Path, tmp_path: Path) -> None:
    stopped_after(log, tmp_path / "run", 9)
    while len(needed := admitted_files(tmp_path / "run")[1]) == 1:
        shutil.rmtree(sorted((tmp_path / "run" / "checkpoints").iterdir())[-1])
    flip(needed[-2], -1)
    with pytest.raises(
        ResultError, match=rf"{needed[-2].name}, byte \d+: entry \d+ is damaged; bring the file"
    ):
        train(log, tmp_path / "run", True)


def test_a_last_file_without_entries_may_be_damaged(
    log: Path, straight: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    _, (last,) = admitted_files(tmp_path / "run")
    flip(last, 30)
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    assert f"{last}, byte 0: the header is damaged" in caplog.text
    assert "It held no entry, and is made again" in caplog.text
    check_same(straight, tmp_path / "run")


def test_predictions_that_are_missing_are_noticed(
    log: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    part = tmp_path / "run" / "predictions" / "part-00000001.parquet"
    part.unlink()
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    assert f"{part}: " in caplog.text
    with pytest.raises(ResultError, match=r"part-00000001.parquet: \d+ predictions are missing"):
        killed_runs.predictions(tmp_path / "run")


def test_all_checkpoints_damaged_says_what_to_do(log: Path, tmp_path: Path) -> None:
    stopped_after(log, tmp_path / "run", 9)
    for path in (tmp_path / "run" / "checkpoints").glob("*/state.safetensors"):
        path.write_bytes(b"")
    with pytest.raises(ResultError, match="bring one back from a copy, or start anew in another folder"):
        train(log, tmp_path / "run", True)


@pytest.mark.parametrize("call", slow_but([1], range(4)))
def test_a_disk_that_is_full_at_the_start(
    call: int, log: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has the folder then, and with room again it is gone on with."""
    calls, fsync = iter(range(1_000)), os.fsync

    def full(descriptor: int) -> None:
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ResultError, match=r"No space left on device"):
            train(log, tmp_path / "run", False)
    train(log, tmp_path / "run", True)
    check_same(straight, tmp_path / "run")


@pytest.mark.parametrize(
    "what", slow_but(["checkpoint"], ["checkpoint", "admitted", "predictions", "snapshot"])
)
def test_a_disk_that_fills_up(
    what: str, log: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with an error that names the remedy; with room again, it goes on and ends the same."""
    calls = iter(range(1_000))

    def full_at_the_third(write: Callable) -> Callable:
        def wrapped(*arguments, **named):
            if next(calls) == 2:
                raise OSError(28, "No space left on device")
            return write(*arguments, **named)

        return wrapped

    place = {
        "checkpoint": "interestclock.live.checkpoints.save_file",
        "admitted": "interestclock.streams.segment_files.os.fsync",
        "predictions": "interestclock.live.prediction_parts.pq.ParquetWriter",
        "snapshot": "interestclock.snapshots.writer.save_file",
    }[what]
    with monkeypatch.context() as patch:
        module, _, name = place.rpartition(".")
        target = pytest.importorskip(module.removesuffix(".os").removesuffix(".pq"))
        holder = getattr(target, module.rpartition(".")[2]) if module.endswith((".os", ".pq")) else target
        patch.setattr(holder, name, full_at_the_third(getattr(holder, name)))
        with pytest.raises(ResultError, match=r"No space left on device.*make room"):
            train(log, tmp_path / "run", False)
    train(log, tmp_path / "run", True)
    check_same(straight, tmp_path / "run")


def test_sigterm_checkpoints_first(log: Path, straight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = started(partial(train_slowly, log), folder, resume=False)
    until = time.monotonic() + 60
    while not list(folder.glob("predictions/part-*")) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    assert process.exitcode == 0
    manifest, _ = last_checkpoint(folder)
    assert manifest.admitted_position == AdmittedLog(folder / "admitted").position > 0
    train(log, folder, True)
    check_same(straight, folder)


def test_a_clock_on_the_wall_that_jumps(
    log: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Years back and forth: the lag that is shown follows, and nothing else."""
    jumps = iter([10**18, 0, 2 * 10**18] * 1_000)
    monkeypatch.setattr(time, "time_ns", lambda: next(jumps))
    monkeypatch.setattr(time, "time", lambda: next(jumps) / 1e9)
    telemetry = Telemetry(tasks=REQUESTS.labels, main_task="finish")
    with opened(log, tmp_path / "run", telemetry=telemetry) as run:
        run.run()
    check_same(straight, tmp_path / "run")


def test_the_operator_sees_what_happened(log: Path, straight: Path, tmp_path: Path) -> None:
    """Telemetry changes nothing that is learned, and says what the accounts say."""
    registry = CollectorRegistry()
    telemetry = Telemetry(tasks=REQUESTS.labels, main_task="finish")
    registry.register(TelemetryCollector(telemetry))
    with opened(log, tmp_path / "run", telemetry=telemetry) as run:
        run.run()
    check_same(straight, tmp_path / "run")
    said = generate_latest(registry).decode()
    assert "interestclock_events_total 600.0" in said
    assert 'interestclock_events_by_outcome_total{outcome="learned"} 600.0' in said
    assert 'interestclock_table_rows{feature="item"}' in said
    assert "interestclock_checkpoint_seconds_count" in said
    assert telemetry.line().events == 600


def test_another_configuration_is_refused(log: Path, tmp_path: Path) -> None:
    stopped_after(log, tmp_path / "run", 3)
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    for change in ({"ranker": RankerConfig()}, {"longest": 13}):
        config = type(CONFIG)(**{**CONFIG.__dict__, **change})
        with pytest.raises(ResultError, match=r"is of another source or configuration: .*config.json"):
            LiveRun(source, tmp_path / "run", config=config, resume=True)
    config = type(CONFIG)(**{**CONFIG.__dict__, "checkpoint_minutes": 7.0})  # when, not what is learned
    with LiveRun(source, tmp_path / "run", config=config, resume=True):
        pass


def test_a_clock_that_is_not_the_walls_is_written_down(tmp_path: Path) -> None:
    """Only a trainer that goes by one as fast goes on; since when it left the wall's may change."""
    for clock, folder in ((TimeSource(), "wall"), (TimeSource(left_ms=1_000, factor=60), "fast")):
        source = RedisSource(host="127.0.0.1", port=1, streams=["plays"], schema=REQUESTS, clock=clock)
        LiveRun(source, tmp_path / folder, config=CONFIG).__exit__(None, None, None)
    assert "clock" not in json.loads((tmp_path / "wall" / "config.json").read_text())
    said = json.loads((tmp_path / "fast" / "config.json").read_text())["clock"]
    assert said == {"factor": 60}
    for other in (None, TimeSource(factor=61)):
        source = RedisSource(host="127.0.0.1", port=1, streams=["plays"], schema=REQUESTS, clock=other)
        with pytest.raises(ResultError, match=r"is of another source or configuration"):
            LiveRun(source, tmp_path / "fast", config=CONFIG, resume=True)
    later = TimeSource(start_ms=9_000, left_ms=8_000, factor=60)
    source = RedisSource(host="127.0.0.1", port=1, streams=["plays"], schema=REQUESTS, clock=later)
    LiveRun(source, tmp_path / "fast", config=CONFIG, resume=True).__exit__(None, None, None)


def test_an_admitted_log_that_is_lost_is_missed(log: Path, tmp_path: Path) -> None:
    """Entries counted from 1 again would be passed over at the next start."""
    stopped_after(log, tmp_path / "run", 9)
    shutil.rmtree(tmp_path / "run" / "admitted")
    with pytest.raises(ResultError, match=r"log ends with entry 0, but \d+ was read before: files are"):
        train(log, tmp_path / "run", True)


def test_an_entry_that_was_cut_short_is_taken_again(
    log: Path, straight: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    last = max((tmp_path / "run" / "admitted").iterdir())
    last.write_bytes(last.read_bytes() + b"\x01\x02\x03")
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    assert "cut short while it was written" in caplog.text
    check_same(straight, tmp_path / "run")


def test_an_old_checkpoint_that_says_nothing_costs_nothing(
    log: Path, straight: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped_after(log, tmp_path / "run", 9)
    checkpoints = tmp_path / "run" / "checkpoints"
    (sorted(checkpoints.iterdir())[-2] / "checkpoint.json").unlink()  # the oldest when two more are made
    (checkpoints / "checkpoint-old-copy").mkdir()
    (tmp_path / "run" / "admitted" / "admitted-backup-old.segment").touch()
    with caplog.at_level(logging.WARNING):
        train(log, tmp_path / "run", True)
    assert "cannot be read" in caplog.text
    check_same(straight, tmp_path / "run")


def test_a_folder_of_something_else_is_left_alone(log: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ResultError, match="is not empty and holds no trainer; name another folder"):
        opened(log, tmp_path, resume=True)


def test_a_server_follows_the_snapshots(log: Path, tmp_path: Path) -> None:
    """Deltas are taken up one by one, and are the trainer's weights to the bit at each."""
    reader = SnapshotReader(tmp_path / "run" / "snapshots")
    kinds: list[str] = []
    with opened(log, tmp_path / "run") as run:

        def tell() -> None:
            if reader.refresh():
                assert reader.current is not None
                kinds.append(reader.current.manifest.kind)

        run.run(tell)
        assert reader.refresh() or reader.current is not None
        assert reader.current is not None
        used = run.trainer.ranker.table.used
        assert np.array_equal(
            reader.current.tables["weight"].numpy(), run.trainer.ranker.table.weight.detach()[:used].numpy()
        )
        ids = run.trainer.features.items.ids().fill_null(-(2**63)).to_pylist()
        assert reader.current.tables["ids.item"].tolist() == ids
        rows = run.trainer.ranker.table.layout()["item"]
        assert np.array_equal(reader.current.tables["rows.item"].numpy(), rows.numpy())
        assert np.array_equal(reader.current.tables["items"].numpy(), run.trainer.ranker.items.row_NF.numpy())
    assert "delta" in kinds


class Torn:
    """A replay some of whose messages are nonsense."""

    clock = None

    def __init__(self, log: Path) -> None:
        self._inner = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
        self.schema, self.name = REQUESTS, "torn"

    @property
    def ended(self) -> bool:
        return self._inner.ended

    def items(self) -> None:
        return None

    def start_after(self, last: dict) -> None:
        self._inner.start_after(last)

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        return self._with_bad(self._inner.poll(most, wait_s))

    def reread(self, offset_ranges: OffsetRanges) -> MicroBatch:
        inner = OffsetRanges(
            source=self._inner.name, ranges=offset_ranges.ranges, messages=offset_ranges.messages
        )
        return self._inner.reread(inner)

    def _with_bad(self, arrivals: MicroBatch | None) -> MicroBatch | None:
        if arrivals is None:
            return None
        bad = BadMessage(
            partition="0", offset=arrivals.offset_ranges.ranges["0"][0], reason="no JSON", payload="{"
        )
        offset_ranges = OffsetRanges(
            source=self.name, ranges=arrivals.offset_ranges.ranges, messages=arrivals.offset_ranges.messages
        )
        return MicroBatch(
            offset_ranges=offset_ranges, exposures=arrivals.exposures, labels=arrivals.labels, bad=(bad,)
        )

    def acknowledge(self, last: dict) -> None:
        pass

    def close(self) -> None:
        pass


def test_dead_letters_stand_once_each_after_a_resume(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with LiveRun(Torn(log), folder, config=CONFIG) as run:
        told = iter(range(7))

        def tell() -> None:
            run.stopping = next(told, None) is None

        run.run(tell)
    checkpoints = sorted((folder / "checkpoints").iterdir())
    shutil.rmtree(checkpoints[-1])  # as if it had been killed before its last checkpoint
    with LiveRun(Torn(log), folder, config=CONFIG, resume=True) as run:
        run.run()
        counters = run.trainer.buffer.counters
    letters = (folder / "dead-letters.jsonl").read_text().splitlines()
    assert len(letters) == len(set(letters)) == counters.dead_letters == 600 / CONFIG.poll_messages
    assert counters.add_up()
