"""Why a forecast says what it says: what lets hours or the past tell something, or keeps them from it.

Shapes: ``N`` rows, ``U`` users, ``H`` 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from interestclock.studies.forecast_rows import ForecastRows
from interestclock.studies.gain_estimate import Verdict
from interestclock.studies.sittings import sittings_of
from interestclock.timeofday import DAY_MS

__all__ = ["LogTraits", "Over", "reason", "traits_of"]

Over = Literal["no time", "hour", "newest"]
"""What a gain is over: no time at all, an hour embedding, or a user's newest choices."""

FEW_EVENTS = 5.0
FEW_HOURS = 3.0
FEW_CHOICES = 20.0
FEW_DAYS = 3.0
NEARLY_ALWAYS = 0.97
MUCH_OF_THE_SITTING = 0.15

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LogTraits:
    """What of a log matters to what its hours can tell.

    Args:
        days: from the first event to the last.
        events_an_hour: of a median user, in one hour of the day.
        hours: at how many hours of the day a median user is there, as many as equal use would need.
        positives: share of rows with a 1.
        in_a_sitting: correlation of what neighbours in a sitting are beyond what user and item tell.
        attributes: how many the items have. positive_only: the log holds what was chosen alone.

    Example:
        >>> LogTraits(days=30.0, events_an_hour=8.0, hours=9.0, positives=0.5, in_a_sitting=0.0,
        ...     attributes=1, positive_only=False).hours
        9.0
    """

    days: float
    events_an_hour: float
    hours: float
    positives: float
    in_a_sitting: float
    attributes: int
    positive_only: bool


def traits_of(rows: ForecastRows, *, log_odds_N: Floats, sitting_minutes: float) -> LogTraits:
    """Look at rows.

    Args:
        log_odds_N: of their labels, as far as user and item tell. sitting_minutes: a gap that ends a sitting.
    """
    events_N = rows.label_N == 1 if rows.positive_only else np.ones(len(rows.label_N), bool)
    hours_UH = _hours(rows.user_N[events_N], rows.second_of_day_N[events_N])
    events_U = hours_UH.sum(axis=1)
    span_ms = int(np.ptp(rows.timestamp_ms_N)) if len(events_N) else 0
    return LogTraits(
        days=span_ms / DAY_MS,
        events_an_hour=float(np.median(events_U)) / 24 if len(events_U) else 0.0,
        hours=float(np.median(_as_many_as(hours_UH))) if len(events_U) else 0.0,
        positives=float(rows.label_N.mean()) if len(events_N) else 0.0,
        in_a_sitting=0.0 if rows.positive_only else _in_a_sitting(rows, log_odds_N, sitting_minutes),
        attributes=len(rows.values),
        positive_only=rows.positive_only,
    )


def reason(verdict: Verdict, over: Over, traits: LogTraits, *, short_of: float | None = None) -> str:
    """In words.

    Args:
        short_of: nats from which a gain is likely, where one is certain and may be smaller.

    Example:
        >>> few = LogTraits(days=30.0, events_an_hour=0.5, hours=9.0, positives=0.5, in_a_sitting=0.0,
        ...     attributes=1, positive_only=False)
        >>> reason("unlikely", "hour", few)
        'users do not differ in what an hour means to them; too few events an hour: ...'
        >>> reason("cannot tell", "no time", few, short_of=0.02)
        'what the hour tells is there, but may be less than the 0.02 nats from which rankers gained'
    """
    found = _FOUND[over].get(verdict) or _unsure(_INFORMATION[over], short_of)
    against = [] if verdict == "likely" else _against(traits, over)
    return "; ".join([found, *against])


def _unsure(information: str, short_of: float | None) -> str:
    if short_of is None:
        return f"{information} is too uncertain: it may be nothing"
    return f"{information} is there, but may be less than the {short_of:g} nats from which rankers gained"


_INFORMATION: Mapping[Over, str] = {
    "no time": "what the hour tells",
    "hour": "what users' own hours tell",
    "newest": "what a user's past tells",
}


_FOUND: Mapping[Over, Mapping[Verdict, str]] = {
    "no time": {
        "likely": "what is a 1 depends on the hour, beyond user and item",
        "unlikely": "the hour tells nothing of the label beyond user and item",
    },
    "hour": {
        "likely": "users differ in what is a 1 at an hour",
        "unlikely": "users do not differ in what an hour means to them",
    },
    "newest": {
        "likely": "what a user chose before tells what is a 1, beyond the item and the newest choices",
        "unlikely": "a user's past tells nothing of the label beyond the item and the newest choices",
    },
}


def _against(traits: LogTraits, over: Over) -> list[str]:
    timely = [] if over == "newest" else _against_hours(traits, personal=over == "hour")
    return [*timely, *_against_any(traits, over)]


def _against_hours(traits: LogTraits, *, personal: bool) -> list[str]:
    against = []
    if traits.days < FEW_DAYS:
        against.append(
            f"too short: it spans {traits.days:.1f} days, and an hour has to come back to be learned"
        )
    if personal and traits.events_an_hour < FEW_EVENTS:
        against.append(
            f"too few events an hour: a median user has {traits.events_an_hour:.1f} in an hour of the day"
        )
    if traits.hours < FEW_HOURS:
        against.append(f"all use at one hour: a median user is there at {traits.hours:.1f} hours of the day")
    return against


def _against_any(traits: LogTraits, over: Over) -> list[str]:
    against = []
    if over == "newest" and 24 * traits.events_an_hour < FEW_CHOICES:
        against.append(f"a short past: a median user has {24 * traits.events_an_hour:.0f} events")
    if max(traits.positives, 1 - traits.positives) > NEARLY_ALWAYS:
        against.append(f"the label is nearly always the same: {traits.positives:.1%} are a 1")
    if traits.in_a_sitting > MUCH_OF_THE_SITTING:
        against.append(
            "exposures chosen by the listener: the label follows the sitting (neighbours in it correlate by "
            f"{traits.in_a_sitting:.2f})"
        )
    if traits.positive_only:
        against.append("the log holds choices alone; what was not chosen is sampled")
    if over != "no time" and not traits.attributes:
        against.append("no attribute is named, so that all that repeats are items themselves")
    return against


def _hours(user_N: Ints, second_of_day_N: Ints) -> Floats:
    users, which_N = np.unique(user_N, return_inverse=True)
    code_N = which_N * 24 + second_of_day_N // 3600
    return np.bincount(code_N, minlength=24 * len(users)).reshape(-1, 24).astype(np.float64)


def _as_many_as(hours_UH: Floats) -> Floats:
    """How many hours, equally used, have the entropy of each user's."""
    share_UH = hours_UH / hours_UH.sum(axis=1, keepdims=True)
    log_UH = np.log(share_UH, out=np.zeros_like(share_UH), where=share_UH > 0)
    as_many_U: Floats = np.exp(-(share_UH * log_UH).sum(axis=1))
    return as_many_U


def _in_a_sitting(rows: ForecastRows, log_odds_N: Floats, sitting_minutes: float) -> float:
    """Correlation of what is left of a label with what is left of the one before it in its sitting."""
    sitting_N = sittings_of(rows.user_N, rows.timestamp_ms_N, sitting_minutes=sitting_minutes)
    left_N = rows.label_N - 1 / (1 + np.exp(-log_odds_N))
    order_N = np.argsort(sitting_N, kind="stable")
    same_N = np.diff(sitting_N[order_N]) == 0
    before_N, after_N = left_N[order_N][:-1][same_N], left_N[order_N][1:][same_N]
    spread = float(before_N.std() * after_N.std()) if len(before_N) else 0.0
    return float(np.cov(before_N, after_N, ddof=0)[0, 1]) / spread if spread else 0.0
