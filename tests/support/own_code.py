"""The files that the page on clocks and sources of one's own shows, and the command run beside them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own-clock.md"
SHOWN = re.compile(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Cut into pieces, so that there is something to be killed between.
DYING = """
import os
import signal

from interestclock.streams import ReplaySource
from my_logs import Plays


class Pieces(ReplaySource):
    dies_at = None

    def __init__(self):
        super().__init__(Plays())
        self.polls = 0

    def poll(self, most, wait_s):
        self.polls += 1
        if self.polls == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().poll(min(most, 100), wait_s)


class Dying(Pieces):
    dies_at = 8
"""

SHUFFLED = """
from my_logs import Plays


class Shuffled(Plays):
    def _table(self):
        table = super()._table()
        return table.sort_by([("timestamp_ms", "descending")])
"""


def write_own_code(folder: Path) -> None:
    """The page's files, an empty package file, and sources: one whose process is killed, one out of order."""
    files = dict(SHOWN.findall(PAGE.read_text(encoding="utf-8")))
    assert len(files) == 5
    files |= {"my_clocks/__init__.py": "", "dying.py": DYING, "shuffled.py": SHUFFLED}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="utf-8")


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The console script, which does not look into the current folder by itself (-P)."""
    start = "from interestclock.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-P", "-c", start, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
