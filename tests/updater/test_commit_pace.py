"""An updater that is behind commits several micro-batches at once, one that is not commits each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from embedded_logs import messages_in
from updated_stores import CONFIG, Log, embedded, offset_of, said_by, seen, source_of, state_at

from interestclock.store import StoreWriter
from interestclock.streams import EmbeddedLogWriter
from interestclock.updater import FeatureUpdater, commit_pace
from interestclock.updater.commit_pace import LONGEST_HOLD_S, CommitPace


class Clock:
    """Goes on when it is told to."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=60)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions that the store was brought to, by an updater that holds back as long as more is waiting."""
    positions: list[int] = []
    apply = StoreWriter.apply

    def noted(self: StoreWriter, *arguments: Any, position: int, **named: Any) -> None:
        positions.append(position)
        apply(self, *arguments, position=position, **named)

    monkeypatch.setattr(StoreWriter, "apply", noted)
    monkeypatch.setattr(commit_pace, "_TIMES_A_COMMIT", 1e9)
    monkeypatch.setattr(commit_pace, "LONGEST_HOLD_S", 3_600.0)
    return positions


def committed(pace: CommitPace, clock: Clock, seconds: float) -> None:
    with pace.commit():
        clock.now_s += seconds


def test_it_holds_back_twice_as_long_as_a_commit_takes() -> None:
    clock = Clock()
    pace = CommitPace(now_s=clock)
    assert pace.due(more=True)
    committed(pace, clock, 0.1)
    assert not pace.holding
    clock.now_s = 10.0  # nothing was held back meanwhile
    assert not pace.due(more=True)
    clock.now_s = 10.19
    assert pace.holding
    assert not pace.due(more=True)
    clock.now_s = 10.21
    assert pace.due(more=True)


def test_it_holds_back_nothing_for_longer_than_half_a_second() -> None:
    clock = Clock()
    pace = CommitPace(now_s=clock)
    committed(pace, clock, 60.0)
    began_s = clock.now_s
    assert not pace.due(more=True)
    clock.now_s = began_s + LONGEST_HOLD_S
    assert pace.due(more=True)
    assert LONGEST_HOLD_S == 0.5


def test_where_no_more_is_waiting_it_is_due_at_once() -> None:
    clock = Clock()
    pace = CommitPace(now_s=clock)
    committed(pace, clock, 60.0)
    assert not pace.due(more=True)
    assert pace.due(more=False)


def test_a_backlog_is_committed_together(log: Log, tmp_path: Path, commits: list[int]) -> None:
    with FeatureUpdater(source_of(log.folder), tmp_path / "store", config=CONFIG) as updater:
        reports = 0

        def tell() -> None:
            nonlocal reports
            reports += 1
            with seen(tmp_path / "store") as view:
                assert view.position == updater.numbers().position
            updater.stopping = not updater._pace.holding and updater.buffer.counters.received >= log.messages

        updater.run(tell)
        entries = updater._files.admission.position
    assert reports > 20
    checkpoints = log.messages // CONFIG.checkpoint_messages
    assert len(commits) <= 3 + checkpoints  # the first, the last, before each checkpoint
    assert commits == sorted(set(commits))
    assert commits[-1] == entries
    with seen(tmp_path / "store") as view:
        assert offset_of(view) == log.messages
        assert said_by(view) == said_by(state_at(log.folder, log.messages))


def test_what_is_held_back_is_committed_when_nothing_more_comes(tmp_path: Path, commits: list[int]) -> None:
    """The backlog ends with a whole micro-batch, so that more is expected behind it."""
    told = embedded(tmp_path / "all", requests=20)
    whole = 5 * CONFIG.poll_messages
    with EmbeddedLogWriter(tmp_path / "log") as writer:
        writer.append(messages_in(told.folder)[:whole])
    with FeatureUpdater(source_of(tmp_path / "log"), tmp_path / "store", config=CONFIG) as updater:
        held = []

        def tell() -> None:
            held.append(updater._pace.holding)
            updater.stopping = updater.buffer.counters.received == whole and not held[-1]

        updater.run(tell)
    assert any(held)
    with seen(tmp_path / "store") as view:
        assert offset_of(view) == whole


def test_what_is_held_back_is_committed_when_it_is_stopped(
    log: Log, tmp_path: Path, commits: list[int]
) -> None:
    with FeatureUpdater(source_of(log.folder), tmp_path / "store", config=CONFIG) as updater:

        def tell() -> None:
            updater.stopping = updater._pace.holding and updater.buffer.counters.received >= 100

        updater.run(tell)
        position = updater._files.admission.position
    with seen(tmp_path / "store") as view:
        assert view.position == position
        assert offset_of(view) < log.messages
        assert said_by(view) == said_by(state_at(log.folder, offset_of(view)))
