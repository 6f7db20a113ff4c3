"""`erase finish`: no file names who was erased; without it only those that the docs name do."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from erased_streams import NAME, NUMBER, TRAINER, files_naming, follow, stream
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import killed_after, last_checkpoint, predictions, started
from small_live import LIVE
from updated_stores import said_by, seen, update

from interestclock.admission import KEY, LEDGER, ErasureLedger, UserHashes
from interestclock.erasing import finish
from interestclock.errors import ResultError
from interestclock.live import LiveRun
from interestclock.snapshots import verify
from interestclock.streams import (
    EmbeddedLogSource,
    EmbeddedLogWriter,
    ReplaySource,
    followers_of,
    remove_follower,
)
from interestclock.timeofday import AFTER_ALL_MS

BROKEN = b'{"user_id": "%s", "item_id"' % NAME.encode()
AGES_OUT = {  # docs/operate.md, what still names them
    "trainer": r"(checkpoints/checkpoint-\d+/state.safetensors|admitted/.*|snapshots/.*/weights.safetensors)",
    "store": r"(checkpoints/checkpoint-\d+/state.safetensors|admitted/.*|features.lmdb/data.mdb)",
    "log": r"log-\d+.segment",
}


class Kept(NamedTuple):
    """A log, a trainer that was killed behind the erasure and went on, and a store."""

    folder: Path
    messages: int

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def trainer(self) -> Path:
        return self.folder / "trainer"

    @property
    def store(self) -> Path:
        return self.folder / "store"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    payloads = stream()
    payloads.insert(len(payloads) // 2, BROKEN)
    kept = Kept(tmp_path_factory.mktemp("kept"), len(payloads))
    with EmbeddedLogWriter(kept.log, segment_bytes=20_000) as writer:
        for first in range(0, len(payloads), 100):
            writer.append(payloads[first : first + 100])
    work, began_s = partial(follow, kept.log, len(payloads)), time.monotonic()
    process = started(work, kept.trainer, resume=False)
    while not (kept.trainer / LEDGER).exists() and process.is_alive():
        assert time.monotonic() - began_s < 60, "nobody is erased"
        time.sleep(0.001)
    killed_after(process, 0.0)
    for each in sorted((kept.trainer / "checkpoints").glob("checkpoint-*"))[1:]:
        shutil.rmtree(each)
    follow(kept.log, len(payloads), kept.trainer)
    update(kept.log, len(payloads), kept.store)
    return kept


@pytest.fixture
def kept(made: Kept, tmp_path: Path) -> Iterator[Kept]:
    """In its place, for a source is known by its path; what a test does to it is undone."""
    shutil.copytree(made.folder, tmp_path / "aside")
    yield made
    shutil.rmtree(made.folder)
    shutil.copytree(tmp_path / "aside", made.folder)


def test_without_it_only_files_that_the_docs_name_do(kept: Kept) -> None:
    for name, pattern in AGES_OUT.items():
        found = [each for each in files_naming(kept.folder / name) if not re.fullmatch(pattern, each)]
        assert [each for each in found if not each.endswith("dead-letters.jsonl")] == []
    assert len(files_naming(kept.folder)) > 5


def test_with_it_no_file_does(kept: Kept) -> None:
    before = predictions(kept.trainer).num_rows
    said = [line for folder in (kept.trainer, kept.store, kept.log) for line in finish(folder)]
    assert files_naming(kept.folder) == []
    assert "dead-letters.jsonl: 1 lines went" in said
    assert predictions(kept.trainer).num_rows == before  # its event ids name nobody
    assert verify(kept.trainer / "snapshots") == []
    follow(kept.log, kept.messages, kept.trainer)
    update(kept.log, kept.messages, kept.store)
    assert files_naming(kept.folder) == []


def test_the_store_says_what_it_said(kept: Kept) -> None:
    with seen(kept.store) as view:
        before = said_by(view)
    list(finish(kept.store))
    with seen(kept.store) as view:
        assert said_by(view) == before


@pytest.mark.parametrize("name", ["trainer", "store", "log"])
def test_it_may_be_stopped_behind_each_step_and_done_again(kept: Kept, name: str) -> None:
    for steps in range(8):
        for _ in zip(range(steps), finish(kept.folder / name), strict=False):
            pass
    list(finish(kept.folder / name))
    assert files_naming(kept.folder / name) == []
    assert list(finish(kept.folder / name))[-1].startswith(("dead", "log-dead", "0 messages"))


def test_who_learns_the_log_anew_gets_nothing_of_them(kept: Kept, tmp_path: Path) -> None:
    list(finish(kept.log))
    source = EmbeddedLogSource(kept.log, schema=REQUESTS, group="another")
    with LiveRun(source, tmp_path / "anew", config=TRAINER) as run:
        run.run(lambda: setattr(run, "stopping", run.trainer.buffer.counters.received >= kept.messages))
        counters = run.trainer.buffer.counters
    assert counters.received == kept.messages
    assert counters.erased > 20
    assert counters.orphan_labels == 0
    assert files_naming(tmp_path / "anew") == []


def test_an_erasure_stays_until_every_follower_has_it(kept: Kept) -> None:
    source = EmbeddedLogSource(kept.log, schema=REQUESTS, group="slow")
    source.start_after({"0": "3"})
    with pytest.raises(ResultError, match=r"followed as 'slow' by another process"):
        list(finish(kept.log))
    source.close()
    said = list(finish(kept.log))
    assert "2 erasures stay until follower 'slow' has them; then finish again" in said
    assert len(files_naming(kept.log)) == 1
    remove_follower(kept.log, "slow")
    assert [each.name for each in followers_of(kept.log)] == ["features", "interestclock"]
    list(finish(kept.log))
    assert files_naming(kept.log) == []


def test_ids_that_are_whole_numbers(tmp_path: Path) -> None:
    """In eight bytes of a checkpoint or snapshot, and as text."""
    events = requests_log(5, requests=60, delay_ms=HOUR_MS)
    users = np.where(events["user_id"].to_numpy() == 5, NUMBER, events["user_id"].to_numpy())
    source = MemorySource(schema=REQUESTS, events=events.set_column(0, "user_id", pa.array(users)))
    run_until_end(source, tmp_path / "run")
    assert files_naming(tmp_path)
    hashes = UserHashes(tmp_path / "run" / KEY)
    ErasureLedger(tmp_path / "run", hashes=hashes).add({hashes.of(str(NUMBER)): AFTER_ALL_MS})
    with pytest.raises(ResultError, match=r"newest checkpoint is behind .*; start it again and stop it"):
        list(finish(tmp_path / "run"))
    users_before = len(last_checkpoint(tmp_path / "run")[1]["features/users/ids"])
    run_until_end(source, tmp_path / "run")
    assert len(last_checkpoint(tmp_path / "run")[1]["features/users/ids"]) == users_before
    list(finish(tmp_path / "run"))
    assert files_naming(tmp_path) == []


def run_until_end(source: MemorySource, folder: Path) -> None:
    with LiveRun(ReplaySource(source), folder, config=LIVE, resume=True) as run:
        run.run()
        assert len(run.trainer.features.users) > 5


def test_predictions_of_events_named_after_a_user_go(kept: Kept) -> None:
    from interestclock.live.prediction_parts import PredictionParts

    folder = kept.trainer / "predictions"
    import torch

    parts = PredictionParts(folder, REQUESTS.labels)
    rows = pa.table({"event_id": [f"{NAME}/7", "e8"], "timestamp_ms": [1, 2]})
    before = parts.read().num_rows
    parts.add(rows, dict.fromkeys(REQUESTS.labels, torch.tensor([0.5, 0.25])))
    parts.close_part(900)
    assert "predictions/: 1 rows went" in list(finish(kept.trainer))
    assert files_naming(folder) == []
    assert predictions(kept.trainer)["event_id"].to_pylist()[before:] == ["e8"]


def test_who_runs_there_is_named(kept: Kept, tmp_path: Path) -> None:
    source = EmbeddedLogSource(kept.log, schema=REQUESTS)
    with (
        LiveRun(source, kept.trainer, config=TRAINER, resume=True),
        pytest.raises(ResultError, match=r"a process runs in .*trainer \(process \d+, since .*\); stop it"),
    ):
        list(finish(kept.trainer))
    with (
        EmbeddedLogWriter(kept.log),
        pytest.raises(
            ResultError, match=r"log is appended to by another process \(process \d+, since .*\); stop it"
        ),
    ):
        list(finish(kept.log))
    with pytest.raises(ResultError, match=r"holds no trainer, no store .* and no embedded log"):
        list(finish(tmp_path))


def test_where_nobody_was_erased_nothing_is_done(tmp_path: Path) -> None:
    source = MemorySource(schema=REQUESTS, events=requests_log(5, requests=9))
    with LiveRun(ReplaySource(source), tmp_path / "run", config=LIVE) as run:
        run.run()
    assert list(finish(tmp_path / "run")) == ["nobody was erased here"]
    assert not (tmp_path / "run" / KEY).exists()
