"""Every run of a comparison, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from interestclock.errors import InterestClockError
from interestclock.studies.progress import StudyProgress
from interestclock.training import RunCost, RunPlan, RunProgress, run_ranker
from interestclock.workers import Report, Workers

__all__ = ["run_all"]


def run_all(plans: Sequence[RunPlan], *, workers: Workers, progress: StudyProgress) -> list[RunCost]:
    """Run every plan, each in the first worker that is free; the costs in the order of the plans.

    Raises:
        InterestClockError: a run failed or its process was killed; the others are given up.
    """
    finished = 0
    progress.phase("training", 0, len(plans))

    def received(item: RunProgress | RunCost) -> None:
        nonlocal finished
        if isinstance(item, RunProgress):
            progress.running(item)
            return
        finished += 1
        progress.finished(item)
        progress.phase("training", finished, len(plans))

    return workers.run([partial(_run, plan) for plan in plans], received)


def _run(plan: RunPlan, report: Report) -> RunCost:
    try:
        cost = run_ranker(plan, report)
    except InterestClockError as error:
        raise type(error)(f"{plan.name}: {error}") from error
    report(cost)
    return cost
