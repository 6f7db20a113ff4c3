"""What a live trainer is set to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from interestclock.admission import AdmissionConfig
from interestclock.clock_features import ClockFeatureConfig
from interestclock.defaults import ALL_TIME_DAYS, BATCH_MINUTES, IDLE_SECONDS, KEEP_HOURS, OWN_PASTS
from interestclock.embeddings import IdPolicy
from interestclock.errors import ConfigError, check_names, check_numbers
from interestclock.events.schema import LogSchema
from interestclock.ranking import RankerConfig, describe_clock, without_earlier_settings
from interestclock.samples import CandidateConfig
from interestclock.samples.request_records import check_share
from interestclock.state import StateConfig
from interestclock.timeofday import DAY_MS, DAY_SECONDS, HOUR_MS, MINUTE_MS
from interestclock.training.config import TrainConfig

__all__ = ["LiveConfig"]

_DAY_HOURS = 24
_OPERATIONS = (
    "checkpoint_minutes",
    "checkpoints_kept",
    "snapshot_minutes",
    "full_snapshot_hours",
    "poll_messages",
    "idle_seconds",
    "sample_requests",
)


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """Ranker, waits, tables and schedules of a live trainer. All schedules are in event time.

    Args:
        ranker: what is trained. train: batches, step size, order, seed, device, threads.
        admission: how long the stream waits for what comes late.
        clocks: how Eq. 3 counts. longest: behaviours kept per user, the newest.
        keep_hours: how far behind the watermark and its waits features can be read.
        forget_users_after_days, most_state_users: when users leave the state, at midnight (UTC): not seen
            for so long, or not seen for longest where there are more; None is never. Items leave with the
            last history that names them, once they were not seen for as long.
        users, items, contexts: when ids of these kinds earn rows of the embedding table, and lose them.
            (Attribute values are few, get their rows at once, and keep them.)
        candidates: drawn beside each choice of a log of choices.
        batch_minutes: for how long a batch is filled, at most, in the stream's own time.
        missing_labels: labels that count as missing, not as 0, when they have not come within the wait.
        clocks_of_day: read the clocks as of the start of the UTC day rather than as of now.
        checkpoint_minutes: between checkpoints. checkpoints_kept: the newest so many.
        snapshot_minutes, full_snapshot_hours: between deltas, and between whole snapshots.
        poll_messages: messages taken from the source at a time, at most.
        idle_seconds: a partition of a stream that is silent for so long is not waited for; where all are, the
            stream goes on by the clock.
        sample_requests: the share of requests whose features are kept as they were predicted from, to be
            compared with those that were served.

    Raises:
        ConfigError: a value is out of its range, ids could leave while their labels are awaited, or fewer
            behaviours are kept than the ranker reads.

    Example:
        >>> LiveConfig().checkpoint_minutes
        60.0
    """

    ranker: RankerConfig = field(default_factory=RankerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    admission: AdmissionConfig = field(default_factory=AdmissionConfig)
    clocks: ClockFeatureConfig = field(default_factory=ClockFeatureConfig)
    longest: int = 10_000
    keep_hours: float = KEEP_HOURS
    forget_users_after_days: float | None = 90.0
    most_state_users: int | None = None
    users: IdPolicy = field(default_factory=lambda: IdPolicy(unused_days=90))
    items: IdPolicy = field(default_factory=lambda: IdPolicy(unused_days=90))
    contexts: IdPolicy = field(default_factory=lambda: IdPolicy(unused_days=90))
    missing_labels: tuple[str, ...] = ()
    clocks_of_day: bool = False
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    batch_minutes: float = BATCH_MINUTES
    checkpoint_minutes: float = 60.0
    checkpoints_kept: int = 3
    snapshot_minutes: float = 60.0
    full_snapshot_hours: float = 24.0
    poll_messages: int = 1_024
    idle_seconds: float = IDLE_SECONDS
    sample_requests: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self)
        check_names("missing_labels", self.missing_labels)
        for name in ("longest", "checkpoints_kept", "poll_messages"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} is {value}; give 1 or more")
        for name in ("checkpoint_minutes", "snapshot_minutes", "full_snapshot_hours"):
            unit_ms = HOUR_MS if name.endswith("hours") else MINUTE_MS
            if not 1 <= getattr(self, name) * unit_ms <= ALL_TIME_DAYS * DAY_MS:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}; give a time of a millisecond or more, up to 300 years"
                )
        if not 0 < self.idle_seconds <= ALL_TIME_DAYS * DAY_SECONDS:
            raise ConfigError(
                f"idle_seconds is {self.idle_seconds}; give seconds above 0, for example 1, up to 300 years"
            )
        if not 0 <= self.batch_minutes <= self.keep_hours * 60:
            raise ConfigError(
                f"a batch is filled for {self.batch_minutes:g} minutes, but features are kept for "
                f"{self.keep_hours:g} hours: give batch_minutes from 0 on, and keep_hours to match"
            )
        check_share("sample_requests", self.sample_requests)
        self._check_policies()
        self._check_ranker()
        self.state()

    @property
    def batch_ms(self) -> int:
        """For how long a batch is filled, milliseconds."""
        return round(self.batch_minutes * MINUTE_MS)

    @property
    def waits_ms(self) -> int:
        """How long events and labels that come late are waited for, in all, milliseconds."""
        return self.admission.lateness_ms + self.admission.label_wait_ms

    def state(self) -> StateConfig:
        """What the feature state keeps; clocks as of the day's start look back a day more, and so do batches
        that wait for a day's end."""
        return StateConfig(
            clocks=self.clocks,
            longest=self.longest,
            waits_ms=self.waits_ms,
            keep_hours=self.keep_hours + _DAY_HOURS * (self.clocks_of_day + self._learns_by_day),
            forget_after_days=self.forget_users_after_days,
            most_users=self.most_state_users,
        )

    def check_for(self, schema: LogSchema) -> None:
        """Refuse what does not go with a log, or with where a live trainer runs.

        Raises:
            ConfigError: a label that may be missing is none of the log's, or the device is not the CPU.
        """
        strange = [name for name in self.missing_labels if name not in schema.labels]
        if strange:
            raise ConfigError(f"no label '{strange[0]}' in this log; it has {', '.join(schema.labels)}")
        if self.train.device != "cpu":
            raise ConfigError(f"a live trainer runs on the CPU, not on '{self.train.device}'; leave it out")

    def learned_from(self) -> dict[str, Any]:
        """What decides what is learned, for JSON: all but schedules, and what is reported on the way."""
        settings = {name: value for name, value in asdict(self).items() if name not in _OPERATIONS}
        settings["ranker"]["clocks"] = [
            without_earlier_settings(describe_clock(each)) for each in self.ranker.clocks
        ]
        if self.ranker.joined_limit is None:
            del settings["ranker"]["rms_limit"]  # without effect; folders of earlier versions do not name it
        if self.candidates.own_past == OWN_PASTS[0]:
            del settings["candidates"]["own_past"]  # likewise: all that there was
        return settings

    @property
    def _learns_by_day(self) -> bool:
        return self.train.order == "daily-shuffled"

    def _check_policies(self) -> None:
        waits_days = self.waits_ms / DAY_MS + self._learns_by_day
        for name in ("users", "items", "contexts"):
            unused_days = getattr(self, name).unused_days
            if unused_days is not None and unused_days <= waits_days:
                raise ConfigError(
                    f"{name} leave after {unused_days} days unused, but their labels are awaited for "
                    f"{waits_days:.3g}; give more days"
                )

    def _check_ranker(self) -> None:
        most = self.ranker.reads_behaviours
        if self.longest < most:
            raise ConfigError(
                f"longest is {self.longest}, but the ranker reads {most} behaviours; keep as many"
            )
