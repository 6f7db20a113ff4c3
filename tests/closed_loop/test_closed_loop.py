"""The whole loop on a small world: every part is killed once on the way, and the counts are equal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopFolder, LoopNumbers

CONFIG = LoopConfig(
    size="tiny",
    days_before=1,
    requests_per_day=600,
    candidates=20,
    speed_up=1_440,
    ranker="gaussian",
    # A busy machine starts the service slowly; what is late would be set aside, and counted apart.
    outage_seconds=40,
)


class Killer:
    """Kills each part once, one after the other, each when the one before is back and has been of use."""

    def __init__(self, loop: ClosedLoop) -> None:
        self.loop, self.left, self._ranks = loop, ["service", "updater", "trainer"], 30

    def look(self, numbers: LoopNumbers) -> None:
        all_up = numbers.updater and numbers.trainer and all(each.up for each in numbers.parts)
        if not self.left or not all_up or numbers.users.ranks < self._ranks:
            return
        pid = self.loop.supervisor.run_of(self.left.pop(0)).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._ranks = numbers.users.ranks + 30


@pytest.mark.slow
def test_every_part_is_killed_and_every_event_counts_once(tmp_path: Path) -> None:
    with LoopFolder(tmp_path / "loop", config=CONFIG) as folder:
        loop = ClosedLoop(folder, settle_seconds=240)
        killer = Killer(loop)
        counts = loop.run(days=0.8, report=killer.look)
        shown = [
            f"{loop.days:.2f} days in {loop.seconds:.0f} s",
            *map(str, counts.compared() if counts else ()),
            str(counts and counts.set_aside()),
            *(each.words() for each in loop.at_end),
        ]
        print("\n".join(shown))
    assert killer.left == []
    assert counts is not None
    assert counts.equal, shown
    assert counts.set_aside() == {}
    assert [each.restarts for each in loop.at_end] == [1, 1, 1]
    assert counts.users.exposures == counts.users.exposures_acknowledged > 300
    assert counts.users.labels == counts.users.labels_acknowledged > 100
    assert not any(run.up for run in loop.supervisor.runs)
