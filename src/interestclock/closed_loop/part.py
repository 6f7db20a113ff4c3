"""A process of a closed loop: started, looked at, started again after a pause, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from interestclock.errors import ConfigError, ResultError, check_numbers, system_errors_as

__all__ = ["Part", "PartConfig", "PartRun"]

_LAST_LINES, _LAST_BYTES = 12, 8_192


@dataclass(frozen=True, kw_only=True)
class PartConfig:
    """When a process that ended is started again, and when no more.

    Args:
        first_pause_s: before the first try; each later one in a row takes twice as long.
        longest_pause_s: at most so long.
        steady_s: one that ran for so long did not fail at once, and its pauses begin anew.
        most_failures: so many that failed at once, in a row, are the last.

    Raises:
        ConfigError: a time is negative, or no failure is allowed.

    Example:
        >>> [PartConfig().pause_s(failures=count) for count in (0, 1, 2, 9)]
        [0.2, 0.2, 0.4, 5.0]
    """

    first_pause_s: float = 0.2
    longest_pause_s: float = 5.0
    steady_s: float = 10.0
    most_failures: int = 5

    def __post_init__(self) -> None:
        check_numbers(self)
        if min(self.first_pause_s, self.longest_pause_s, self.steady_s) < 0:
            raise ConfigError("a time is negative; give 0 seconds or more")
        if self.most_failures < 1:
            raise ConfigError(f"most_failures is {self.most_failures}; give 1 or more")

    def pause_s(self, *, failures: int) -> float:
        """How long to wait before the next try, after so many that failed at once."""
        return min(self.first_pause_s * 2.0 ** max(failures - 1, 0), self.longest_pause_s)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is run.

    Args:
        name: of it, and of its file of output. command: program and arguments. output: file that what it
            prints is appended to. environment: variables beside those of this process.

    Example:
        >>> Part(name="updater", command=("true",), output=Path("updater.log")).environment
        {}
    """

    name: str
    command: Sequence[str]
    output: str | Path
    environment: Mapping[str, str] = field(default_factory=dict)


class PartRun:
    """A part's process, and how often it had to be started again.

    Times are given by whoever looks, seconds of a clock that no one sets.

    Args:
        part: what is run. config: when it is started again.

    Raises:
        ResultError: (from ``start`` and ``look``) it cannot be started, or failed at once too often.

    Example:
        >>> import sys, tempfile, time
        >>> output = Path(tempfile.mkdtemp()) / "part.log"
        >>> run = PartRun(Part(name="sleeper", command=(sys.executable, "-c", "input()"), output=output))
        >>> run.start(0.0); run.up, run.restarts
        (True, 0)
        >>> run.stop(grace_s=10.0), run.up
        (-15, False)
    """

    def __init__(self, part: Part, *, config: PartConfig | None = None) -> None:
        self.part, self.config = part, config or PartConfig()
        self.restarts = 0
        self._output = Path(part.output)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._failures = 0
        self._due_s: float | None = None  # when it is started again; None: it runs, or was not started

    @property
    def up(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of its process, while it runs."""
        return self._process.pid if self._process is not None and self.up else None

    def start(self, now_s: float) -> None:
        """Start it; in a session of its own, so that Ctrl-C reaches only who stops it in order."""
        with (
            system_errors_as(ResultError, f"{self.part.name} cannot be started", remedy="mend that"),
            self._output.open("ab") as output,
        ):
            self._process = subprocess.Popen(
                self.part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.part.environment},
                start_new_session=True,
            )
        self._started_s, self._due_s = now_s, None

    def look(self, now_s: float) -> bool:
        """Start it again where it ended and its pause is over; whether it was."""
        if self._process is None or self.up:
            return False
        if self._due_s is None:
            self._failures = self._failures + 1 if now_s - self._started_s < self.config.steady_s else 0
            if self._failures >= self.config.most_failures:
                raise ResultError(
                    f"{self.part.name} ended at once {self._failures} times in a row, the last time with "
                    f"status {self._process.returncode}; mend what {self.part.output} says:\n"
                    f"{self.last_lines()}"
                )
            self._due_s = now_s + self.config.pause_s(failures=self._failures)
        if now_s < self._due_s:
            return False
        self.start(now_s)
        self.restarts += 1
        return True

    def terminate(self) -> None:
        """Send SIGTERM, if it runs."""
        self._send(signal.SIGTERM)

    def stop(self, *, grace_s: float) -> int | None:
        """SIGTERM, and SIGKILL where it has not ended after ``grace_s`` seconds; its status."""
        if self._process is None:
            return None
        self.terminate()
        try:
            status = self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._send(signal.SIGKILL)
            status = self._process.wait()
        self._process = None
        return status

    def last_lines(self) -> str:
        """What it printed last."""
        try:
            with self._output.open("rb") as output:
                output.seek(max(self._output.stat().st_size - _LAST_BYTES, 0))
                lines = output.read().decode(errors="replace").splitlines()
        except OSError as error:
            return f"({error})"
        return "\n".join(lines[-_LAST_LINES:])

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):  # ended this moment
                self._process.send_signal(number)
