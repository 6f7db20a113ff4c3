"""A user's script: without a main guard, from standard input, from a notebook's cells; and its types."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import interestclock

RUNS = """
import interestclock

print("begun")
log = interestclock.simulate("log", size="tiny")
said = {"seeds": 1, "jobs": 2, "replicates": 10, "progress": False}
compared = interestclock.compare(log, rankers=["base", "hour"], **said)
print(sorted(compared.results["rankers"]))
"""
CELLS = """
import sys
from code import InteractiveInterpreter
cells = InteractiveInterpreter({"__name__": "__main__"})
for cell in sys.argv[1].split("\\n\\n"):
    assert not cells.runsource(cell, symbol="exec")
"""
TYPED = """
import datetime
from dataclasses import dataclass
from typing import ClassVar

import pandas
import polars
import pyarrow

import interestclock
from interestclock.clocks import ClockModule, RankerSizes

frame = pandas.DataFrame({"uid": [1]})
found = interestclock.inspect(frame, user="uid", zone="UTC", labels={"finish": "played >= 0.8"})
users: int = found.found.users
lazy = interestclock.inspect(polars.LazyFrame({"uid": [1]}), user="uid", items="items.csv")
compared = interestclock.compare(
    pyarrow.table({"uid": [1]}), rankers=["base", interestclock.GaussianConfig(sigma_hours=2.0)], seeds=1
)
best: str = compared.best
now = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
features = interestclock.features(["a.csv", "b.csv"], as_of=now)
rows: int = features.embedding_rows["user"]
clock = interestclock.GaussianClock(dim=24, sigma_hours=1.0)


@dataclass(frozen=True, kw_only=True)
class Own:
    kind: ClassVar[str] = "own"
    reads_preferences: ClassVar[bool] = False
    reads_behaviours: ClassVar[int] = 0

    def build(self, sizes: RankerSizes) -> ClockModule:
        return interestclock.GaussianConfig().build(sizes)


clocks = (Own(), interestclock.LongTermConfig(), interestclock.RoutineConfig())
interestclock.compare("a.csv", rankers=[*clocks, interestclock.NamedRanker(name="all", clocks=clocks)])
"""
WRONG = (
    "import interestclock",
    'interestclock.inspect("a.csv", usr="uid")',
    'interestclock.inspect("a.csv", labels={"finish": 7})',
    "interestclock.inspect(7)",
    'interestclock.compare("a.csv", seeds="3")',
    "interestclock.Gausian",
    'interestclock.compare("a.csv", rankers=[interestclock.GaussianClock(dim=24)])',
)


def ran(*words: str, cwd: Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def as_script(cwd: Path) -> str:
    (cwd / "study.py").write_text(RUNS)
    return ran("study.py", cwd=cwd)


@pytest.mark.parametrize(
    "run",
    [
        as_script,
        pytest.param(lambda cwd: ran("-", cwd=cwd, stdin=RUNS), marks=pytest.mark.slow),
        pytest.param(lambda cwd: ran("-c", CELLS, RUNS, cwd=cwd), marks=pytest.mark.slow),
    ],
    ids=["a script without a main guard", "standard input", "cells"],
)
def test_worker_processes_do_not_run_the_script_again(run, tmp_path):
    assert run(tmp_path) == "begun\n['base', 'hour']\n"


def complaints(checker: tuple[str, ...], code: str, folder: Path) -> list[int]:
    """Lines of a script that a checker finds fault with."""
    (folder / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", *checker, "script.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    lines = {int(line) for line in re.findall(r"script\.py:(\d+):.*error", done.stdout)}
    assert done.returncode == (1 if lines else 0), done.stdout + done.stderr
    return sorted(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "checker",
    [
        ("mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent"),
        ("basedpyright", "--level", "error", "--pythonpath", sys.executable),
    ],
    ids=["mypy", "pyright"],
)
def test_a_users_script_is_checked(checker, tmp_path, monkeypatch):
    source = str(Path(interestclock.__file__).parent.parent)
    monkeypatch.setenv("MYPYPATH", source)
    settings = {"typeCheckingMode": "standard", "extraPaths": [source]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    assert complaints(checker, TYPED, tmp_path) == []
    assert complaints(checker, "\n".join(WRONG), tmp_path) == list(range(2, len(WRONG) + 1))
