"""What is foretold of a gain: an estimate, the interval it lies in, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from interestclock.errors import check_numbers

__all__ = ["GainEstimate", "GainForecast", "Verdict", "VerdictBounds"]

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
class GainEstimate:
    """How much less a label costs count models that know the hour, or a user's past.

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
    """What the time of day would gain, and apart from it, what users' own past would.

    Args:
        over_no_time: the best that knows the hour, over a model without any time.
        over_hour: what each user's own hours add to the hours common to all.
        own_past: what all of a user's past adds, without any time, to items, their values and the newest
            choices. Whatever reads long histories may gain it, with a clock or without.
        share_of_users: of those of the log, drawn by chance, whose rows told it; 1 but for long logs.

    Example:
        >>> GainForecast.__dataclass_fields__["over_hour"].name
        'over_hour'
    """

    over_no_time: GainEstimate
    over_hour: GainEstimate
    own_past: GainEstimate
    share_of_users: float = 1.0
