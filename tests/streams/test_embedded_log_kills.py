"""An appender killed at any moment: what it acknowledged is there once, and a follower goes on through it."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from pathlib import Path

import pytest
from embedded_logs import CALLERS, append_for_ever, followed, messages_in

from interestclock.streams import EmbeddedLogWriter

_context = multiprocessing.get_context("forkserver")


def killed_after(folder: Path, turn: int, after_s: float) -> list[tuple[int, list[bytes]]]:
    """What an appender had acknowledged when it was killed, so long after its first acknowledgement."""
    told, telling = _context.Pipe(duplex=False)
    process = _context.Process(target=append_for_ever, args=(folder, turn, telling), daemon=True)
    process.start()
    telling.close()
    acknowledged = [told.recv()] if told.poll(60) else []
    assert acknowledged, "it appended nothing"
    until_s = time.monotonic() + after_s
    while (left_s := until_s - time.monotonic()) > 0:
        if told.poll(left_s):
            acknowledged.append(told.recv())
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    try:
        while True:
            acknowledged.append(told.recv())
    except (EOFError, OSError):  # the last of it may have been cut short, too
        told.close()
    return acknowledged


def kill_often(kills: int, folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    source = followed(folder)
    source.start_after({})
    seen: list[bytes] = []
    acknowledged: list[tuple[int, list[bytes]]] = []
    for turn in range(kills):
        acknowledged += killed_after(folder, turn, draw.uniform(0.0, 0.1))
        while (batch := source.poll(50, 0.0)) is not None:
            seen += [bad.payload.encode() for bad in batch.bad]
        for first, messages in acknowledged[-3:]:
            assert seen[first - 1 : first - 1 + len(messages)] == messages  # with nobody to mend it
    EmbeddedLogWriter(folder).close()
    stand = messages_in(folder)
    assert seen == stand[: len(seen)]
    assert len(set(stand)) == len(stand)
    for first, messages in acknowledged:
        assert stand[first - 1 : first - 1 + len(messages)] == messages
    for turn in range(kills):
        for caller in range(CALLERS):
            calls = [each.split(b"/") for each in stand if each.startswith(b"%d/%d/" % (turn, caller))]
            order = [(int(number), int(part)) for _, _, number, part in calls]
            assert order == sorted(order)
    source.close()


def test_killed_twenty_times(tmp_path: Path) -> None:
    kill_often(20, tmp_path / "log", seed=0)


@pytest.mark.slow
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    for round_number in range(5):
        kill_often(20, tmp_path / f"log{round_number}", seed=1 + round_number)
