"""The whole loop: users, service, log, updater, trainer, snapshots, and the service again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from interestclock.client import Client, ServiceError
from interestclock.closed_loop.callers import Callers
from interestclock.closed_loop.log_span import check_span
from interestclock.closed_loop.loop_counts import LoopCounts
from interestclock.closed_loop.loop_folder import LoopFolder
from interestclock.closed_loop.loop_numbers import LoopNumbers, PartNumbers, resident_bytes
from interestclock.closed_loop.part import Part
from interestclock.closed_loop.parts import LoopPorts, free_port, loop_parts
from interestclock.closed_loop.supervisor import Supervisor
from interestclock.closed_loop.user_counts import UserNumbers
from interestclock.errors import ResultError
from interestclock.operations import read_metrics
from interestclock.timeofday import DAY_MS, TimeSource

__all__ = ["ClosedLoop"]

_LOOK_EVERY_S = 0.5
_CALLERS = 8
_LONG_BEFORE_MS = 365 * DAY_MS  # of the loop's time: the log before is learned meanwhile
_STARTING_S = 30.0  # by the clock on the wall
Report = Callable[[LoopNumbers], None]


class ClosedLoop:
    """Runs a loop in a folder until it is stopped, or for some days of its own time.

    The log before is admitted and learned first; the service is started with the first snapshot, and users
    come once the trainer is through with that log. In the end no more users come, what they did is waited
    for until it is learned, and the counts of both ends are compared. ``stopping`` ends it so.

    Args:
        folder: of the loop. port: of the service; 0 is any that is free. token: that the service wants.
        settle_seconds: how long the end is waited for, by the clock on the wall.

    Raises:
        ResultError: (from ``run``) a part fails again and again.
        ConfigError: (from ``run``) nothing of the log before could be learned before the users of a log come.

    Example: see ``docs/closed-loop.md``; ``tests/closed_loop/test_closed_loop.py`` runs one.
    """

    def __init__(
        self, folder: LoopFolder, *, port: int = 0, token: str | None = None, settle_seconds: float = 300.0
    ) -> None:
        self.folder, self.stopping, self.under_way = folder, False, False
        self.ports = LoopPorts(service=port or free_port(), updater=free_port(), trainer=free_port())
        self.address = f"http://127.0.0.1:{self.ports.service}"
        self.supervisor = Supervisor()
        self.at_begin: tuple[PartNumbers, ...] = ()  # parts as the users began, and as they had ended
        self.at_end: tuple[PartNumbers, ...] = ()
        self.days = 0.0  # of the loop's time, that users came
        self.seconds = 0.0  # likewise, by the clock on the wall
        self.unanswered_because: str | None = None
        self.left_out: int | None = None  # rows of a replayed log between where users stopped and went on
        self._settle_s = settle_seconds
        self._doing, self._clock = "simulating the log before", TimeSource()
        self._users: Callers | None = None
        self._from_ms: int | None = None  # since when users come
        self._visits_until_ms = 0  # until when they came in a run before
        self._client = Client(self.address, token=token)

    def run(self, *, days: float | None = None, report: Report = lambda _: None) -> LoopCounts | None:
        """Run it; the counts of both ends, or None where it was stopped before the first user came.

        Args:
            days: of the loop's time, from the first user on; None: until ``stopping`` is set.
            report: is given how it is doing, twice a second.
        """
        archive, self._report = self.folder.write_archive(), report
        self.folder.make_log()
        patient, self.under_way = self.folder.users.patient, True
        with self._client, self.supervisor:
            if not self._started(archive):
                return None
            before = self._metrics("updater")
            with Callers(self._client, clock=self._clock, callers=_CALLERS, patient=patient) as users:
                self._users = users
                self.at_begin = self._parts()
                self._let_come(users, days=days)
                self._doing = "waiting until all is learned"
                counts = self._settled(users, archive=archive, before=before)
                self.at_end, self.unanswered_because = self._parts(), users.unanswered_because
        return counts

    def _started(self, archive: int) -> bool:
        """Start the parts, each when it has what it needs; False where it is to stop."""
        folder, parts = self.folder, loop_parts(self.folder, self.ports)
        first = folder.users.patient and not folder.has_begun
        if first:
            check_span(folder.config, folder.before)
        self._from_ms = folder.at_ms if first else None
        self._visits_until_ms = folder.visits_until_ms
        self._clock = folder.begin_clock(at_ms=folder.at_ms - _LONG_BEFORE_MS if first else None)
        self._doing = "admitting the log before"
        self.supervisor.start(parts["updater"])
        if not self._until((folder.store / "config.json").exists):
            return False
        self._doing = "learning the log before"
        self.supervisor.start(parts["trainer"])
        if not self._until(self._has_snapshot):
            return False
        if first:
            if not self._until(lambda: self._caught_up(archive)):
                return False
            self._set_clock_to_begin(parts["updater"])
        self.supervisor.start(parts["service"])
        return self._until(lambda: self._caught_up(archive) and self._answers())

    def _set_clock_to_begin(self, updater: Part) -> None:
        """All is learned: the clock comes to the end of the log before when the last parts are up, too."""
        self.supervisor.stop(updater.name)
        head_ms = round(_STARTING_S * 1_000 * self.folder.config.speed_up)
        self._clock = self.folder.begin_clock(at_ms=self.folder.at_ms - head_ms)
        self.supervisor.start(updater)

    def _let_come(self, users: Callers, *, days: float | None) -> None:
        folder = self.folder
        self._from_ms = from_ms = self._clock.now_ms() if self._from_ms is None else self._from_ms
        until_ms = None if days is None else from_ms + round(days * DAY_MS)
        self.left_out = folder.users.due(folder.archive, from_ms=self._visits_until_ms, until_ms=from_ms)
        visits = folder.users.visits(folder.archive, from_ms=from_ms)
        self._doing, began_s = "running", time.monotonic()
        coming = threading.Thread(
            target=users.come, args=(visits,), kwargs={"until_ms": until_ms}, name="users", daemon=True
        )
        coming.start()
        try:
            self._until(lambda: not coming.is_alive())
        finally:
            users.stop()
            coming.join()
        self.days = (self._clock.now_ms() - from_ms) / DAY_MS
        self.seconds = time.monotonic() - began_s

    def _settled(self, users: Callers, *, archive: int, before: Mapping[str, float]) -> LoopCounts:
        """Wait until both ends agree, or for too long."""
        until_s, self.stopping = time.monotonic() + self._settle_s, False
        folder, from_ms = self.folder, self._from_ms or 0
        due = folder.users.due(folder.archive, from_ms=from_ms, until_ms=users.reached_ms)
        while True:
            counts = LoopCounts(
                users=users.counts.numbers(),
                log=self._logged(),
                archive=archive,
                updater=self._metrics("updater"),
                trainer=self._metrics("trainer"),
                before=before,
                due=due,
            )
            if (not users.unsettled and counts.equal) or time.monotonic() > until_s or self.stopping:
                return counts
            self._look()

    def _until(self, holds: Callable[[], bool]) -> bool:
        """Look at all until something holds; False where the loop is to stop before."""
        while not self.stopping:
            if holds():
                return True
            self._look()
        return False

    def _look(self) -> None:
        self.supervisor.check()
        now_ms, visits_until_ms = self._clock.now_ms(), self._visits_until_ms
        if self._users is not None:
            visits_until_ms = min(now_ms, self._users.reached_ms)  # where they stopped, once they did
        self.folder.note_time(now_ms, visits_until_ms=visits_until_ms)
        self._report(self.numbers())
        time.sleep(_LOOK_EVERY_S)

    def numbers(self) -> LoopNumbers:
        """How it is doing."""
        return LoopNumbers(
            doing=self._doing,
            at_ms=self._clock.now_ms(),
            speed_up=self._clock.factor,
            parts=self._parts(),
            users=UserNumbers() if self._users is None else self._users.counts.numbers(),
            updater=self._metrics("updater"),
            trainer=self._metrics("trainer"),
            version=None if self._users is None else self._users.version,
        )

    def _parts(self) -> tuple[PartNumbers, ...]:
        return tuple(
            PartNumbers(
                name=run.part.name,
                up=run.up,
                restarts=run.restarts,
                resident_bytes=resident_bytes(run.pid),
            )
            for run in self.supervisor.runs
        )

    def _metrics(self, part: str) -> dict[str, float]:
        """A part's metrics; none while it is away."""
        try:
            return read_metrics(self.ports.metrics(part))
        except ResultError:
            return {}

    def _logged(self) -> int:
        """Messages that the log ever had; none while a broker does not say."""
        try:
            return self.folder.log.messages()
        except ResultError:
            return 0

    def _has_snapshot(self) -> bool:
        return any(self.folder.snapshots.glob("*-full"))

    def _caught_up(self, archive: int) -> bool:
        """Whether all that the log has by now is admitted and seen by the trainer."""
        there = archive + self._logged()
        return all(self._metrics(each).get("events_total") == there for each in ("updater", "trainer"))

    def _answers(self) -> bool:
        try:
            return bool(self._client.model().rankers)
        except ServiceError:
            return False
