"""A trainer's folder in which something is damaged or missing: refused, it stays; taken, nothing is lost."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import killed_runs
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import predictions

from interestclock.errors import ResultError
from interestclock.files import aside_of
from interestclock.live import LiveRun
from interestclock.streams import BadMessage, MicroBatch, ReplaySource

CONFIG = replace(killed_runs.CONFIG, poll_messages=20, snapshot_minutes=360)
_POLLS = 7  # after which it is killed


class SomeBad(ReplaySource):
    """A replay with a message in each batch that cannot be read."""

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        batch = super().poll(most, wait_s)
        if batch is None:
            return None
        bad = BadMessage(
            partition="0", offset=batch.offset_ranges.ranges["0"][0], reason="no JSON", payload="{"
        )
        return replace(batch, bad=(bad,))


def opened(log: Path, folder: Path, *, resume: bool = True, **changes: object) -> LiveRun:
    source = SomeBad(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    return LiveRun(source, folder, config=replace(CONFIG, **changes), resume=resume)


def go_on(log: Path, folder: Path) -> None:
    with opened(log, folder) as run:
        run.run()


def contents(folder: Path) -> dict[str, bytes]:
    """Of all files but the lock, which says who looked last."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``log``, a ``straight`` run on it, and one that was ``killed`` while it wrote."""
    folder = tmp_path_factory.mktemp("runs")
    pq.write_table(requests_log(6, requests=60, users=9, items=20, days=3, delay_ms=HOUR_MS), folder / "log")
    left = iter(range(_POLLS))

    def kill() -> None:
        if next(left, None) is None and not (folder / "killed").exists():
            run._files.written()  # it is a matter of chance whether a kill finds it written
            shutil.copytree(run.folder, folder / "killed")

    with opened(folder / "log", folder / "straight", resume=False) as run:
        run.run(kill)
    killed = folder / "killed"
    newest = max((killed / "checkpoints").iterdir())
    shutil.copytree(newest, aside_of(newest.with_name("checkpoint-00000099")))
    with max((killed / "admitted").iterdir()).open("ab") as stream:
        stream.write(b"half")  # of an entry
    assert len(list((killed / "checkpoints").glob("checkpoint-????????"))) == 3
    assert (killed / "dead-letters.jsonl").stat().st_size > 0
    assert list((killed / "snapshots").glob("*-full"))
    return folder


@pytest.fixture
def killed(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs / "killed", tmp_path / "trainer"))


@contextmanager
def told() -> Iterator[list[str]]:
    """What is logged, of any level."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("interestclock")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def check_nothing_lost(runs: Path, folder: Path, damaged: Path) -> bool:
    """Whether it was taken; what it lost then has to be said."""
    before = contents(folder)
    with told() as lines:
        try:
            go_on(runs / "log", folder)
        except ResultError:
            assert contents(folder) == before
            return False
    killed_runs.check_same(folder, runs / "straight", only=("ranker/", "learner/", "features/"), parts=False)
    letters = (folder / "dead-letters.jsonl").read_bytes()
    if damaged.name != "dead-letters.jsonl":
        assert letters == (runs / "straight" / "dead-letters.jsonl").read_bytes()
    if damaged.parent.name != "predictions" or not any(str(damaged.parent) in line for line in lines):
        assert predictions(folder).equals(predictions(runs / "straight"))
    return True


def test_killed_it_goes_on_and_ends_as_if_it_had_not_been(runs: Path, killed: Path) -> None:
    assert check_nothing_lost(runs, killed, killed)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_bit_may_be_flipped_and_any_file_missing(
    runs: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "trainer"
    shutil.copytree(runs / "killed", folder)
    path = folder / data.draw(st.sampled_from(sorted(contents(folder))))
    content = bytearray(path.read_bytes())
    if content and data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
    else:
        path.unlink()
    check_nothing_lost(runs, folder, path)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (("checkpoints",), r"what was admitted begins with entry \d+; bring checkpoints/ and admitted/ back"),
        (("checkpoints", "admitted"), r"predictions behind one \(part-\d+.parquet\); bring"),
        (
            ("checkpoints", "admitted", "predictions"),
            "but snapshots and dead letters that do not follow from",
        ),
        (("checkpoints", "admitted", "predictions", "snapshots"), "but dead letters that do not follow from"),
        (("admitted",), r"the log ends with entry 0, but \d+ was read before: files are missing"),
    ],
)
def test_without_what_it_goes_on_from_it_is_refused_and_stays(
    gone: tuple[str, ...], said: str, runs: Path, killed: Path
) -> None:
    for name in gone:
        shutil.rmtree(killed / name)
    before = contents(killed)
    with pytest.raises(ResultError, match=said):
        go_on(runs / "log", killed)
    assert contents(killed) == before


def flip_last(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [Path.unlink, flip_last])
def test_what_was_admitted_behind_the_checkpoint_is_read_before_anything_is_cut(
    damage: Callable[[Path], None], runs: Path, killed: Path
) -> None:
    """Two checkpoints are gone, so predictions and dead letters would be cut back to the oldest."""
    for path in sorted((killed / "checkpoints").glob("checkpoint-????????"))[1:]:
        shutil.rmtree(path)
    damage(sorted((killed / "admitted").iterdir())[1])
    before = contents(killed)
    with pytest.raises(ResultError, match="bring the file"):
        go_on(runs / "log", killed)
    assert contents(killed) == before


def test_what_is_made_again_is_said(runs: Path, killed: Path) -> None:
    shutil.rmtree(sorted((killed / "checkpoints").glob("checkpoint-????????"))[-1])
    with told() as lines:
        go_on(runs / "log", killed)
    assert any("and what follows is made again, from what was admitted" in line for line in lines)
    assert predictions(killed).equals(predictions(runs / "straight"))


def test_a_file_of_what_came_since_that_is_missing_is_said(runs: Path, killed: Path) -> None:
    last = max((killed / "admitted").iterdir())
    last.unlink()
    with told() as lines:
        go_on(runs / "log", killed)
    first = int(last.stem.rpartition("-")[2])
    assert any(f"the file that begins with entry {first} is missing" in line for line in lines)


def test_a_file_of_ones_own_beside_the_parts_stays(runs: Path, killed: Path) -> None:
    mine = killed / "predictions" / "part-of-mine.parquet"
    assert len(mine.name) == len("part-00000001.parquet") - 1
    others = [mine, mine.with_name("part-ofmineXY.parquet")]
    for path in others:
        path.write_bytes(b"mine")
    go_on(runs / "log", killed)
    assert [path.read_bytes() for path in others] == [b"mine", b"mine"]


def test_stopped_before_its_first_checkpoint_it_begins_again(runs: Path, tmp_path: Path) -> None:
    """With a part of predictions, too: it is written just before its checkpoint."""
    folder = tmp_path / "trainer"

    def killed() -> None:
        raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        opened(runs / "log", folder, resume=False, checkpoint_minutes=1e6) as run,
    ):
        run.run(killed)
    assert not list((folder / "checkpoints").iterdir())
    shutil.copy(runs / "straight" / "predictions" / "part-00000001.parquet", folder / "predictions")
    with told() as lines:
        go_on(runs / "log", folder)
    assert "no checkpoint yet: beginning with the first of 1 entries admitted" in lines
    assert any("part-00000001.parquet and what follows is made again" in line for line in lines)
    killed_runs.check_same(folder, runs / "straight", only=("ranker/", "learner/", "features/"))
