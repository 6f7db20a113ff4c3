"""Foretell what ``compare`` would find: a gain from the time of day or from users' past, or none, and why.

Shapes: ``N`` rows, ``U`` users.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from interestclock.defaults import SITTING_MINUTES
from interestclock.errors import ConfigError, check_numbers
from interestclock.events.schema import EventSource
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import whole_runs
from interestclock.studies.forecast_reasons import LogTraits, Over, reason, traits_of
from interestclock.studies.forecast_rows import ForecastRows, RowGatherer, together
from interestclock.studies.gain_estimate import GainEstimate, GainForecast, VerdictBounds
from interestclock.studies.gain_interval import mean_and_half_width
from interestclock.studies.prequential import log_loss, prequential_log_odds
from interestclock.studies.sittings import sittings_of

__all__ = ["ForecastConfig", "forecast_gain", "forecast_of_rows"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class ForecastConfig:
    """What a forecast is made with.

    Args:
        sitting_minutes: a gap of so many minutes between a user's events ends a sitting.
        scored_share: share of the rows, the last ones, over which the estimate is taken; all are learned.
        over_no_time, over_hour: where an interval has to lie for a verdict. Rankers that learn in one pass
            need more than count models: on the worlds that these were fixed on, rankers gained in 4 of 10
            logs with about 0.01 nats, in 3 of 5 with 0.02, and in 20 of 20 with more than 0.05.
        own_past: likewise; fixed on few logs (decision 0062).

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
    own_past: VerdictBounds = field(
        default_factory=lambda: VerdictBounds(likely_above=0.015, unlikely_below=0.002)
    )

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.sitting_minutes < 0 or not 0 < self.scored_share <= 1:
            raise ConfigError(
                f"sitting_minutes is {self.sitting_minutes} and scored_share {self.scored_share}; give 0 "
                "minutes or more, and a share above 0, up to 1"
            )


def forecast_gain(
    source: EventSource, *, config: ForecastConfig | None = None, candidates: CandidateConfig | None = None
) -> GainForecast:
    """Read a log once and estimate what the time of day tells about its main label beyond user and item.

    Apart from that, what users' own past tells without any time: a ranker that reads long histories gains it
    even where the time of day means nothing. Counts, no training: a million exposures take about a minute.
    Holds a few dozen numbers of each row of the log, or, of one of more than 300,000 rows, of those of some
    users, 1,000 or more of them, drawn by chance.

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
    traits = traits_of(rows, log_odds_N=predicted.without_N, sitting_minutes=config.sitting_minutes)

    def estimate(before_N: Floats, after_N: Floats, bounds: VerdictBounds, over: Over) -> GainEstimate:
        gain_N = log_loss(before_N[first:], label_N) - log_loss(after_N[first:], label_N)
        return _estimate(gain_N, whose, bounds, traits, over)

    return GainForecast(
        over_no_time=estimate(predicted.without_N, predicted.personal_N, config.over_no_time, "no time"),
        over_hour=estimate(predicted.common_N, predicted.personal_N, config.over_hour, "hour"),
        own_past=estimate(predicted.newest_N, predicted.past_N, config.own_past, "newest"),
        share_of_users=rows.share_of_users,
    )


def _estimate(
    gain_N: Floats, whose: tuple[Numbers, Numbers], bounds: VerdictBounds, traits: LogTraits, over: Over
) -> GainEstimate:
    nats, half = mean_and_half_width(gain_N, user_N=whose[0], sitting_N=whose[1])
    low = nats - half
    verdict = bounds.verdict(low=low, high=nats + half)
    return GainEstimate(
        nats=nats,
        low=low,
        high=nats + half,
        verdict=verdict,
        reason=reason(verdict, over, traits, short_of=bounds.likely_above if low > 0 else None),
    )
