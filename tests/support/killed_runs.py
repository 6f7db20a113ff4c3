"""A live run in a process of its own, which can be killed at any moment, and what it leaves behind."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from in_memory import HOUR_MS, REQUESTS, MemorySource
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.cli.stopping import stopped_by_signals
from interestclock.embeddings import IdPolicy
from interestclock.live import CheckpointManifest, Checkpoints, LiveRun, PredictionParts
from interestclock.streams import EmbeddedLogSource, KafkaSource, LiveSource, RedisSource, ReplaySource

_context = multiprocessing.get_context("forkserver")  # which ``conftest.py`` gives what takes long

Work = Callable[[Path, bool], None]

CONFIG = replace(
    LIVE,
    users=IdPolicy(min_count=2, unused_days=1),
    items=IdPolicy(most=20, unused_days=2),
    checkpoint_minutes=120,
    snapshot_minutes=180,
    full_snapshot_hours=12,
    poll_messages=30,
)

BROKERS = replace(  # out of order between partitions; every checkpoint and so all that was admitted stays
    LIVE,
    admission=AdmissionConfig(lateness_ms=24 * HOUR_MS, label_wait_ms=HOUR_MS),
    checkpoint_minutes=240,
    checkpoints_kept=1_000,
    poll_messages=50,
    idle_seconds=3_600,  # nobody is let go, whatever else the machine does meanwhile
)


def train(log: Path, folder: Path, resume: bool) -> None:
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)), speed_up=None)
    with LiveRun(source, folder, config=CONFIG, resume=resume) as run:
        run.run()


def _run(work: Work, folder: Path, resume: bool) -> None:
    torch.set_num_threads(1)
    work(folder, resume)


def started(work: Work, folder: Path, *, resume: bool) -> BaseProcess:
    """``work(folder, resume)`` in a process of its own."""
    process = _context.Process(target=_run, args=(work, folder, resume), daemon=True)
    process.start()
    return process


def finished(work: Work, folder: Path, *, resume: bool, within_s: float = 120.0) -> None:
    """Run to the end."""
    process = started(work, folder, resume=resume)
    process.join(within_s)
    assert process.exitcode == 0, f"exit code {process.exitcode}"


def killed(work: Work, folder: Path, *, after_s: float) -> bool:
    """Start, or go on, and kill after so long; whether it was still running then."""
    process = started(work, folder, resume=True)
    began = time.monotonic()
    admitted = folder / "admitted"
    while not admitted.exists() and process.is_alive() and time.monotonic() - began < 30:
        time.sleep(0.005)  # the time to start is not the time of a run
    return killed_after(process, after_s)


def killed_after(process: BaseProcess, after_s: float) -> bool:
    """Kill after so long; whether it was still running then."""
    process.join(after_s)
    if not process.is_alive():
        assert process.exitcode == 0, f"exit code {process.exitcode}"
        return False
    process.kill()
    process.join()
    if process.exitcode == 0:  # it was done just before
        return False
    assert process.exitcode == -signal.SIGKILL, f"exit code {process.exitcode}"
    return True


def last_checkpoint(folder: Path) -> tuple[CheckpointManifest, dict[str, np.ndarray]]:
    checkpoints = Checkpoints(folder / "checkpoints", kept=1)  # of what is only read, nothing goes
    return checkpoints.read(checkpoints.numbers()[-1])


def predictions(folder: Path) -> pa.Table:
    return PredictionParts(folder / "predictions", REQUESTS.labels).read()


def check_same(one: Path, other: Path, *, only: tuple[str, ...] = ("",), parts: bool = True) -> None:
    """The last checkpoints of two runs, or what of them begins so, and all predictions are the same."""
    (_, state), (_, other_state) = last_checkpoint(one), last_checkpoint(other)
    names = {name for name in state if name.startswith(only)}
    assert names == {name for name in other_state if name.startswith(only)} != set()
    for name in sorted(names):
        np.testing.assert_array_equal(state[name], other_state[name], err_msg=name)
    if parts:
        assert predictions(one).equals(predictions(other))


def train_until(source: LiveSource, folder: Path, resume: bool, messages: int) -> None:
    """From a source that never ends, until so many messages were taken."""
    with LiveRun(source, folder, config=BROKERS, resume=resume) as run:

        def tell() -> None:
            run.stopping = run.trainer.buffer.counters.received >= messages

        run.run(tell)


def train_on_redis(port: int, messages: int, folder: Path, resume: bool) -> None:
    source = RedisSource(host="127.0.0.1", port=port, streams=["app", "web"], schema=REQUESTS)
    train_until(source, folder, resume, messages)


def train_on_kafka(address: str, messages: int, folder: Path, resume: bool) -> None:
    train_until(KafkaSource(brokers=address, topic="plays", schema=REQUESTS), folder, resume, messages)


def train_on_log(log: Path, messages: int, folder: Path, resume: bool) -> None:
    train_until(EmbeddedLogSource(log, schema=REQUESTS), folder, resume, messages)


def train_slowly(log: Path, folder: Path, resume: bool) -> None:
    """As the command does, so that a signal stops it, and slowly enough for one to come."""
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    with LiveRun(source, folder, config=CONFIG, resume=resume) as run, stopped_by_signals(run):
        run.run(lambda: time.sleep(0.05))
