"""Ten minutes of the loop at 720, five days of its time, with every part killed once on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from statistics import median

import pytest

from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopFolder, LoopNumbers
from interestclock.timeofday import DAY_MS

SECONDS = 600.0
CONFIG = LoopConfig(speed_up=720, requests_per_day=1_000, outage_seconds=60)
# A busy machine starts the service slowly; what is late would be set aside, and counted apart.
KILLED_AFTER = {"service": 0.15, "updater": 0.3, "trainer": 0.45}
MOST_GROWN = 1.1


class Watch:
    """Kills each part once, at its share of the time, and notes what each has of memory behind the last."""

    def __init__(self, loop: ClosedLoop, days: float) -> None:
        self.loop, self.left = loop, {name: share * days * DAY_MS for name, share in KILLED_AFTER.items()}
        self.began_ms: int | None = None
        self.bytes_of: dict[str, list[float]] = {name: [] for name in KILLED_AFTER}

    def look(self, numbers: LoopNumbers) -> None:
        if numbers.doing == "running" and self.began_ms is None:
            self.began_ms = numbers.at_ms
        if self.began_ms is None or not (
            numbers.updater and numbers.trainer and all(each.up for each in numbers.parts)
        ):
            return
        due = [name for name, after_ms in self.left.items() if numbers.at_ms >= self.began_ms + after_ms]
        if due:
            del self.left[due[0]]
            pid = self.loop.supervisor.run_of(due[0]).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        elif not self.left and numbers.doing == "running":
            for each in numbers.parts:
                self.bytes_of[each.name].append(each.resident_bytes)


@pytest.mark.slow
def test_ten_minutes_with_every_part_killed_once(tmp_path: Path) -> None:
    days = SECONDS * 1_000 * CONFIG.speed_up / DAY_MS
    with LoopFolder(tmp_path / "loop", config=CONFIG) as folder:
        loop = ClosedLoop(folder)
        watch = Watch(loop, days)
        counts = loop.run(days=days, report=watch.look)
    assert counts is not None
    shown = [*map(str, counts.compared()), str(counts.set_aside()), *(each.words() for each in loop.at_end)]
    print("\n".join([f"{loop.days:.2f} days in {loop.seconds:.0f} s", *shown]))
    assert watch.left == {}
    assert counts.equal, shown
    assert counts.set_aside() == {}
    assert [each.restarts for each in loop.at_end] == [1, 1, 1]
    assert counts.users.exposures == counts.users.exposures_acknowledged > 1_000
    for name, sizes in watch.bytes_of.items():
        third = len(sizes) // 3
        assert third, f"{name} was not looked at behind the last kill"
        assert median(sizes[-third:]) < MOST_GROWN * median(sizes[third : 2 * third]), name
