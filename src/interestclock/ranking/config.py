"""What a ranker is built from: the log's features, its sizes, its clocks."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from interestclock.clocks import ClockConfig, check_clock_config
from interestclock.errors import ConfigError, check_names, check_numbers
from interestclock.events.context import ContextNames
from interestclock.events.schema import LogSchema

__all__ = ["RMS_LIMIT", "FeatureNames", "RankerConfig"]

_MOST_BUCKETS = 86_400  # of a second each
_MOST = {"dim": 65_536, "recent": 1_000_000, "cross_layers": 1_000, "tower_width": 1_000_000}
RMS_LIMIT = 0.2
"""Of the outputs of several parts, where they are joined."""
_LARGEST_STD = 1e30  # weights are float32
_WIDEST, _MOST_LAYERS = 1_000_000, 1_000


@dataclass(frozen=True, kw_only=True)
class FeatureNames(ContextNames):
    """The names a ranker knows its tasks and features by.

    Args:
        tasks: a tower each. attributes, clock_attributes, and names of context: as in ``LogSchema``.
        buckets_per_day: hour buckets of the clocks.

    Raises:
        ConfigError: no task, or one whose name no part of a module can have; no bucket, or more than seconds;
            a clock attribute that is no attribute; text where names are meant.

    Example:
        >>> FeatureNames(tasks=("finish",), attributes=("genre",)).buckets_per_day
        24
    """

    tasks: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    clock_attributes: tuple[str, ...] = ()
    buckets_per_day: int = 24

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("tasks", "attributes", "clock_attributes", *self.context):
            check_names(name, getattr(self, name))
        if not self.tasks:
            raise ConfigError("a ranker without tasks predicts nothing; name at least one label")
        for task in self.tasks:
            if "." in task or hasattr(nn.ModuleDict(), task):
                raise ConfigError(
                    f"a task is called '{task}', which no part of a PyTorch module can be; give the label "
                    f"another name, for example '{task.replace('.', '_')}_label'"
                )
        if not 1 <= self.buckets_per_day <= _MOST_BUCKETS:
            raise ConfigError(
                f"buckets_per_day is {self.buckets_per_day}; give 1 to {_MOST_BUCKETS}, for example 24"
            )
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
            buckets_per_day=buckets_per_day,
            **schema.context,
        )


@dataclass(frozen=True, kw_only=True)
class RankerConfig:
    """Sizes of a ranker and the clocks it carries.

    Args:
        clocks: configurations, ours or anyone's; none is the base model, several stand side by side.
        dim: width of every embedding. std: standard deviation of their first weights.
        recent: how many of the newest behaviours the base model sees, as the mean of their items.
        cross_layers, hidden: of DCN-V2. tower_width: hidden units of each task's tower.
        rms_limit: of each part's output where several are joined (``limit_rms``); ``None`` is none.

    Raises:
        ConfigError: a size is below 1 or beyond all use, ``std`` or ``rms_limit`` is not positive, a clock
            is no ``ClockConfig``, or clocks that read preferences differ in ``population_votes``.

    Example:
        >>> from interestclock.clocks import GaussianConfig
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
    rms_limit: float | None = RMS_LIMIT

    def __post_init__(self) -> None:
        check_numbers(self)
        for name, most in _MOST.items():
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give 1 or more")
            if getattr(self, name) > most:
                raise ConfigError(f"{name} is {getattr(self, name)}; give at most {most:,}")
        if any(width < 1 for width in self.hidden):
            raise ConfigError(f"hidden is {self.hidden}; give widths of 1 or more, for example (128, 64)")
        if max(self.hidden, default=0) > _WIDEST or len(self.hidden) > _MOST_LAYERS:
            raise ConfigError(
                f"hidden is {self.hidden}; give at most {_MOST_LAYERS:,} widths up to {_WIDEST:,}"
            )
        if not 0 < self.std <= _LARGEST_STD:
            raise ConfigError(f"std is {self.std}; give a deviation above 0, for example 0.25")
        if self.rms_limit is not None and not self.rms_limit > 0:
            raise ConfigError(
                f"rms_limit is {self.rms_limit}; give a number above 0, for example {RMS_LIMIT}"
            )
        for clock in self.clocks:
            check_clock_config(clock)
        self._check_population()

    def _check_population(self) -> None:
        """A batch holds the preferences of its users once, for all clocks that read them."""
        for clock in self.clocks:
            votes = getattr(clock, "population_votes", 0.0)
            if clock.reads_preferences and votes != self.population_votes:
                raise ConfigError(
                    f"{clock.kind} has population_votes {votes:g} and another part "
                    f"{self.population_votes:g}; the parts of a ranker read one clock: give them the same"
                )

    @property
    def joined_limit(self) -> float | None:
        """The limit where parts are joined; ``None`` for one part alone, which nothing can drown."""
        return self.rms_limit if len(self.clocks) > 1 else None

    @property
    def limits_rows(self) -> tuple[bool, ...]:
        """Of each part, whether where parts are joined its rows are bounded one by one, or by one factor."""
        return tuple(bool(getattr(clock, "row_limit", True)) for clock in self.clocks)

    @property
    def needs_clocks(self) -> bool:
        """Whether any clock reads Eq. 3's preferences."""
        return any(clock.reads_preferences for clock in self.clocks)

    @property
    def population_votes(self) -> float:
        """κ of the clocks that read preferences, all of which read the same; 0 is none."""
        each = [getattr(clock, "population_votes", 0.0) for clock in self.clocks if clock.reads_preferences]
        return float(each[0]) if each else 0.0

    @property
    def reads_behaviours(self) -> int:
        """How many of a user's newest behaviours it reads."""
        return max([self.recent, *(clock.reads_behaviours for clock in self.clocks)])
