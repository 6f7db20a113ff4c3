"""Rankers that this log gives nothing to read: what they would show is chance, so they are not compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.clock_features import UserVotes
from interestclock.clocks import ClockConfig, TimeEncodingConfig
from interestclock.ranking import RankerConfig
from interestclock.timeofday import DAY_MS, utc_day_start_ms

__all__ = ["Readable", "readable_of", "without_effect"]

# Shapes: N rows of all parts, R those that are evaluated, M requests (users at starts of days), H hours
# or weekdays.

_AT_A_TIME = 4_096
_HOURS, _WEEKDAYS = 24, 7
_SECONDS_AN_HOUR = 3_600


@dataclass(frozen=True, kw_only=True)
class Readable:
    """What the evaluated exposures have that a clock could read.

    Args:
        preferences: whether any has a clock (Eq. 3) that is not empty. behaviours: whether any has a history.
        times: whether any is at an hour or on a weekday that came on an earlier day, of several in the log.
        one_hour: the local hour that all exposures of the log are in, if it is one.
        population: whether anyone at all has a clock as of a midnight before any of them.

    Example:
        >>> Readable(preferences=False, behaviours=True, times=True).one_hour is None
        True
    """

    preferences: bool
    behaviours: bool
    times: bool
    one_hour: int | None = None
    population: bool = False


def readable_of(rows: Path, votes: UserVotes | None, *, behaviours: bool) -> Readable:
    """Look at what rankers will be asked.

    Args:
        rows: the file of ``write_evaluation_rows``. votes: that clocks are made of; None: there are none.
        behaviours: whether any evaluated exposure has a history.
    """
    names = ["user", "timestamp_ms", "second_of_day", "part"]
    columns = pq.read_table(rows, columns=names)
    test_N = pc.equal(columns["part"], "test").to_numpy()
    timestamp_ms_N, second_N = (columns[name].to_numpy() for name in ("timestamp_ms", "second_of_day"))
    hour_N = second_N // _SECONDS_AN_HOUR
    day_N = np.round((timestamp_ms_N / 1_000 - second_N) / 86_400).astype(np.int64)
    hours = np.unique(hour_N)
    return Readable(
        preferences=votes is not None
        and _any_clock(votes, columns["user"].to_numpy()[test_N], timestamp_ms_N[test_N]),
        behaviours=behaviours,
        times=_occurred_before(hour_N, _HOURS, timestamp_ms_N, test_N)
        or _occurred_before(day_N % _WEEKDAYS, _WEEKDAYS, timestamp_ms_N, test_N),
        one_hour=int(hours[0]) if hours.size == 1 else None,
        population=votes is not None
        and any(
            votes.everyone(day_ms).any() for day_ms in np.unique(utc_day_start_ms(timestamp_ms_N[test_N]))
        ),
    )


def without_effect(
    rankers: Mapping[str, RankerConfig], readable: Readable, *, wholly: bool = True
) -> dict[str, str]:
    """Rankers of which no clock has anything to read, each with the reason.

    A clock of the user's own that reads neither preferences nor behaviours may read anything, and stays.

    Args:
        wholly: False: those of which some clock has nothing to read, and some has.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> found = without_effect(
        ...     {"base": RankerConfig(), "gaussian": RankerConfig(clocks=(GaussianConfig(),))},
        ...     Readable(preferences=False, behaviours=True, times=True))
        >>> list(found)
        ['gaussian']
    """
    reasons = {
        name: [_nothing_for(clock, readable) for clock in config.clocks] for name, config in rankers.items()
    }
    return {
        name: ", and ".join(dict.fromkeys(filter(None, found)))
        for name, found in reasons.items()
        if any(found) and all(found) == wholly
    }


def _nothing_for(clock: ClockConfig, readable: Readable) -> str | None:
    if not clock.reads_preferences and not clock.reads_behaviours:
        if not isinstance(clock, TimeEncodingConfig) or readable.times:
            return None
        return "no evaluated exposure is at an hour or on a weekday that came on an earlier day"
    population = float(getattr(clock, "population_votes", 0.0)) > 0 and readable.population
    preferences = clock.reads_preferences and (readable.preferences or population)
    if preferences or (clock.reads_behaviours and readable.behaviours):
        return None
    if clock.reads_preferences:
        return "its clock, made of the days before, is empty at every evaluated exposure"
    return "no evaluated exposure has a history"


def _any_clock(
    votes: UserVotes, user_R: npt.NDArray[np.int64], timestamp_ms_R: npt.NDArray[np.int64]
) -> bool:
    requested = np.unique(np.stack([user_R, utc_day_start_ms(timestamp_ms_R)]), axis=1)
    for first in range(0, requested.shape[1], _AT_A_TIME):
        user_M, day_ms_M = requested[:, first : first + _AT_A_TIME]
        if any(values.any() for values in votes.read(user_M, day_ms_M).values()):
            return True
    return False


def _occurred_before(
    kind_N: npt.NDArray[np.int64],
    kinds: int,
    timestamp_ms_N: npt.NDArray[np.int64],
    test_N: npt.NDArray[np.bool_],
) -> bool:
    """Whether an evaluated exposure is of a kind that came half a day before at least, of several kinds."""
    first_ms_H = np.full(kinds, np.iinfo(np.int64).max)
    np.minimum.at(first_ms_H, kind_N, timestamp_ms_N)
    before_N = first_ms_H[kind_N] <= timestamp_ms_N - DAY_MS // 2
    if kinds == _WEEKDAYS:
        before_N = first_ms_H[kind_N] <= timestamp_ms_N - DAY_MS * 2
    return bool(np.unique(kind_N).size > 1 and before_N[test_N].any())
