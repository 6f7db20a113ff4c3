"""Keeps the processes of a closed loop running, and stops them in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from interestclock.closed_loop.part import Part, PartConfig, PartRun
from interestclock.errors import ResultError
from interestclock.unfinished import put_away_by

__all__ = ["Supervisor"]

_LOOK_EVERY_S = 0.05


class Supervisor:
    """Starts parts, starts again those that end, and stops all on leaving: the last started first.

    A thread looks after them. A part that fails at once too often ends all: ``check`` raises what it last
    printed.

    Args:
        config: when a part is started again, and when no more. grace_s: how long a part has to end.
        monotonic_s: a clock that no one sets.

    Raises:
        ResultError: (from ``start`` and ``check``) a part cannot be started, or failed at once too often.

    Example:
        >>> import sys, tempfile
        >>> from pathlib import Path
        >>> sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
        >>> with Supervisor() as parts:
        ...     parts.start(Part(name="sleeper", command=sleeper, output=Path(tempfile.mkdtemp()) / "log"))
        ...     parts.run_of("sleeper").up
        True
        >>> parts.run_of("sleeper").up
        False
    """

    def __init__(
        self,
        *,
        config: PartConfig | None = None,
        grace_s: float = 30.0,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._grace_s, self._now_s = config or PartConfig(), grace_s, monotonic_s
        self._runs: dict[str, PartRun] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._failed: ResultError | None = None
        self._beside = ExitStack()
        self._thread = threading.Thread(target=self._look_on, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._beside.enter_context(put_away_by(self._end_now))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._beside:
            self._ending.set()
            self._thread.join()
            for run in reversed(self._runs.values()):
                run.stop(grace_s=self._grace_s)

    @property
    def runs(self) -> tuple[PartRun, ...]:
        """Of all parts, in the order in which they were started."""
        return tuple(self._runs.values())

    def run_of(self, name: str) -> PartRun:
        """A part's, by its name."""
        return self._runs[name]

    def start(self, part: Part) -> None:
        """Start a part; from now on it is looked after."""
        run = PartRun(part, config=self._config)
        with self._lock:
            run.start(self._now_s())
            self._runs[part.name] = run

    def stop(self, name: str) -> int | None:
        """Stop a part in order, and let it be; its status."""
        with self._lock:
            return self._runs[name].stop(grace_s=self._grace_s)

    def check(self) -> None:
        """Raise what ended the loop, where something did."""
        if self._failed is not None:
            raise self._failed

    def _look_on(self) -> None:
        while not self._ending.wait(_LOOK_EVERY_S):
            try:
                with self._lock:
                    for run in self._runs.values():
                        run.look(self._now_s())
            except ResultError as error:
                self._failed = error
                return

    def _end_now(self) -> None:
        """This process is ended by a signal: the parts get theirs, and write down what they have."""
        self._ending.set()
        for run in self._runs.values():
            with suppress(OSError):
                run.terminate()
