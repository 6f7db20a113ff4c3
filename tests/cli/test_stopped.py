"""Ctrl-C and SIGTERM at any moment of any command: it ends, says so, and leaves nothing behind."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from slow_but import slow_but
from stopped_commands import Ended, stopped

from interestclock.simulator import SimulatorSize, write_simulated_log

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc which processes there are")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# How long each takes, about; and what it prints when it is done.
COMMANDS = {
    "compare": (7.0, "Look at"),
    "features": (3.5, "clocks.parquet"),
    "inspect": (3.0, "Bits within a user"),
    "simulate": (2.5, "exposures"),
    "train": (3.5, "go on with --resume"),
}
AT_ONCE, LATER = "nothing is left half written", "nothing is lost: {} goes on with --resume"


@dataclass(frozen=True)
class Stop:
    """A signal at a moment between 0 and 1, where 1 is about the end of the command."""

    number: signal.Signals
    moment: float
    twice: bool


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log") / "log"
    write_simulated_log(folder, size=SimulatorSize(users=10, items=200, days=12, exposures_per_day=80))
    return folder


def arguments(command: str, log: Path, out: Path) -> list[str]:
    return {
        "compare": [command, str(log), "--jobs", "2", "--rankers", "base,gaussian", "--out", str(out)],
        "features": [command, str(log), "--out", str(out)],
        "inspect": [command, str(log)],
        "simulate": [command, "--size", "tiny", "--out", str(out)],
        "train": [command, str(log), "--checkpoints", str(out)],
    }[command]


def stop_at(command: str, stop: Stop, log: Path, folder: Path) -> bool:
    """Stop a command; whether it was stopped, and not done before."""
    seconds, last_words = COMMANDS[command]
    folder.mkdir()
    out = folder / "out"
    after_s = stop.moment * seconds
    ended = stopped(arguments(command, log, out), number=stop.number, after_s=after_s, twice=stop.twice)
    where = f"{command}, {stop}: {ended}"
    assert ended.left == [], where
    assert "Traceback" not in ended.stderr, where
    assert "Exception" not in ended.stderr, where
    if ended.returncode == 0:  # it was done, or a trainer that ended by itself
        assert last_words in ended.stdout, where
        assert "stopped" not in ended.stderr, where
        return False
    assert ended.returncode == 128 + stop.number, where
    _check_stopped(command, ended, where, out)
    return True


def _check_stopped(command: str, ended: Ended, where: str, out: Path) -> None:
    """What is written appears under its name when it is whole; a trainer's folder is whole at any moment."""
    left = [path.name for path in out.parent.iterdir()]
    assert left in ([], ["out"]), where
    remains = LATER.format(out) if command == "train" and left else AT_ONCE
    assert [line for line in ended.stderr.splitlines() if "stopped" in line] == [f"stopped; {remains}"], where
    assert command == "train" or len(ended.stderr.splitlines()) == 1, where


@pytest.mark.parametrize("command", slow_but(["train"], sorted(COMMANDS)))
def test_stopped_at_five_moments(command: str, log: Path, tmp_path: Path) -> None:
    """One in each fifth of its time, with the one signal and the other, once or twice."""
    draw = random.Random(command)
    for turn in range(5):
        stop = Stop(SIGNALS[turn % 2], (turn + draw.random()) / 5, draw.random() < 0.5)
        stop_at(command, stop, log, tmp_path / f"{turn}")


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_stopped_at_fifty_moments(command: str, number: signal.Signals, log: Path, tmp_path: Path) -> None:
    draw = random.Random(f"{command} {number}")
    stops = sum(
        stop_at(command, Stop(number, draw.random(), draw.random() < 0.5), log, tmp_path / f"{turn}")
        for turn in range(50)
    )
    assert stops >= 10, "it is done too soon; make the log longer"


@pytest.mark.slow
def test_a_trainer_stopped_at_once_goes_on(log: Path, tmp_path: Path) -> None:
    """Wherever a second signal came, ``--resume`` finishes what one that was never stopped would."""
    out = tmp_path / "out"
    command = [*arguments("train", log, out), "--checkpoint-minutes", "600", "--resume"]
    for after_s in (1.5, 2.5, 3.5):
        assert stopped(command, number=signal.SIGTERM, after_s=after_s, twice=True).left == []
    ended = stopped(command, number=signal.SIGTERM, after_s=60.0, twice=False)
    assert ended.returncode == 0, ended
    assert "1,008 messages: 1,008 learned" in ended.stdout, ended
