"""A service that is killed under load: what it acknowledged is in the log, once, and nothing torn."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from embedded_logs import messages_in
from in_memory import HOUR_MS
from small_service import NOW_MS

from interestclock.streams import EmbeddedLogWriter

CALLERS = 4
RANK = {"user": "ann", "candidates": ["a", "b", "c"], "zone": "Europe/Berlin"}


def served(folder: Path, log: Path) -> tuple[subprocess.Popen[str], str]:
    """A service of the command line on a free port, and its address."""
    command = [sys.executable, "-m", "interestclock", "serve", "--store", str(folder / "store")]
    command += ["--snapshots", str(folder / "snapshots"), "--log", f"log://{log}", "--port", "0"]
    command += ["--timeout-seconds", "60"]
    environment = {name: value for name, value in os.environ.items() if name != "INTERESTCLOCK_TOKEN"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    with process.stdout as printed:
        line = printed.readline()
    found = re.search(r"http://[\d.:]+", line)
    assert found, line
    return process, found[0]


def ask_until_killed(address: str, caller: int, acknowledged: list[str], enough: threading.Semaphore) -> None:
    """Batches and ranks; each event whose batch was acknowledged is noted."""
    with httpx.Client(base_url=address, timeout=60.0) as client:
        number = 0
        while True:
            ids = [f"{caller}/{number}/{part}" for part in range(1 + number % 3)]
            time_ms = NOW_MS + HOUR_MS + number
            batch = [
                {"event_id": each, "user_id": "ann", "item_id": "a", "timestamp_ms": time_ms, "zone": "UTC"}
                for each in ids
            ]
            try:
                response = client.post("/v1/events", json=batch)
                assert response.status_code == 200, response.text
                acknowledged += ids
                if number % 5 == 0:
                    ranked = client.post("/v1/rank", json=RANK)
                    assert ranked.status_code == 200, ranked.text
            except httpx.TransportError:
                return
            number += 1
            enough.release()


def kill_under_load(folder: Path, log: Path, *, calls: int) -> list[str]:
    """What was acknowledged until a service was killed, after so many calls."""
    process, address = served(folder, log)
    acknowledged: list[list[str]] = [[] for _ in range(CALLERS)]
    enough = threading.Semaphore(0)
    threads = [
        threading.Thread(target=ask_until_killed, args=(address, caller, acknowledged[caller], enough))
        for caller in range(CALLERS)
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in range(calls):
            assert enough.acquire(timeout=60)
    finally:
        process.kill()
        process.wait()
        for thread in threads:
            thread.join()
    assert process.returncode == -signal.SIGKILL
    return [event for each in acknowledged for event in each]


def check_kills(folder: Path, tmp_path: Path, *, kills: int, calls: int) -> None:
    log = tmp_path / "log"
    for _ in range(kills):
        before = len(messages_in(log)) if log.exists() else 0
        acknowledged = kill_under_load(folder, log, calls=calls)
        EmbeddedLogWriter(log).close()  # whoever appends next makes the end whole
        messages = [json.loads(each) for each in messages_in(log)][before:]
        events = [each["event_id"] for each in messages if "event_id" in each]
        assert set(acknowledged) <= set(events)
        assert len(set(events)) == len(events)
        assert sum("served" in each for each in messages) > 0
        assert len(acknowledged) >= calls


def test_nothing_acknowledged_is_lost(folder: Path, tmp_path: Path) -> None:
    check_kills(folder, tmp_path, kills=1, calls=40)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_five_kills(folder: Path, tmp_path: Path) -> None:
    check_kills(folder, tmp_path, kills=5, calls=200)
