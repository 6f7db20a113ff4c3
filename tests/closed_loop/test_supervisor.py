"""Processes are started again after they end, with pauses, up to a limit; and stopped in order."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_for

from interestclock.closed_loop import Part, PartConfig, Supervisor
from interestclock.closed_loop.part import PartRun
from interestclock.errors import ConfigError, ResultError

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(number, frame):
    with pathlib.Path(sys.argv[2]).open("a") as file:
        file.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(600)
"""


def part(name: str, folder: Path, code: str, *arguments: str) -> Part:
    command = (sys.executable, "-S", "-c", code, *arguments)
    return Part(name=name, command=command, output=folder / f"{name}.log")


def test_one_that_is_killed_is_started_again_and_counted(tmp_path: Path) -> None:
    with Supervisor(config=PartConfig(first_pause_s=0.01)) as parts:
        parts.start(part("sleeper", tmp_path, SLEEPS))
        run = parts.run_of("sleeper")
        first = run.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: run.pid not in (None, first))
        assert run.restarts == 1
        parts.check()
    assert (run.up, run.pid) == (False, None)


def test_all_are_stopped_by_sigterm_the_last_started_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    with Supervisor() as parts:
        for name in ("a", "b", "c"):
            parts.start(part(name, tmp_path, NOTES_ITS_END, name, str(order)))
        wait_for(lambda: all("up" in (tmp_path / f"{name}.log").read_text() for name in "abc"))
        assert parts.stop("b") == 0
    assert order.read_text().split() == ["b", "c", "a"]


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPS
    run = PartRun(part("deaf", tmp_path, deaf))
    run.start(0.0)
    wait_for(lambda: "up" in (tmp_path / "deaf.log").read_text())
    assert run.stop(grace_s=0.05) == -signal.SIGKILL


def test_one_that_fails_at_once_again_and_again_ends_all_with_its_last_lines(tmp_path: Path) -> None:
    config = PartConfig(first_pause_s=0.0, most_failures=3)
    with Supervisor(config=config) as parts:
        parts.start(part("broken", tmp_path, "print('no room'); raise SystemExit(7)"))
        with pytest.raises(ResultError, match=r"(?s)broken ended at once 3 times.*status 7.*no room"):
            wait_for(lambda: parts.check() is not None)
    assert parts.run_of("broken").restarts == 2


def test_one_that_ran_for_long_has_not_failed(tmp_path: Path) -> None:
    config = PartConfig(first_pause_s=1.0, steady_s=10.0, most_failures=2)
    run = PartRun(part("short", tmp_path, ""), config=config)
    run.start(0.0)
    for now_s in (100.0, 200.0, 300.0):
        wait_for(lambda: not run.up)
        assert not run.look(now_s)  # the pause begins
        assert not run.look(now_s + 0.9)
        assert run.look(now_s + 1.0)
    wait_for(lambda: not run.up)
    assert not run.look(302.0)
    assert run.look(303.0)
    wait_for(lambda: not run.up)
    with pytest.raises(ResultError, match="ended at once 2 times"):
        run.look(304.0)


def test_what_cannot_be_started_is_refused(tmp_path: Path) -> None:
    missing = Part(name="x", command=(str(tmp_path / "nowhere"),), output=tmp_path / "x.log")
    with Supervisor() as parts, pytest.raises(ResultError, match="x cannot be started"):
        parts.start(missing)


@given(failures=st.integers(0, 1_000), first=st.floats(0, 10), longest=st.floats(0, 100))
def test_pauses_grow_up_to_the_longest(failures: int, first: float, longest: float) -> None:
    config = PartConfig(first_pause_s=first, longest_pause_s=longest)
    pause_s = config.pause_s(failures=failures)
    assert pause_s <= longest
    assert pause_s <= config.pause_s(failures=failures + 1)


@pytest.mark.parametrize("wrong", [{"first_pause_s": -1.0}, {"most_failures": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give"):
        PartConfig(**wrong)  # type: ignore[arg-type]
