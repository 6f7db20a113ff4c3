"""Why features differ, and how much."""

from __future__ import annotations

from collections import Counter
from enum import Enum

import numpy as np

from interestclock.samples.request_features import RequestFeatures
from interestclock.timeofday import circular_gap_seconds

__all__ = ["Cause", "changed_values"]


class Cause(Enum):
    """What lies between the features of a request and those of its exposure, in this order.

    Example:
        >>> [cause.value for cause in Cause][:3]
        ['clock', 'not_yet_applied', 'arrived_later']
    """

    CLOCK = "clock"  # the exposure was at another time, or another local time
    NOT_YET_APPLIED = "not_yet_applied"  # it was in the source's log, and not in the store
    ARRIVED_LATER = "arrived_later"  # it came to the log behind the request, and was of before the exposure
    BEHIND_STORE = "behind_store"  # one of these two: where the log ended was not noted
    UNEXPLAINED = "unexplained"  # what was kept is not what comes out of the admitted log


def changed_values(first: RequestFeatures, second: RequestFeatures) -> dict[str, int]:
    """How many values of each feature differ; a feature that is equal is left out.

    Of local time, seconds around the day. Behaviours count that one side has and the other has not; of
    clocks, places of the table of bucket and rank.

    Example:
        >>> first = RequestFeatures(at_ms=5, second_of_day=60, day_of_week=3, known_behaviours=1,
        ...     behaviours=(("song", 1, 1),), clocks={"genre": (("rock", "jazz"), ())})
        >>> second = RequestFeatures(at_ms=5, second_of_day=61, day_of_week=3, known_behaviours=0,
        ...     clocks={"genre": (("jazz", "rock"), ("folk",))})
        >>> changed_values(first, second)
        {'second_of_day': 1, 'known_behaviours': 1, 'behaviours': 1, 'clock.genre': 3}
    """
    seconds = np.array([first.second_of_day]), np.array([second.second_of_day])
    changed = {
        "second_of_day": int(circular_gap_seconds(*seconds)[0]),
        "day_of_week": int(first.day_of_week != second.day_of_week),
        "known_behaviours": abs(first.known_behaviours - second.known_behaviours),
    }
    changed = {name: count for name, count in changed.items() if count}
    if first.behaviours != second.behaviours:
        one, other = Counter(first.behaviours), Counter(second.behaviours)
        changed["behaviours"] = max(1, ((one - other) + (other - one)).total())
    for name in sorted({*first.clocks, *second.clocks}):
        count = _places(first.clocks.get(name, ()), second.clocks.get(name, ()))
        if count:
            changed[f"clock.{name}"] = count
    return changed


def _places(first: tuple[tuple[str, ...], ...], second: tuple[tuple[str, ...], ...]) -> int:
    buckets = max(len(first), len(second))
    empty: tuple[str, ...] = ()
    count = 0
    for bucket in range(buckets):
        one = first[bucket] if bucket < len(first) else empty
        other = second[bucket] if bucket < len(second) else empty
        count += sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))
    return count
