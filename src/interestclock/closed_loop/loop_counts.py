"""Events counted where they are made and where they end: what was sent, admitted and learned has to agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from interestclock.closed_loop.user_counts import UserNumbers

__all__ = ["ComparedCount", "LoopCounts"]

_OUTCOME = "events_by_outcome_total{outcome="
_EXPECTED = ("exposures", "labels_joined", "served", "learned", "duplicates")


@dataclass(frozen=True, kw_only=True)
class ComparedCount:
    """The same events, counted twice.

    Args:
        what: they are. first, second: who counted them. counts: how many each has.

    Example:
        >>> print(ComparedCount(what="labels", first="acknowledged", second="joined", counts=(9, 7)))
        labels: 9 acknowledged, 7 joined: 2 fewer
    """

    what: str
    first: str
    second: str
    counts: tuple[int, int]

    @property
    def equal(self) -> bool:
        """Whether they are."""
        return self.counts[0] == self.counts[1]

    def __str__(self) -> str:
        apart = self.counts[1] - self.counts[0]
        verdict = "equal" if not apart else f"{abs(apart):,} {'more' if apart > 0 else 'fewer'}"
        return f"{self.what}: {self.counts[0]:,} {self.first}, {self.counts[1]:,} {self.second}: {verdict}"


@dataclass(frozen=True, kw_only=True)
class LoopCounts:
    """All counts of a loop at one moment.

    Args:
        users: what they sent, in this run. log: messages that the log ever had. archive: rows of the log
            before. updater, trainer: their metrics. before: the updater's, as this run's users began.
        due: exposures that a replayed log has of the time in which its users came; None of others.

    Example:
        >>> before = {"events_total": 100.0, "events_by_outcome_total{outcome=exposures}": 100.0}
        >>> now = {"events_total": 105.0, "events_by_outcome_total{outcome=exposures}": 104.0}
        >>> learned = {"events_total": 105.0, "events_by_outcome_total{outcome=learned}": 104.0}
        >>> users = UserNumbers(exposures=4, exposures_acknowledged=4)
        >>> counts = LoopCounts(
        ...     users=users, log=5, archive=100, updater=now, trainer=learned, before=before)
        >>> counts.equal, str(counts.compared()[0])
        (True, 'exposures: 4 acknowledged, 4 in features: equal')
    """

    users: UserNumbers
    log: int
    archive: int
    updater: Mapping[str, float]
    trainer: Mapping[str, float]
    before: Mapping[str, float]
    due: int | None = None

    @property
    def equal(self) -> bool:
        """Whether each pair agrees, of a run in which something was done."""
        return self.users.exposures > 0 and all(each.equal for each in self.compared())

    def compared(self) -> list[ComparedCount]:
        """Each count beside what it has to be."""
        return list(self._compared())

    def set_aside(self) -> dict[str, int]:
        """What became of messages of this run that are neither used nor of no matter."""
        return {
            name.removeprefix(_OUTCOME).rstrip("}"): count
            for name in self.updater
            if name.startswith(_OUTCOME)
            and name.removeprefix(_OUTCOME).rstrip("}") not in _EXPECTED
            and (count := self._since(name))
        }

    def repeated(self) -> int:
        """Messages that came again, and count once."""
        return self._since(f"{_OUTCOME}duplicates}}")

    def _compared(self) -> Iterator[ComparedCount]:
        users, updater, trainer = self.users, self.updater, self.trainer
        if self.due is not None:
            yield ComparedCount(
                what="exposures",
                first="in the replayed log",
                second="acknowledged",
                counts=(self.due, users.exposures_acknowledged),
            )
        yield ComparedCount(
            what="exposures",
            first="acknowledged",
            second="in features",
            counts=(users.exposures_acknowledged, self._since(f"{_OUTCOME}exposures}}")),
        )
        yield ComparedCount(
            what="labels",
            first="acknowledged",
            second="joined",
            counts=(users.labels_acknowledged, self._since(f"{_OUTCOME}labels_joined}}")),
        )
        yield ComparedCount(
            what="messages",
            first="in the log",
            second="admitted",
            counts=(self.log, int(updater.get("events_total", 0)) - self.archive),
        )
        yield ComparedCount(
            what="messages",
            first="admitted",
            second="seen by the trainer",
            counts=(int(updater.get("events_total", 0)), int(trainer.get("events_total", 0))),
        )
        unscored = int(trainer.get(f"{_OUTCOME}unscored}}", 0))  # of choices: nobody made them before
        yield ComparedCount(
            what="exposures",
            first="in features since the log before",
            second="learned or not scored" if unscored else "learned",
            counts=(
                int(updater.get(f"{_OUTCOME}exposures}}", 0)),
                int(trainer.get(f"{_OUTCOME}learned}}", 0)) + unscored,
            ),
        )

    def _since(self, name: str) -> int:
        return int(self.updater.get(name, 0) - self.before.get(name, 0))
