"""Whatever a run opened is closed, the source too, wherever it fails; the folder can be had again then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from in_memory import REQUESTS, MemorySource, requests_log
from small_live import LIVE

from interestclock.errors import ResultError
from interestclock.events.dead_letters import DeadLetterFile
from interestclock.live import LiveRun, durable_files, live_run, run_files
from interestclock.live.checkpoint_writer import CheckpointWriter
from interestclock.live.trainer_folder import TrainerFolder
from interestclock.streams import ReplaySource


class Closing(ReplaySource):
    """Notes when it is closed, and may fail then."""

    def __init__(self, closed: list[str], *, error: Exception | None = None) -> None:
        events = requests_log(3, requests=20, users=4, items=30, days=2)
        super().__init__(MemorySource(schema=REQUESTS, events=events))
        self.closed, self.error = closed, error

    def close(self) -> None:
        self.closed.append("source")
        if self.error is not None:
            raise self.error


def noted(monkeypatch: pytest.MonkeyPatch, closed: list[str], fails: str | None = None) -> None:
    for kind, method in ((CheckpointWriter, "close"), (DeadLetterFile, "close"), (TrainerFolder, "release")):
        name, before = f"{kind.__name__}.{method}", getattr(kind, method)

        def close(self: Any, name: str = name, before: Callable[[Any], None] = before) -> None:
            before(self)
            closed.append(name)
            if name == fails:
                raise OSError(f"{name} failed")

        monkeypatch.setattr(kind, method, close)


ALL = ["CheckpointWriter.close", "DeadLetterFile.close", "TrainerFolder.release", "source"]


@pytest.mark.parametrize("fails", [None, *ALL])
def test_everything_is_closed_in_order_whatever_fails(
    fails: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    noted(monkeypatch, closed, fails)
    source = Closing(closed, error=OSError("source failed") if fails == "source" else None)
    run = LiveRun(source, tmp_path / "run", config=LIVE)
    assert closed == []
    if fails is None:
        with run:
            pass
    else:
        with pytest.raises(OSError, match=f"{fails} failed"), run:
            pass
    assert closed == ALL


@pytest.mark.parametrize(
    ("where", "what", "left"),
    [
        (live_run, "LiveTrainer", ["source"]),
        (live_run, "RunFiles", ["TrainerFolder.release", "source"]),
        (run_files, "TrainerSnapshots", ALL),
        (durable_files, "CheckpointWriter", ["DeadLetterFile.close", "TrainerFolder.release", "source"]),
        (live_run, "loop_over", ALL),
    ],
)
def test_where_a_run_cannot_begin_what_was_opened_is_closed(
    where: Any, what: str, left: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"no {what}")

    with monkeypatch.context() as patch:
        noted(patch, closed)
        patch.setattr(where, what, fail)
        with pytest.raises(RuntimeError, match=f"no {what}"):
            LiveRun(Closing(closed), tmp_path / "run", config=LIVE)
    assert closed[-len(left) :] == left
    assert closed.count("source") == 1
    with LiveRun(Closing([]), tmp_path / "run", config=LIVE, resume=True):
        pass


def test_one_that_is_refused_closes_its_source_and_leaves_the_other_alone(tmp_path: Path) -> None:
    first, second = [], []
    with LiveRun(Closing(first), str(tmp_path / "run"), config=LIVE):
        with pytest.raises(ResultError, match="another trainer runs in"):
            LiveRun(Closing(second), tmp_path / "run", config=LIVE, resume=True)
        assert (first, second) == ([], ["source"])
