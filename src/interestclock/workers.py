"""Processes that stay: started once, they run one job after another."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from types import ModuleType, TracebackType
from typing import Any, Literal

from interestclock.errors import InterestClockError
from interestclock.unfinished import SIGNALS, put_away_by, uninterrupted

__all__ = ["Job", "Report", "Workers"]

Report = Callable[[Any], None]
Job = Callable[[Report], Any]

_Answer = tuple[Literal["report", "result", "error"], Any]
_SAFE_PATH = "PYTHONSAFEPATH"
_EXIT_BY_SYSTEM = 128  # from here on, and below 0, exit codes are not the program's own
_START: Literal["spawn"] = "spawn"  # the one way that all systems have
_WAIT_S = 0.5  # Windows lets nothing interrupt a longer wait


class Workers:
    """A pool of processes, for as long as it is entered; starting them costs seconds, so they stay.

    They start with nothing of this process but its search path: the script that runs is not run again in
    them, and needs no ``if __name__ == "__main__":``. They leave Ctrl-C and SIGTERM to this process, and end
    with it, however it ends. When the pool is left they are killed, whatever they do, within moments.

    Args:
        count: of processes. prepare: what each does first, such as imports, while this process does other
            things; a function of a module.

    Example:
        >>> from functools import partial
        >>> def report_and_return(value, report): ...  # in a module of its own, as jobs are sent to processes
        >>> with Workers(2, prepare=list) as workers:
        ...     workers.run([], print)
        []
    """

    def __init__(self, count: int, *, prepare: Callable[[], object]) -> None:
        self._count, self._prepare = count, prepare
        self._workers: list[_Worker] = []
        self._entered = ExitStack()

    def __enter__(self) -> Workers:
        self._entered.enter_context(put_away_by(self._kill))
        try:
            with uninterrupted(), _safe_path(), _deaf(), _without_main():
                context = multiprocessing.get_context(_START)
                for _ in range(self._count):
                    self._workers.append(_Worker(context, self._prepare))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, jobs: Sequence[Job], received: Callable[[Any], None]) -> list[Any]:
        """Run all jobs, each in the first process that is free; their results in the order of the jobs.

        After an error the pool is of no more use.

        Args:
            jobs: functions of modules, with their arguments by ``functools.partial``; each is called with
                ``report``, which sends a value here. received: is called here with each value.

        Raises:
            InterestClockError: a process was killed, or ended by itself.
            Exception: what a job raised, with a note of where.
        """
        results: dict[int, Any] = {}
        pending, idle = deque(enumerate(jobs)), list(self._workers)
        busy: dict[Connection, tuple[_Worker, int]] = {}
        while len(results) < len(jobs):
            while pending and idle:
                worker, (number, job) = idle.pop(0), pending.popleft()
                worker.send(job)
                busy[worker.connection] = worker, number
            for connection in wait(list(busy), timeout=_WAIT_S):
                worker, number = busy[connection]  # type: ignore[index]
                kind, value = worker.receive()
                if kind == "error":
                    raise value
                if kind == "report":
                    received(value)
                else:
                    results[number] = value
                    idle.append(worker)
                    del busy[worker.connection]
        return [results[number] for number in range(len(jobs))]

    def _end(self) -> None:
        with uninterrupted():
            self._kill()
            self._entered.close()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.end()


class _Worker:
    """This process's side of one of them."""

    def __init__(self, context: SpawnContext, prepare: Callable[[], object]) -> None:
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, job: Job) -> None:
        try:
            self.connection.send(job)
        except OSError as error:
            raise self._gone() from error

    def receive(self) -> _Answer:
        try:
            answer: _Answer = self.connection.recv()
        except (EOFError, OSError) as error:
            raise self._gone() from error
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _gone(self) -> InterestClockError:
        self._process.join(1)
        code = self._process.exitcode
        if code is not None and 0 <= code < _EXIT_BY_SYSTEM:
            return InterestClockError(
                f"a worker process ended by itself (exit code {code}); what it wrote above says why, or else "
                "code of your own that runs in it ended it"
            )
        return InterestClockError(
            f"a worker process was killed (exit code {code}), most likely for want of "
            "memory; give fewer --jobs, or free memory"
        )


def _serve(connection: Connection, prepare: Callable[[], object]) -> None:
    """What a process does all its life."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        prepare()
        while True:
            try:
                job: Job = connection.recv()
            except EOFError:
                return
            connection.send(("result", job(lambda value: connection.send(("report", value)))))
    except (Exception, SystemExit) as error:
        connection.send(("error", _portable(error)))


def _end_with_parent() -> None:
    """Whatever this process does meanwhile; nobody is left to take its results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _portable(error: Exception | SystemExit) -> Exception:
    """What the other side can read, and where it happened if nobody meant it to."""
    where = "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):  # raised there it would end the program without a word
        return RuntimeError(f"sys.exit({error.code!r}) in a worker process:\n{where}")
    if not isinstance(error, InterestClockError):
        error.add_note(f"in a worker process:\n{where}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"in a worker process:\n{where}")
    return error


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started here keep the mask, so that Ctrl-C, which a terminal sends to all, finds
    them deaf even before they can say so themselves.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it later would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _safe_path() -> Iterator[None]:
    """A new process has the current folder first on its path until it is given this one's: a ``pickle.py``
    that lies there would be taken for Python's own.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


@contextmanager
def _without_main() -> Iterator[None]:
    """A new process runs the file of ``__main__`` again, if it has one: a script would start itself."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
