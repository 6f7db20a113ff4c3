"""What a closed loop is set to."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.closed_loop.loop_log import check_broker
from interestclock.errors import ConfigError, check_numbers
from interestclock.simulator import START_MS, SimulatorSize, SimulatorTruth, World, build_world, size_named
from interestclock.timeofday import DAY_MS

__all__ = ["LoopConfig"]

_LEAST_LATENESS_MINUTES = 1.0
_SNAPSHOT_EVERY_S = 10.0  # by the clock on the wall, as far as that is more than half an hour of the loop's
_LEAST_SNAPSHOT_MINUTES = 30.0


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """Who uses the simulated service, how much, and how fast its time goes.

    Args:
        size: of the world: users and songs, by the simulator's name. seed: of the world.
        days_before: days of a log that are learned before the first user comes.
        requests_per_day: of all users, on average. candidates: of a request. shown: the best so many are.
        speed_up: how many times as fast as the wall's the loop's clock runs.
        outage_seconds: how long the service may be away, by the clock on the wall, without an event coming
            late: lateness is as long in the loop's time.
        ranker: that is trained.
        broker: address of the stream or topic in the middle, ``redis://HOST:PORT/STREAM`` or
            ``kafka://HOST:PORT/TOPIC``; None is an embedded log in the loop's folder.
        replayed: digest of the log whose users come, with its names; None: simulated ones come, and only of
            them ``size``, ``requests_per_day``, ``candidates`` and ``shown`` are.

    Raises:
        ConfigError: one of them cannot be.

    Example:
        >>> LoopConfig(speed_up=720).lateness_minutes
        240.0
        >>> LoopConfig(shown=99)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: shown is 99, of 50 candidates; give 1 to 50
    """

    size: str = "small"
    seed: int = 0
    days_before: int = 7
    requests_per_day: float = 2_000.0
    candidates: int = 50
    shown: int = 4
    speed_up: float = 1.0
    outage_seconds: float = 20.0
    ranker: str = "gaussian+longterm"
    broker: str | None = None
    replayed: str | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        size_named(self.size)
        if self.speed_up <= 0:
            raise ConfigError(f"speed_up is {self.speed_up}; give a number above 0, for example 720")
        if self.days_before < 1:
            raise ConfigError(f"days_before is {self.days_before}; give 1 day or more to learn from")
        if self.requests_per_day <= 0:
            raise ConfigError(f"requests_per_day is {self.requests_per_day}; give a number above 0")
        if not 1 <= self.shown <= self.candidates:
            raise ConfigError(
                f"shown is {self.shown}, of {self.candidates} candidates; give 1 to {self.candidates}"
            )
        if self.broker is not None:
            check_broker(self.broker)
        if self.outage_seconds <= 0:
            raise ConfigError(f"outage_seconds is {self.outage_seconds}; give a number above 0")

    @property
    def start_ms(self) -> int:
        """Where the log before ends and the loop's clock begins, UTC milliseconds."""
        return START_MS + self.days_before * DAY_MS

    @property
    def lateness_minutes(self) -> float:
        """Of the loop's time."""
        return max(self.outage_seconds * self.speed_up / 60, _LEAST_LATENESS_MINUTES)

    @property
    def snapshot_minutes(self) -> float:
        """Of the loop's time, between snapshots."""
        return max(_SNAPSHOT_EVERY_S * self.speed_up / 60, _LEAST_SNAPSHOT_MINUTES)

    def simulator_size(self) -> SimulatorSize:
        """Of the log before."""
        named = size_named(self.size)
        return SimulatorSize(
            users=named.users,
            items=named.items,
            days=self.days_before,
            exposures_per_day=self.requests_per_day * self.truth().candidates,
        )

    def truth(self) -> SimulatorTruth:
        """How users are."""
        return SimulatorTruth()

    def world(self) -> World:
        """Songs and users."""
        return build_world(size=self.simulator_size(), truth=self.truth(), seed=self.seed)
