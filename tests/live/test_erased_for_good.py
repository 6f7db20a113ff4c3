"""Erased users stay erased: over kills, copies of last week, and archives that still hold them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from erased_streams import NAME, NUMBER, TRAINER, follow, named_in, stream
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import check_same, killed_after, last_checkpoint, predictions, started
from small_live import LIVE

from interestclock.admission import KEY, LEDGER, AdmittedLog, ErasureLedger, UserHashes
from interestclock.errors import ResultError
from interestclock.live import LiveRun
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter, ReplaySource
from interestclock.timeofday import AFTER_ALL_MS


def embedded(folder: Path, payloads: list[bytes]) -> Path:
    with EmbeddedLogWriter(folder) as writer:
        writer.append(payloads)
    return folder


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    return stream()


@pytest.fixture(scope="module")
def log(payloads: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embedded(tmp_path_factory.mktemp("log") / "log", payloads)


@pytest.fixture(scope="module")
def erased_at(payloads: list[bytes]) -> int:
    return next(place for place, each in enumerate(payloads) if each.startswith(b'{"erase"'))


@pytest.fixture(scope="module")
def whole(log: Path, payloads: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    follow(log, len(payloads), folder)
    return folder


@pytest.fixture
def another(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "another")


def named_in_state(folder: Path) -> list[str]:
    return [name for name, each in last_checkpoint(folder)[1].items() if named_in(each.tobytes())]


def test_killed_behind_the_erasure_it_ends_as_it_would(
    log: Path, payloads: list[bytes], whole: Path, tmp_path: Path
) -> None:
    work: Callable[[Path, bool], None] = partial(follow, log, len(payloads))
    process, began_s = started(work, tmp_path / "run", resume=False), time.monotonic()
    while not (tmp_path / "run" / LEDGER).exists() and process.is_alive():
        assert time.monotonic() - began_s < 60, "nobody is erased"
        time.sleep(0.001)
    killed_after(process, 0.0)
    follow(log, len(payloads), tmp_path / "run")
    check_same(whole, tmp_path / "run", only=("ranker/", "features/", "pending/", "queue/"))
    assert named_in_state(tmp_path / "run") == []


def test_from_the_oldest_checkpoint_it_ends_as_it_did(
    log: Path, payloads: list[bytes], whole: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(whole, tmp_path / "run")
    for each in sorted((folder / "checkpoints").iterdir())[1:]:
        shutil.rmtree(each)
    before = (folder / LEDGER).read_bytes()
    follow(log, len(payloads), folder)
    check_same(whole, folder)
    assert (folder / LEDGER).read_bytes() == before


def test_the_ledger_names_nobody_and_its_key_is_the_owners_alone(whole: Path) -> None:
    lines = [json.loads(line) for line in (whole / LEDGER).read_text().splitlines()]
    assert len(lines) == 3
    assert not named_in((whole / LEDGER).read_bytes())
    assert (whole / KEY).stat().st_mode & 0o777 == 0o600


def test_a_copy_from_before_the_erasure_forgets_them_too(
    payloads: list[bytes], erased_at: int, whole: Path, tmp_path: Path
) -> None:
    """The message is in no log any more."""
    log = embedded(tmp_path / "log", payloads[:erased_at])
    follow(log, erased_at, tmp_path / "copy")
    assert named_in_state(tmp_path / "copy")
    for name in (KEY, LEDGER):
        shutil.copy(whole / name, tmp_path / "copy")
    follow(log, erased_at, tmp_path / "copy")
    assert named_in_state(tmp_path / "copy") == []
    admitted = AdmittedLog(tmp_path / "copy" / "admitted")
    entries = admitted.read_after(admitted.first - 1)
    assert [len(entry.erased) for _, entry in entries if entry.erased] == [2]
    straight = shutil.copytree(tmp_path / "copy", tmp_path / "again")
    shutil.rmtree(sorted((straight / "checkpoints").iterdir())[-1])  # so it is replayed
    follow(log, erased_at, straight)
    check_same(tmp_path / "copy", straight)


def test_an_archive_that_holds_them_brings_nothing_back(tmp_path: Path) -> None:
    """Once more, with ids that are whole numbers."""
    events = requests_log(5, requests=90, delay_ms=HOUR_MS)
    users = np.where(events["user_id"].to_numpy() == 5, NUMBER, events["user_id"].to_numpy())
    events = events.set_column(0, "user_id", pa.array(users))
    hashes = UserHashes(tmp_path / "run" / KEY)
    (tmp_path / "run").mkdir()
    ErasureLedger(tmp_path / "run", hashes=hashes).add({hashes.of(str(NUMBER)): AFTER_ALL_MS})
    source = ReplaySource(MemorySource(schema=REQUESTS, events=events))
    with LiveRun(source, tmp_path / "run", config=LIVE) as run:
        run.run()
        counters = run.trainer.buffer.counters
    assert counters.erased == int((users == NUMBER).sum()) > 0
    assert counters.add_up()
    assert named_in_state(tmp_path / "run") == []
    predicted = {row["event_id"] for row in predictions(tmp_path / "run").to_pylist()}
    theirs = {str(place) for place in np.flatnonzero(users == NUMBER) + 1}
    assert not predicted & theirs
    assert len(predicted) == counters.learned


def parts_of(folder: Path) -> list[dict[str, object]]:
    from interestclock.live import PredictionParts

    return PredictionParts(folder / "predictions", REQUESTS.labels).read().to_pylist()


def test_a_trainer_on_its_state_has_its_erasures(
    log: Path, payloads: list[bytes], whole: Path, tmp_path: Path
) -> None:
    source = EmbeddedLogSource(log, schema=REQUESTS)
    with LiveRun(source, tmp_path / "run", config=TRAINER, state_from=whole) as run:
        run.stopping = True
        run.run()
        assert (
            run.trainer.buffer.erased.until_ms
            == ErasureLedger(whole, hashes=UserHashes(whole / KEY)).until_ms()
        )
    assert (tmp_path / "run" / KEY).read_bytes() == (whole / KEY).read_bytes()
    assert (tmp_path / "run" / KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (KEY, None, r"erasures.key is missing, and .* names erased users by it; bring it back from a copy"),
        (KEY, b"00" * 32, r"erasures.jsonl is of another key than .*erasures.key; bring erasures.jsonl and"),
        (LEDGER, b"{}\n", r"erasures.jsonl, line 1: it is damaged"),
        (LEDGER, b'{"format": 9, "key": ""}\n', r"is of format 9, this version reads 1"),
    ],
)
def test_what_is_damaged_is_refused(
    name: str, content: bytes | None, said: str, log: Path, another: Path
) -> None:
    folder = another
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ResultError, match=said):
        follow(log, 1, folder)


def test_a_line_that_was_cut_short_is_written_again(tmp_path: Path) -> None:
    hashes = UserHashes(tmp_path / KEY)
    one, two = hashes.of(NAME), hashes.of(str(NUMBER))
    ErasureLedger(tmp_path, hashes=hashes).add({one: 5})
    ErasureLedger(tmp_path, hashes=hashes).add({two: 6})
    with (tmp_path / LEDGER).open("r+b") as stream:
        stream.truncate((tmp_path / LEDGER).stat().st_size - 3)
    ledger = ErasureLedger(tmp_path, hashes=hashes)
    assert ledger.until_ms() == {one: 5}
    ledger.add({two: 6})
    assert ErasureLedger(tmp_path, hashes=hashes).until_ms() == {one: 5, two: 6}
