"""A loop's folder, its counts, and its words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from interestclock.closed_loop import (
    LogBefore,
    LoopConfig,
    LoopCounts,
    LoopFolder,
    LoopNumbers,
    PartNumbers,
    SimulatedUsers,
    UserNumbers,
)
from interestclock.closed_loop.loop_numbers import resident_bytes
from interestclock.closed_loop.parts import LoopPorts, loop_parts
from interestclock.errors import ConfigError, ResultError
from interestclock.timeofday import DAY_MS, TimeSource, read_clock

SMALL = LoopConfig(size="tiny", days_before=1, requests_per_day=20, speed_up=720)


def test_the_clock_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        first = folder.begin_clock()
        assert first == read_clock(folder.clock)
        assert first.at_ms(wall_ms=first.left_ms) == SMALL.start_ms
        folder.note_time(SMALL.start_ms + 3 * DAY_MS, visits_until_ms=SMALL.start_ms + 3 * DAY_MS)
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        second = folder.begin_clock()
    assert (second.start_ms, second.factor) == (SMALL.start_ms + 3 * DAY_MS, 720)
    assert second.left_ms <= TimeSource().now_ms()


def test_a_clock_may_stand_before_the_end_of_the_log_before(tmp_path: Path) -> None:
    """While that is learned; a loop that was stopped meanwhile has not begun, and begins at its end."""
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        clock = folder.begin_clock(at_ms=SMALL.start_ms - DAY_MS)
        assert clock.at_ms(wall_ms=clock.left_ms) == SMALL.start_ms - DAY_MS
        folder.note_time(SMALL.start_ms - 1, visits_until_ms=SMALL.start_ms - 1)
        assert (folder.has_begun, folder.at_ms) == (False, SMALL.start_ms)
        folder.note_time(SMALL.start_ms + 5, visits_until_ms=SMALL.start_ms + 5)
        assert (folder.has_begun, folder.at_ms) == (True, SMALL.start_ms + 5)


def test_a_loop_knows_until_when_users_came(tmp_path: Path) -> None:
    """They stop before the loop does, which waits for what they did; older folders have one time."""
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        assert folder.visits_until_ms == SMALL.start_ms
        folder.note_time(SMALL.start_ms - DAY_MS, visits_until_ms=SMALL.start_ms)
        assert folder.visits_until_ms == SMALL.start_ms
        folder.note_time(SMALL.start_ms + 9, visits_until_ms=SMALL.start_ms + 5)
        assert (folder.visits_until_ms, folder.at_ms) == (SMALL.start_ms + 5, SMALL.start_ms + 9)
        (folder.path / "stopped.json").write_text(json.dumps({"at_ms": SMALL.start_ms + 7}))
        assert folder.visits_until_ms == SMALL.start_ms + 7


def test_parts_are_told_of_labels_that_come_late_and_of_those_that_are_missing(tmp_path: Path) -> None:
    class Users(SimulatedUsers):
        def log_before(self, folder: Path) -> LogBefore:
            return replace(super().log_before(folder), label_wait_minutes=90.0, missing_labels=("like",))

    with LoopFolder(tmp_path / "loop", config=SMALL, users=Users(SMALL)) as folder:
        parts = loop_parts(folder, LoopPorts(service=1, updater=2, trainer=3))
    updater, trainer = parts["updater"].command, parts["trainer"].command
    assert updater[updater.index("--label-wait-minutes") + 1] == "90.0"
    assert trainer[trainer.index("--missing-label") + 1] == "like"


def test_the_log_before_is_written_once_and_ends_as_the_clock_begins(tmp_path: Path) -> None:
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        rows = folder.write_archive()
        written = {each: each.stat().st_mtime_ns for each in folder.archive.rglob("*.parquet")}
        assert folder.write_archive() == rows > 0
        folder.make_log()
        folder.make_log()
    assert {each: each.stat().st_mtime_ns for each in written} == written


def test_a_folder_is_of_one_loop_and_of_one_process(tmp_path: Path) -> None:
    with LoopFolder(tmp_path / "loop", config=SMALL), pytest.raises(ResultError, match="a closed loop runs"):
        LoopFolder(tmp_path / "loop", config=SMALL)
    with pytest.raises(ConfigError, match=r"speed_up 720.0, not 60.0; give the same"):
        LoopFolder(tmp_path / "loop", config=LoopConfig(**(vars(SMALL) | {"speed_up": 60.0})))
    with LoopFolder(tmp_path / "loop", config=SMALL):
        pass
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ResultError, match="holds no closed loop"):
        LoopFolder(tmp_path / "other", config=SMALL)


def test_a_damaged_moment_is_refused(tmp_path: Path) -> None:
    with LoopFolder(tmp_path / "loop", config=SMALL) as folder:
        (tmp_path / "loop" / "stopped.json").write_text(json.dumps({"at_ms": "noon"}))
        with pytest.raises(ResultError, match="at_ms is 'noon', no time"):
            folder.begin_clock()


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "huge"},
        {"speed_up": 0},
        {"days_before": 0},
        {"requests_per_day": 0},
        {"shown": 51},
        {"outage_seconds": 0},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"give|there are"):
        LoopConfig(**wrong)  # type: ignore[arg-type]


def outcome(name: str) -> str:
    return f"events_by_outcome_total{{outcome={name}}}"


def counts(**changed: float) -> LoopCounts:
    updater = {"events_total": 130.0, outcome("exposures"): 116.0, outcome("labels_joined"): 9.0}
    updater |= {outcome("served"): 4.0, outcome("duplicates"): 1.0}
    users = UserNumbers(exposures=16, exposures_acknowledged=16, labels=9, labels_acknowledged=9)
    return LoopCounts(
        users=users,
        log=30,
        archive=100,
        updater=updater | {outcome(name): value for name, value in changed.items()},
        trainer={"events_total": 130.0, outcome("learned"): 116.0},
        before={"events_total": 100.0, outcome("exposures"): 100.0},
    )


def test_counts_that_agree_are_equal() -> None:
    assert counts().equal
    assert counts().set_aside() == {}
    assert counts().repeated() == 1


def test_a_count_that_is_off_is_seen_and_said() -> None:
    found = counts(exposures=115, orphan_exposures=1)
    assert not found.equal
    assert found.set_aside() == {"orphan_exposures": 1}
    assert [str(each) for each in found.compared() if not each.equal] == [
        "exposures: 16 acknowledged, 15 in features: 1 fewer",
        "exposures: 115 in features since the log before, 116 learned: 1 more",
    ]


def test_choices_that_nobody_made_before_are_not_learned_and_count() -> None:
    some = replace(
        counts(), trainer={"events_total": 130.0, outcome("learned"): 90.0, outcome("unscored"): 26.0}
    )
    assert some.equal
    assert str(some.compared()[-1]).endswith(
        "116 in features since the log before, 116 learned or not scored: equal"
    )


def test_rows_of_a_replayed_log_are_held_against_what_was_acknowledged() -> None:
    assert replace(counts(), due=16).equal
    some = replace(counts(), due=18)
    assert not some.equal
    assert str(some.compared()[0]) == "exposures: 18 in the replayed log, 16 acknowledged: 2 fewer"


def test_a_run_in_which_nothing_was_done_shows_nothing() -> None:
    nothing = LoopCounts(users=UserNumbers(), log=0, archive=0, updater={}, trainer={}, before={})
    assert all(each.equal for each in nothing.compared())
    assert not nothing.equal


def test_words_of_what_is_known_and_of_what_is_not() -> None:
    down = PartNumbers(name="service", up=False, restarts=2, resident_bytes=math.nan)
    numbers = LoopNumbers(
        doing="running",
        at_ms=SMALL.start_ms,
        speed_up=720,
        parts=(down,),
        users=UserNumbers(ranks=9, ranks_per_second=1.5, p50_ms=4, p99_ms=20, skipped=1),
        updater={"events_total": 50, "events_per_second": 3, "store_lag_seconds": 0.5},
        trainer={"auc{window=recent}": 0.61, outcome("learned"): 40, "learning_behind_seconds": 7_200},
        version="00000003-delta",
    )
    assert numbers.lines() == [
        "running | 2024-01-02 00:00 UTC, 720 times as fast",
        "service down, 2 restarts",
        "9 ranks, 1.5/s, p50 4.0 ms, p99 20.0 ms, skipped 1",
        "50 events, 3/s, lag 0.5 s",
        "learned 40, 2.0 h behind, AUC 0.6100, version served 00000003-delta",
    ]
    assert LoopNumbers(doing="x", at_ms=0, speed_up=1).lines()[-1] == (
        "learned 0, - behind, AUC -, version served -"
    )


def test_memory_of_a_process_that_is_gone_is_not_known() -> None:
    assert math.isnan(resident_bytes(2**22 + 1))
