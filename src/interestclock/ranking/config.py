"""What a ranker is built from: the log's features, its sizes, its clocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from interestclock.clocks import LongTermConfig
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.sequences import DinConfig, SimHardConfig, SimSoftConfig, TwinConfig

__all__ = [
    "AdaptiveConfig",
    "ClockConfig",
    "FeatureNames",
    "GaussianConfig",
    "NaiveConfig",
    "RankerConfig",
    "TimeEncodingConfig",
]


@dataclass(frozen=True, kw_only=True)
class TimeEncodingConfig:
    """Hour Embedding: the current hour and weekday.

    Example:
        >>> RankerConfig(clocks=(TimeEncodingConfig(),)).needs_clocks
        False
    """

    kind: ClassVar[str] = "hour"
    reads_preferences: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class NaiveConfig:
    """Naive Clock: the current hour's interests.

    Example:
        >>> RankerConfig(clocks=(NaiveConfig(),)).needs_clocks
        True
    """

    kind: ClassVar[str] = "naive"
    reads_preferences: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class AdaptiveConfig:
    """Adaptive Clock: all hours' interests, weights learned.

    Example:
        >>> RankerConfig(clocks=(AdaptiveConfig(),)).needs_clocks
        True
    """

    kind: ClassVar[str] = "adaptive"
    reads_preferences: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class GaussianConfig:
    """Gaussian Clock: interests blended around now, as ``GaussianClock`` has them.

    Args:
        sigma_hours: width of the Gaussian, in hours. mu_hours: gap of the largest weight, in hours.
        bucket_centre_hours: where a bucket stands after its start, in hours; None is its middle.

    Raises:
        ConfigError: ``sigma_hours`` is not positive, or a number is not finite.

    Example:
        >>> GaussianConfig(sigma_hours=2.0).mu_hours
        0.0
    """

    kind: ClassVar[str] = "gaussian"
    reads_preferences: ClassVar[bool] = True

    sigma_hours: float = 1.0
    mu_hours: float = 0.0
    bucket_centre_hours: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mu_hours) and math.isfinite(self.bucket_centre_hours or 0.0)):
            raise ConfigError(
                f"mu_hours is {self.mu_hours} and bucket_centre_hours {self.bucket_centre_hours}; "
                "give numbers of hours"
            )
        if not 0 < self.sigma_hours < math.inf:
            raise ConfigError(
                f"sigma_hours is {self.sigma_hours}; give a width above 0, for example 1.0 (one hour)"
            )


ClockConfig = (
    TimeEncodingConfig
    | NaiveConfig
    | AdaptiveConfig
    | GaussianConfig
    | LongTermConfig
    | DinConfig
    | SimHardConfig
    | SimSoftConfig
    | TwinConfig
)


@dataclass(frozen=True, kw_only=True)
class FeatureNames:
    """The names a ranker knows its tasks and features by.

    Args:
        tasks: a tower each. attributes, clock_attributes, categorical, multivalued, numeric: as in
            ``LogSchema``. buckets_per_day: hour buckets of the clocks.

    Raises:
        ConfigError: no task, no bucket, or a clock attribute that is no attribute.

    Example:
        >>> FeatureNames(tasks=("finish",), attributes=("genre",)).buckets_per_day
        24
    """

    tasks: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    clock_attributes: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    multivalued: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    buckets_per_day: int = 24

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("a ranker without tasks predicts nothing; name at least one label")
        if self.buckets_per_day < 1:
            raise ConfigError(f"buckets_per_day is {self.buckets_per_day}; give 1 or more, for example 24")
        strange = [name for name in self.clock_attributes if name not in self.attributes]
        if strange:
            has = ", ".join(self.attributes) or "none"
            raise ConfigError(f"clock attribute '{strange[0]}' is no attribute of an item; there are {has}")

    @classmethod
    def of(cls, schema: LogSchema, *, buckets_per_day: int = 24) -> FeatureNames:
        """The features of a log.

        Args:
            schema: the log's names. buckets_per_day: hour buckets of its clocks.
        """
        return cls(
            tasks=schema.labels,
            attributes=schema.attributes,
            clock_attributes=schema.clock_attributes,
            categorical=schema.categorical,
            multivalued=schema.multivalued,
            numeric=schema.numeric,
            buckets_per_day=buckets_per_day,
        )


@dataclass(frozen=True, kw_only=True)
class RankerConfig:
    """Sizes of a ranker and the clocks it carries.

    Args:
        clocks: none is the base model; several stand side by side.
        dim: width of every embedding. std: standard deviation of their first weights.
        recent: how many of the newest behaviours the base model sees, as the mean of their items.
        cross_layers, hidden: of DCN-V2. tower_width: hidden units of each task's tower.

    Raises:
        ConfigError: a size is below 1, or ``std`` is not positive.

    Example:
        >>> RankerConfig(clocks=(GaussianConfig(),)).needs_clocks
        True
    """

    clocks: tuple[ClockConfig, ...] = ()
    dim: int = 16
    std: float = 0.1
    recent: int = 10
    cross_layers: int = 2
    hidden: tuple[int, ...] = (128, 64)
    tower_width: int = 32

    def __post_init__(self) -> None:
        for name in ("dim", "recent", "cross_layers", "tower_width"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give 1 or more")
        if any(width < 1 for width in self.hidden):
            raise ConfigError(f"hidden is {self.hidden}; give widths of 1 or more, for example (128, 64)")
        if self.std <= 0:
            raise ConfigError(f"std is {self.std}; give a deviation above 0, for example 0.25")

    @property
    def needs_clocks(self) -> bool:
        """Whether any clock reads Eq. 3's preferences."""
        return any(clock.reads_preferences for clock in self.clocks)
