"""Where a closed loop keeps what it made, and what time it was when it stopped."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow.parquet as pq

from interestclock.closed_loop.config import LoopConfig
from interestclock.closed_loop.loop_log import LoopLog, loop_log
from interestclock.closed_loop.loop_users import LogBefore, LoopUsers
from interestclock.closed_loop.simulated_users import SimulatedUsers
from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.files import write_text
from interestclock.locks import lock
from interestclock.saved import made_of, read_object
from interestclock.timeofday import TimeSource, write_clock

__all__ = ["LoopFolder"]

_CONFIG, _STOPPED, _LOCK = "loop.json", "stopped.json", "loop.lock"
_REMEDY = "bring it back from a copy, or begin anew in another folder"


class LoopFolder:
    """The folder of a closed loop; one process has it at a time.

    ::

        folder/loop.json     what the loop is set to
        folder/clock.json    what time it is, for all parts, while it runs
        folder/stopped.json  what time it was when it was last seen running
        folder/archive/      the log before the first user; of a replayed log also what comes behind it
        folder/log/          the embedded log that the service appends to, where no broker has it
        folder/store/        of the updater
        folder/trainer/      of the trainer, with the snapshots
        folder/output/       what each part printed

    Args:
        folder: made if needed. config: of a new folder; of one that is there it has to be the same.
        users: who come; simulated ones unless given.

    Raises:
        ConfigError: the folder's loop is set to something else.
        ResultError: it holds something else, is damaged, cannot be written, or another process runs in it.

    Example:
        >>> import tempfile
        >>> config = LoopConfig(size="tiny", days_before=1, requests_per_day=20)
        >>> with LoopFolder(Path(tempfile.mkdtemp()) / "loop", config=config) as folder:
        ...     folder.write_archive() > 0, folder.begin_clock().at_ms(wall_ms=0) < config.start_ms
        (True, True)
    """

    def __init__(self, folder: str | Path, *, config: LoopConfig, users: LoopUsers | None = None) -> None:
        self.path, self.config = Path(folder), config
        self.users: LoopUsers = users or SimulatedUsers(config)
        self._log = loop_log(config.broker, self.path / "log")
        with system_errors_as(ResultError, f"{self.path}: cannot be used", remedy="name another folder"):
            if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / _CONFIG).exists():
                raise ResultError(f"{self.path} holds no closed loop; name a new folder or empty it")
            self.output.mkdir(parents=True, exist_ok=True)
            self._lock = lock(
                self.path / _LOCK, taken=f"{self.path}: a closed loop runs in it", remedy="stop that first"
            )
        try:
            self._claim()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def archive(self) -> Path:
        """The log before."""
        return self.path / "archive"

    @property
    def log(self) -> LoopLog:
        """What the service appends to: in the folder, or a broker's."""
        return self._log

    @property
    def store(self) -> Path:
        """Of the updater."""
        return self.path / "store"

    @property
    def trainer(self) -> Path:
        """Of the trainer."""
        return self.path / "trainer"

    @property
    def snapshots(self) -> Path:
        """That the service follows."""
        return self.trainer / "snapshots"

    @property
    def clock(self) -> Path:
        """The file that says what time it is."""
        return self.path / "clock.json"

    @property
    def output(self) -> Path:
        """What parts printed."""
        return self.path / "output"

    def write_archive(self) -> int:
        """Have the log before, where it is not there yet; how many exposures it has."""
        if not self.archive.exists():
            self.users.write_archive(self.archive)
        files = sorted((self.archive / "events").glob("*.parquet"))
        return sum(pq.read_metadata(each).num_rows for each in files)

    def make_log(self) -> None:
        """Have the log there; a broker's has to be empty as a loop begins, since its messages are counted.

        Raises:
            ResultError: it is not, or the broker is away.
        """
        self.log.make()
        if not self.store.exists() and (there := self.log.messages()):
            raise ResultError(
                f"{self.log.address} has {there:,} messages of something else; give one that has none yet"
            )

    @property
    def before(self) -> LogBefore:
        """Of the log before, once it is written."""
        return self.users.log_before(self.archive)

    @property
    def at_ms(self) -> int:
        """What time it was when the loop was last seen running, or where the log before ends."""
        return max(self.before.start_ms, self._stopped_ms() or 0)

    @property
    def has_begun(self) -> bool:
        """Whether the loop's time ever passed the end of the log before."""
        stopped_ms = self._stopped_ms()
        return stopped_ms is not None and stopped_ms >= self.before.start_ms

    def begin_clock(self, *, at_ms: int | None = None) -> TimeSource:
        """The loop's clock from now on.

        Args:
            at_ms: what it shows now, UTC milliseconds; None: it goes on where it stopped, or begins where the
                log before ends.
        """
        start_ms = self.at_ms if at_ms is None else at_ms
        clock = TimeSource(start_ms=start_ms, left_ms=TimeSource().now_ms(), factor=self.config.speed_up)
        write_clock(self.clock, clock)
        return clock

    @property
    def visits_until_ms(self) -> int:
        """All who come before that moment came, UTC milliseconds; nobody did before the log before ends."""
        return max(self.before.start_ms, self._stopped_ms("visits_until_ms") or 0)

    def note_time(self, at_ms: int, *, visits_until_ms: int) -> None:
        """It is so late; a loop that is started again goes on from there.

        Args:
            visits_until_ms: all who come before that moment came.
        """
        noted = {"at_ms": at_ms, "visits_until_ms": visits_until_ms}
        with suppress(OSError):  # of a full disk a part says more
            write_text(self.path / _STOPPED, json.dumps(noted) + "\n", force_name=False)

    def _stopped_ms(self, name: str = "at_ms") -> int | None:
        stopped = self.path / _STOPPED
        if not stopped.exists():
            return None
        noted = read_object(stopped, remedy=_REMEDY)
        found = noted.get(name, noted.get("at_ms"))  # an older version noted that alone
        if not isinstance(found, int):
            raise ResultError(f"{stopped}: {name} is {found!r}, no time; {_REMEDY}")
        return found

    def _claim(self) -> None:
        file = self.path / _CONFIG
        if not file.exists():
            write_text(file, json.dumps(asdict(self.config)) + "\n")
            return
        there = made_of(LoopConfig, read_object(file, remedy=_REMEDY), where=str(file), remedy=_REMEDY)
        for name, value in asdict(there).items():
            if (given := getattr(self.config, name)) != value:
                raise ConfigError(
                    f"{self.path} is a loop with {name} {value}, not {given}; give the same, or begin anew "
                    "in another folder"
                )
