"""What a feature updater is set to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from interestclock.admission import AdmissionConfig
from interestclock.clock_features import ClockFeatureConfig
from interestclock.defaults import ALL_TIME_DAYS, CHECKPOINT_MESSAGES, IDLE_SECONDS, KEEP_HOURS, POLL_MESSAGES
from interestclock.errors import ConfigError, check_numbers
from interestclock.state import StateConfig
from interestclock.timeofday import DAY_SECONDS

__all__ = ["UpdaterConfig"]

_OPERATIONS = ("checkpoint_messages", "checkpoints_kept", "poll_messages", "idle_seconds")


@dataclass(frozen=True, kw_only=True)
class UpdaterConfig:
    """How a feature updater admits, what it keeps, and how often it writes its own state down.

    The first six are a trainer's (``LiveConfig``): features are equal where these are.

    Args:
        admission: how long the stream waits for what comes late.
        clocks: how Eq. 3 counts. longest: behaviours kept per user, the newest.
        keep_hours: how far behind the watermark and its waits features can be read.
        forget_users_after_days, most_state_users: when users leave, at midnight (UTC); None is never.
        checkpoint_messages: between checkpoints; as many are admitted once more after a kill. An entry
            without messages, of a quiet stream, counts as one. checkpoints_kept: the newest so many.
        poll_messages: messages taken from the source at a time, at most.
        idle_seconds: a partition that is silent for so long is not waited for.

    Raises:
        ConfigError: a value is out of its range.

    Example:
        >>> UpdaterConfig(admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=0)).state().waits_ms
        60000
    """

    admission: AdmissionConfig = field(default_factory=AdmissionConfig)
    clocks: ClockFeatureConfig = field(default_factory=ClockFeatureConfig)
    longest: int = 10_000
    keep_hours: float = KEEP_HOURS
    forget_users_after_days: float | None = 90.0
    most_state_users: int | None = None
    checkpoint_messages: int = CHECKPOINT_MESSAGES
    checkpoints_kept: int = 2
    poll_messages: int = POLL_MESSAGES
    idle_seconds: float = IDLE_SECONDS

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("longest", "checkpoint_messages", "checkpoints_kept", "poll_messages"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} is {value}; give a whole number, 1 or more")
        if not 0 < self.idle_seconds <= ALL_TIME_DAYS * DAY_SECONDS:
            raise ConfigError(
                f"idle_seconds is {self.idle_seconds}; give seconds above 0, for example 1, up to 300 years"
            )
        self.state()

    def state(self) -> StateConfig:
        """What the feature state keeps, and so the store."""
        return StateConfig(
            clocks=self.clocks,
            longest=self.longest,
            waits_ms=self.admission.lateness_ms + self.admission.label_wait_ms,
            keep_hours=self.keep_hours,
            forget_after_days=self.forget_users_after_days,
            most_users=self.most_state_users,
        )

    def made_from(self) -> dict[str, Any]:
        """What decides what is in the store, for JSON: all but how often something is done."""
        return {name: value for name, value in asdict(self).items() if name not in _OPERATIONS}
