"""A small comparison with a name that has to be escaped."""

from __future__ import annotations

from pathlib import Path

from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies import CompareConfig, compare

RANKERS = ("base", "hour", "hour+gaussian")
TITLE = "Plays <script>alert(1)</script> & more"


def lines_with_context(events: int) -> str:
    """A log in CSV: users and items as text, a categorical and a numeric context, an attribute."""
    lines = ["uid,song,at,device,age,finish,genre"]
    lines += [
        f"user {i % 7},song {i * i % 31},{1_700_000_000 + i * 1_800},{('tv', 'phone')[i % 2]},{20 + i % 9},"
        f"{i * i % 3 % 2},genre {i % 5}"
        for i in range(events)
    ]
    return "\n".join(lines) + "\n"


def simulated_log(folder: Path) -> Path:
    write_simulated_log(folder, size=SimulatorSize(users=30, items=300, days=12, exposures_per_day=250))
    return folder


def compared(log: Path, out: Path) -> Path:
    compare(open_log(log), out, config=CompareConfig(rankers=RANKERS, seeds=2, replicates=50), title=TITLE)
    return out
