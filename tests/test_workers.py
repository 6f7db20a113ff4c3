"""Processes that stay, when all goes well and when something happens to one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import worker_jobs as jobs

from interestclock import workers as workers_module
from interestclock.errors import InterestClockError, LogError
from interestclock.workers import Workers


@pytest.fixture(autouse=True)
def _spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are for users; other tests fork them, which takes less time."""
    monkeypatch.setattr(workers_module, "_START", "spawn")


def ends(pid: int, within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()


def test_results_come_in_the_order_of_the_jobs_from_few_processes(tmp_path: Path) -> None:
    received: list[int] = []
    with Workers(2, prepare=jobs.nothing) as workers:
        results = workers.run([partial(jobs.square, n) for n in range(7)], received.append)
        again = workers.run([partial(jobs.square, 9)], received.append)
        assert workers.run([], received.append) == []
        file, path = workers.run([jobs.main_module], received.append)[0]
    assert [square for square, _ in results] == [n * n for n in range(7)]
    assert again[0][0] == 81
    processes = {pid for _, pid in [*results, *again]}
    assert len(processes) <= 2
    assert os.getpid() not in processes
    assert sorted(received) == [0, 1, 2, 3, 4, 5, 6, 9]
    assert (file, path) == (None, sys.path)
    assert all(ends(pid) for pid in processes)


def test_jobs_run_side_by_side(tmp_path: Path) -> None:
    """The first ends only once the second has run."""
    done = tmp_path / "done"
    with Workers(2, prepare=jobs.nothing) as workers:
        assert workers.run([partial(jobs.wait_for, done), partial(jobs.make, done)], print) == [None, None]


@pytest.mark.parametrize(
    ("job", "kind", "message"),
    [
        (jobs.refuse, LogError, "^no such row$"),
        (jobs.break_down, ZeroDivisionError, "^of my own\n"),
        (jobs.break_down_unreadably, RuntimeError, "in a worker process:(?s:.*)torn apart"),
        (jobs.exit_at_once, InterestClockError, r"a worker process ended by itself \(exit code 1\); what it"),
        (jobs.say_goodbye, RuntimeError, r"^sys\.exit\(3\) in a worker process:(?s:.*)in say_goodbye"),
        (jobs.kill_oneself, InterestClockError, r"a worker process was killed \(exit code -9\), most likely"),
    ],
)
def test_what_goes_wrong_in_a_process_is_raised_here_and_ends_all(
    job: object, kind: type[Exception], message: str, tmp_path: Path
) -> None:
    busy: list[int] = []
    before = set(multiprocessing.active_children())
    with pytest.raises(kind, match=message) as raised, Workers(2, prepare=jobs.nothing) as workers:
        workers.run([partial(jobs.wait_for, tmp_path / "never"), job], busy.append)  # type: ignore[list-item]
    assert all(ends(pid) for pid in busy)
    assert set(multiprocessing.active_children()) == before
    assert ("in break_down" in "".join(getattr(raised.value, "__notes__", []))) == (job is jobs.break_down)


def test_what_cannot_begin_says_why() -> None:
    with pytest.raises(LogError, match="cannot begin"), Workers(1, prepare=jobs.fail) as workers:
        workers.run([jobs.survive_signals], print)


def test_the_current_folder_shadows_nothing_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise RuntimeError('not the one of Python')\n")
    monkeypatch.chdir(tmp_path)
    before = os.environ.get("PYTHONSAFEPATH")
    with Workers(1, prepare=jobs.nothing) as workers:
        assert workers.run([partial(jobs.square, 3)], print)[0][0] == 9
    assert os.environ.get("PYTHONSAFEPATH") == before


def test_signals_are_left_to_the_parent() -> None:
    with Workers(1, prepare=jobs.nothing) as workers:
        assert workers.run([jobs.survive_signals], print) == ["still here"]


@pytest.mark.parametrize("where", ["starting", "running"])
def test_an_interrupt_leaves_no_process(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While they start, it waits until all are there to be ended."""
    before = set(multiprocessing.active_children())
    if where == "starting":
        start = multiprocessing.context.SpawnProcess.start

        def interrupted(process: multiprocessing.context.SpawnProcess) -> None:
            signal.raise_signal(signal.SIGINT)
            start(process)

        monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", interrupted)
    pids: list[int] = []

    def received(pid: int) -> None:
        pids.append(pid)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), Workers(2, prepare=jobs.nothing) as workers:
        workers.run([partial(jobs.wait_for, tmp_path / "never")], received)
    assert len(pids) == (where == "running")
    assert set(multiprocessing.active_children()) == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_from_a_thread_of_ones_own() -> None:
    results: list[object] = []

    def work() -> None:
        with Workers(1, prepare=jobs.nothing) as workers:
            results.extend(workers.run([partial(jobs.square, 3)], print))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results[0][0] == 9  # type: ignore[index]


PARENT = """
import sys
import worker_jobs as jobs
from interestclock.workers import Workers
with Workers(2, prepare=jobs.nothing) as workers:
    workers.run([jobs.spin, jobs.spin], lambda pid: print(pid, flush=True))
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc which processes there are")
def test_they_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """The parent is a script without ``if __name__ == "__main__":``."""
    script = tmp_path / "script.py"
    script.write_text(PARENT)
    path = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    assert len(set(pids)) == 2
    assert all(ends(pid) for pid in pids)
