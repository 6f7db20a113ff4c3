"""A trainer that is backed up as the page says, while it runs, goes on from the backup to the bit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from killed_runs import CONFIG, check_same, last_checkpoint, train
from slow_but import slow_but

from interestclock.errors import ResultError
from interestclock.live import LiveRun
from interestclock.snapshots.reader import checked
from interestclock.streams import ReplaySource

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate.md"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "events.parquet"
    pq.write_table(requests_log(6, requests=200, users=20, items=30, days=6, delay_ms=HOUR_MS), path)
    return path


def commands(heading: str) -> list[str]:
    """The lines of the first commands that the page shows under a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    block = re.search(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return block[1].splitlines()


def run_with(log: Path, work: Path, steps: Iterator[Callable[[], None]], *, every: int) -> None:
    """A trainer in ``work/trainer``, which makes one step of a backup every so many micro-batches."""
    source = ReplaySource(MemorySource(schema=REQUESTS, events=pq.read_table(log)))
    # A micro-batch may span a checkpoint here, so there are as many in a step as in hours of a stream.
    config = replace(CONFIG, checkpoints_kept=2 * every)
    taken = 0
    with LiveRun(source, work / "trainer", config=config) as run:
        (work / "trainer" / "dead-letters.jsonl").touch()  # there is one where something could not be read

        def step() -> None:
            nonlocal taken
            taken += 1
            if taken > 4 and taken % every == 0:
                run._files.written()  # or `cp` may say that a file vanished, and the page to begin again
                next(steps, lambda: None)()

        run.run(step)
    assert next(steps, None) is None, "the run ended before the backup"


def shell(work: Path, lines: Sequence[str]) -> Iterator[Callable[[], None]]:
    for line in lines:
        yield lambda line=line: subprocess.run(line, shell=True, cwd=work, check=True)


@pytest.mark.parametrize("every", slow_but([1], [1, 3]))
def test_copied_in_the_order_of_the_page_while_it_runs(every: int, log: Path, tmp_path: Path) -> None:
    run_with(log, tmp_path, shell(tmp_path, commands("Back up")), every=every)
    backup = tmp_path / "backup"
    assert (backup / "dead-letters.jsonl").exists()
    assert last_checkpoint(backup)[0].number < last_checkpoint(tmp_path / "trainer")[0].number
    assert {problem for _, problem in checked(backup / "snapshots")} == {None}
    shutil.move(tmp_path / "trainer", tmp_path / "straight")
    copy, _ = commands("Restore")
    subprocess.run(copy, shell=True, cwd=tmp_path, check=True)
    train(log, tmp_path / "trainer", True)
    check_same(tmp_path / "trainer", tmp_path / "straight")
    assert {problem for _, problem in checked(tmp_path / "trainer" / "snapshots")} == {None}


def test_what_is_not_needed_to_learn_may_be_missing(log: Path, tmp_path: Path) -> None:
    lines = commands("Back up")[:3]
    assert lines[-1] == "cp -r trainer/admitted backup/"
    run_with(log, tmp_path, shell(tmp_path, lines), every=1)
    train(log, tmp_path / "backup", True)
    ours, straight = (last_checkpoint(tmp_path / name)[1] for name in ("backup", "trainer"))
    assert ours.keys() == straight.keys()
    for name, values in straight.items():
        assert ours[name].tobytes() == values.tobytes(), name


def test_copied_the_other_way_round_it_is_refused(log: Path, tmp_path: Path) -> None:
    make, checkpoints, admitted, _ = commands("Back up")
    run_with(log, tmp_path, shell(tmp_path, [make, admitted, checkpoints]), every=3)
    with pytest.raises(
        ResultError, match=r"the log ends with entry \d+, but \d+ was read before: files are miss"
    ):
        train(log, tmp_path / "backup", True)


def test_copied_too_late_it_is_refused(log: Path, tmp_path: Path) -> None:
    """Behind the checkpoints that were copied, some of what was admitted had been let go of."""
    lines = commands("Back up")[:3]
    run_with(log, tmp_path, shell(tmp_path, lines), every=1)
    admitted = tmp_path / "backup" / "admitted"
    first_needed = last_checkpoint(tmp_path / "backup")[0].admitted_position + 1
    for path in sorted(admitted.iterdir())[:-1]:
        if int(path.stem.removeprefix("admitted-")) <= first_needed:
            path.unlink()
    with pytest.raises(ResultError, match=r"the log begins with entry \d+, but \d+ is needed"):
        train(log, tmp_path / "backup", True)
