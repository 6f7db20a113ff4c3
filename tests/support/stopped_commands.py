"""A command in a session of its own, stopped by a signal at some moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WITHIN_S = 10.0


@dataclass(frozen=True)
class Ended:
    """How a command ended, and which processes of its session are left."""

    returncode: int
    stdout: str
    stderr: str
    left: list[str]


def stopped(arguments: list[str], *, number: signal.Signals, after_s: float, twice: bool) -> Ended:
    """Start a command, stop it so long after it began to listen to signals, and see how it ends.

    As a terminal does, Ctrl-C goes to all its processes; SIGTERM to the first alone.

    Raises:
        subprocess.TimeoutExpired: it does not end within ten seconds.
    """
    command = [sys.executable, "-m", "interestclock", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    send = os.killpg if number == signal.SIGINT else os.kill
    try:
        _until(lambda: process.poll() is not None or _listens(process.pid), within_s=60)
        _until(lambda: process.poll() is not None, within_s=after_s)
        for _ in range(1 + twice):
            if process.poll() is None:
                send(process.pid, number)
                time.sleep(0.2 * twice)
        stdout, stderr = process.communicate(timeout=WITHIN_S)
        _until(lambda: not _session(process.pid), within_s=WITHIN_S)
        return Ended(process.returncode, stdout, stderr, _session(process.pid))
    finally:
        process.kill()
        process.wait()


def _until(true: Callable[[], bool], *, within_s: float) -> None:
    until = time.monotonic() + within_s
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


def _listens(pid: int) -> bool:
    """Whether it has a handler for SIGTERM, which an interpreter that starts has not."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def _session(leader: int) -> list[str]:
    """The command lines of a session's processes."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile
    return found
