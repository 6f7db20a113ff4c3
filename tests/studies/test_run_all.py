"""Runs in processes of their own, when something happens to one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from interestclock.errors import InterestClockError
from interestclock.ranking import RankerConfig
from interestclock.studies import run_all as module
from interestclock.studies.progress import Quiet
from interestclock.training import RunCost, RunPlan, TrainConfig


def plan() -> RunPlan:
    return RunPlan(
        ranker="base",
        config=RankerConfig(),
        train=TrainConfig(),
        samples=Path("nowhere"),
        out=Path("nowhere"),
        label="finish",
    )


def _killed(plan: RunPlan, news: object) -> RunCost:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.slow
def test_a_killed_process_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_run", _killed)
    with pytest.raises(InterestClockError, match="a ranker's process was killed"):
        module.run_all([plan(), plan()], jobs=1, progress=Quiet())


@pytest.mark.slow
def test_what_a_run_refuses_names_the_run() -> None:
    with pytest.raises(InterestClockError, match="base-seed0: nowhere holds no prepared samples"):
        module.run_all([plan()], jobs=1, progress=Quiet())
