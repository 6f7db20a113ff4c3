"""Foretell what ``compare`` would find: a gain from the time of day, or none, in seconds and with the reason.

Shapes: ``N`` rows, ``U`` users.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from interestclock.defaults import SITTING_MINUTES
from interestclock.errors import ConfigError, check_numbers
from interestclock.events.schema import EventSource
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import whole_runs
from interestclock.studies.forecast_reasons import LogTraits, reason, traits_of
from interestclock.studies.forecast_rows import ForecastRows, RowGatherer, together
from interestclock.studies.gain_interval import mean_and_half_width
from interestclock.studies.prequential import log_loss, prequential_log_odds
from interestclock.studies.sittings import sittings_of

__all__ = [
    "ForecastConfig",
    "GainEstimate",
    "GainForecast",
    "VerdictBounds",
    "forecast_gain",
    "forecast_of_rows",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Verdict = Literal["likely", "unlikely", "cannot tell"]


@dataclass(frozen=True, kw_only=True)
class VerdictBounds:
    """Where an interval has to lie, in nats per exposure.

    Args:
        likely_above: of the lower bound, for a gain to be likely.
        unlikely_below: of the upper bound, for it to be unlikely.

    Example:
        >>> VerdictBounds(likely_above=0.002, unlikely_below=0.001).verdict(low=-0.001, high=0.0005)
        'unlikely'
    """

    likely_above: float
    unlikely_below: float

    def __post_init__(self) -> None:
        check_numbers(self)

    def verdict(self, *, low: float, high: float) -> Verdict:
        """What an interval says; one without numbers says nothing."""
        if low > self.likely_above:
            return "likely"
        return "unlikely" if high < self.unlikely_below else "cannot tell"


@dataclass(frozen=True, kw_only=True)
class ForecastConfig:
    """What a forecast is made with.

    Args:
        sitting_minutes: a gap of so many minutes between a user's events ends a sitting.
        scored_share: share of the rows, the last ones, over which the estimate is taken; all are learned.
        over_no_time, over_hour: where an interval has to lie for a verdict. Rankers that learn in one pass
            need more than count models: on the worlds that these were fixed on, rankers gained in 4 of 10
            logs with about 0.01 nats, in 3 of 5 with 0.02, and in 20 of 20 with more than 0.05.

    Example:
        >>> ForecastConfig().scored_share
        0.5
    """

    sitting_minutes: float = SITTING_MINUTES
    scored_share: float = 0.5
    over_no_time: VerdictBounds = field(
        default_factory=lambda: VerdictBounds(likely_above=0.02, unlikely_below=0.002)
    )
    over_hour: VerdictBounds = field(
        default_factory=lambda: VerdictBounds(likely_above=0.03, unlikely_below=0.002)
    )

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.sitting_minutes < 0 or not 0 < self.scored_share <= 1:
            raise ConfigError(
                f"sitting_minutes is {self.sitting_minutes} and scored_share {self.scored_share}; give 0 "
                "minutes or more, and a share above 0, up to 1"
            )


@dataclass(frozen=True, kw_only=True)
class GainEstimate:
    """How much less a label costs count models that know the hour.

    Args:
        nats: per exposure. low, high: the interval that holds what fresh logs of the same users would give on
            average, 95%; all three NaN where there is nothing to estimate from.
        verdict: whether ``compare`` would find a gain. reason: why, in words.

    Example:
        >>> GainEstimate(nats=0.01, low=0.005, high=0.015, verdict="likely", reason="").verdict
        'likely'
    """

    nats: float
    low: float
    high: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True, kw_only=True)
class GainForecast:
    """What the time of day would gain.

    Args:
        over_no_time: the best that knows the hour, over a model without any time.
        over_hour: what each user's own hours add to the hours common to all.

    Example:
        >>> GainForecast.__dataclass_fields__["over_hour"].name
        'over_hour'
    """

    over_no_time: GainEstimate
    over_hour: GainEstimate


def forecast_gain(
    source: EventSource, *, config: ForecastConfig | None = None, candidates: CandidateConfig | None = None
) -> GainForecast:
    """Read a log once and estimate what the time of day tells about its main label beyond user and item.

    Counts, no training: a million exposures take less than a minute. Holds a few dozen numbers per exposure.

    Args:
        source: the log. candidates: sampled beside each choice of a log of choices, as ``compare`` does.

    Raises:
        LogError: the log cannot be read as described.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder = Path(tempfile.mkdtemp()) / "log"
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> _ = write_simulated_log(folder, size=size)
        >>> forecast_gain(open_log(folder)).over_no_time.verdict
        'cannot tell'
    """
    gatherer = RowGatherer(source.schema, source.items(), candidates=candidates or CandidateConfig())
    for chunk in whole_runs(source.chunks(), together(source.schema)):
        gatherer.add(chunk)
    return forecast_of_rows(gatherer.rows(), config=config)


def forecast_of_rows(rows: ForecastRows, *, config: ForecastConfig | None = None) -> GainForecast:
    """The forecast of rows that were gathered."""
    config = config or ForecastConfig()
    predicted = prequential_log_odds(rows, sitting_minutes=config.sitting_minutes)
    first = len(rows.label_N) - round(config.scored_share * len(rows.label_N))
    label_N = rows.label_N[first:]
    sitting_N = sittings_of(rows.user_N, rows.timestamp_ms_N, sitting_minutes=config.sitting_minutes)
    whose = (rows.user_N[first:], sitting_N[first:])
    without_N, common_N, personal_N = (
        log_loss(log_odds_N[first:], label_N)
        for log_odds_N in (predicted.without_N, predicted.common_N, predicted.personal_N)
    )
    traits = traits_of(rows, log_odds_N=predicted.without_N, sitting_minutes=config.sitting_minutes)
    return GainForecast(
        over_no_time=_estimate(without_N - personal_N, whose, config.over_no_time, traits, "no time"),
        over_hour=_estimate(common_N - personal_N, whose, config.over_hour, traits, "hour"),
    )


def _estimate(
    gain_N: Floats, whose: tuple[Ints, Ints], bounds: VerdictBounds, traits: LogTraits, over: str
) -> GainEstimate:
    nats, half = mean_and_half_width(gain_N, user_N=whose[0], sitting_N=whose[1])
    verdict = bounds.verdict(low=nats - half, high=nats + half)
    return GainEstimate(
        nats=nats,
        low=nats - half,
        high=nats + half,
        verdict=verdict,
        reason=reason(verdict, over, traits),
    )
