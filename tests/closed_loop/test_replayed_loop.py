"""The whole loop with the users of a log: each row of it is delivered, admitted and learned once."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopFolder, LoopNumbers, ReplayedUsers
from interestclock.errors import ConfigError
from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log

CONFIG = LoopConfig(
    days_before=2, speed_up=1_440, ranker="gaussian", outage_seconds=40, replayed="a log of this test"
)


class Killer:
    """Kills the service once, when it has been of use."""

    def __init__(self, loop: ClosedLoop) -> None:
        self.loop, self.killed = loop, False

    def look(self, numbers: LoopNumbers) -> None:
        if self.killed or numbers.users.ranks < 30:
            return
        pid = self.loop.supervisor.run_of("service").pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.killed = True


def test_a_log_before_that_is_too_short_for_a_snapshot_is_refused(tmp_path: Path) -> None:
    write_simulated_log(
        tmp_path / "log", size=SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
    )
    users = ReplayedUsers(lambda: open_log(tmp_path / "log"), days_before=1, seed=0)
    config = replace(CONFIG, days_before=1)
    with (
        LoopFolder(tmp_path / "loop", config=config, users=users) as folder,
        pytest.raises(
            ConfigError, match=r"first 1 days of the log hold .* takes 25.0 until .* --days-before"
        ),
    ):
        ClosedLoop(folder).run()


@pytest.mark.slow
def test_every_row_of_a_log_is_delivered_and_learned_once(tmp_path: Path) -> None:
    size = SimulatorSize(users=50, items=300, days=3, exposures_per_day=600)
    rows = write_simulated_log(tmp_path / "log", size=size)
    users = ReplayedUsers(lambda: open_log(tmp_path / "log"), days_before=CONFIG.days_before, seed=0)
    with LoopFolder(tmp_path / "loop", config=CONFIG, users=users) as folder:
        loop = ClosedLoop(folder, settle_seconds=240)
        killer = Killer(loop)
        counts = loop.run(report=killer.look)
        before = folder.write_archive()
    assert killer.killed
    assert counts is not None
    shown = [*map(str, counts.compared()), str(counts.set_aside()), *(each.words() for each in loop.at_end)]
    print("\n".join([f"{loop.days:.2f} days in {loop.seconds:.0f} s", *shown]))
    assert counts.equal, shown
    assert counts.set_aside() == {}
    assert counts.users.exposures_acknowledged == counts.due == rows - before > 500
    assert counts.users.labels_acknowledged > 100
    assert counts.users.skipped == counts.users.refused == counts.users.unseen == 0


@pytest.mark.slow
def test_a_loop_that_goes_on_counts_what_it_leaves_out(tmp_path: Path) -> None:
    size = SimulatorSize(users=50, items=300, days=9, exposures_per_day=600)
    write_simulated_log(tmp_path / "log", size=size)
    users = ReplayedUsers(lambda: open_log(tmp_path / "log"), days_before=CONFIG.days_before, seed=0)
    came, left_out, due = [], [], None
    for _ in range(2):
        with LoopFolder(tmp_path / "loop", config=CONFIG, users=users) as folder:
            loop = ClosedLoop(folder, settle_seconds=240)
            counts = loop.run(days=0.3)
            due = users.due(folder.archive, from_ms=folder.before.start_ms, until_ms=folder.visits_until_ms)
        assert counts is not None
        assert counts.equal, [*map(str, counts.compared())]
        came.append(counts.users.exposures_acknowledged)
        left_out.append(loop.left_out)
    print(f"{came} rows came, {left_out} were left out, of {due}")
    assert left_out[0] == 0
    assert left_out[1] > 0
    assert sum(came) + sum(left_out) == due
