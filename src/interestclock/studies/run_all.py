"""Runs side by side, each in a process of its own, so that its memory and time are its own."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any

from interestclock.errors import InterestClockError
from interestclock.studies.progress import StudyProgress
from interestclock.training import RunCost, RunPlan, RunProgress, run_ranker

__all__ = ["run_all"]


def run_all(plans: Sequence[RunPlan], *, jobs: int, progress: StudyProgress) -> list[RunCost]:
    """Run every plan, ``jobs`` at a time; the costs in the order of the plans.

    Raises:
        InterestClockError: a run failed or its process was killed; the others are given up.
    """
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        with _deaf_to_ctrl_c():
            manager = stack.enter_context(context.Manager())
            others = set(multiprocessing.active_children())
            pool = stack.enter_context(ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1))
            news: Any = manager.Queue()
            futures = [pool.submit(_run, plan, news) for plan in plans]
        try:
            _follow(futures, news, progress)
            return [future.result() for future in futures]
        except BaseException as error:
            _end(pool, others)
            if isinstance(error, BrokenProcessPool):
                raise InterestClockError(
                    "a ranker's process was killed, most likely for want of memory; give fewer --jobs, "
                    "or free memory"
                ) from error
            raise


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started here, and by threads started here, leave Ctrl-C to the one that waits for them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it later would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor, others: set[BaseProcess]) -> None:
    """Give up what runs. A process that ended may be replaced meanwhile, by one that waits for ever."""
    closing = threading.Thread(target=partial(pool.shutdown, wait=True, cancel_futures=True))
    closing.start()
    while closing.is_alive():
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        closing.join(timeout=0.1)


def _run(plan: RunPlan, news: Any) -> RunCost:
    try:
        cost = run_ranker(plan, partial(_put, news))
    except InterestClockError as error:
        raise type(error)(f"{plan.name}: {error}") from error
    news.put(cost)
    return cost


def _put(news: Any, item: RunProgress) -> None:
    news.put(item)


def _follow(futures: Sequence[Future[RunCost]], news: Any, progress: StudyProgress) -> None:
    pending = set(futures)
    while pending:
        _tell(news, progress)
        done, pending = wait(pending, timeout=0.2)
        for future in done:
            future.result()
    _tell(news, progress)


def _tell(news: Any, progress: StudyProgress) -> None:
    while True:
        try:
            item = news.get_nowait()
        except queue.Empty:
            return
        if isinstance(item, RunCost):
            progress.finished(item)
        else:
            progress.news(item)
