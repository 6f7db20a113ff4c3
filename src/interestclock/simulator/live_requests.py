"""Users of a simulated service who are ranked for: who comes when, for which candidates, and what they do.

Axes: ``M`` requests, ``C`` candidates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from interestclock.errors import ConfigError
from interestclock.simulator.exposures import draw_actions
from interestclock.simulator.preferences import finish_utility, label_probabilities
from interestclock.simulator.requests import requests_of_day
from interestclock.simulator.world import LIVE, START_MS, World, random_stream
from interestclock.timeofday import DAY_MS

__all__ = ["LiveRequest", "day_of", "draw_responses", "live_requests"]

_OF_USERS, _OF_RESPONSES = 0, 1
_MOST_DAYS = 365 * 100


@dataclass(frozen=True, kw_only=True)
class LiveRequest:
    """A user comes.

    Args:
        day, number: which request of which day of the world. timestamp_ms: when, UTC milliseconds.
        user: id. zone: where. items: ids of the candidates.

    Example:
        >>> LiveRequest(day=0, number=0, timestamp_ms=0, user=1, zone="UTC", items=(7, 8)).items
        (7, 8)
    """

    day: int
    number: int
    timestamp_ms: int
    user: int
    zone: str
    items: tuple[int, ...]


def day_of(timestamp_ms: int) -> int:
    """Which day of a world a moment is on, from 0.

    Example:
        >>> day_of(1_704_067_200_000), day_of(1_704_067_200_000 + 86_400_000 - 1)
        (0, 0)
    """
    return (timestamp_ms - START_MS) // DAY_MS


def live_requests(world: World, *, from_ms: int, per_day: float, candidates: int) -> Iterator[LiveRequest]:
    """Who comes from a moment on, in time order, drawn as a log's requests are.

    Days are independent streams of random numbers: who comes on a day does not depend on where it begins.

    Args:
        world: the service. from_ms: since when, UTC milliseconds, not before its first day.
        per_day: requests of all users, on average. candidates: of each.

    Raises:
        ConfigError: nobody comes, or there are fewer songs than candidates.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> first = next(live_requests(world, from_ms=1_704_070_800_000, per_day=500, candidates=9))
        >>> first.day, first.timestamp_ms >= 1_704_070_800_000, len(first.items)
        (0, True, 9)
    """
    if per_day <= 0:
        raise ConfigError(f"per_day is {per_day}; give a number of requests above 0")
    if not 1 <= candidates < world.size.items:
        raise ConfigError(f"candidates is {candidates}; give 1 to {world.size.items - 1}, fewer than songs")
    crowded = replace(
        world,
        size=replace(world.size, exposures_per_day=per_day * candidates),
        truth=replace(world.truth, candidates=candidates, recommended_from=0),  # others rank them
    )
    return (
        each
        for day in range(day_of(from_ms), _MOST_DAYS)
        for each in _of_day(crowded, day)
        if each.timestamp_ms >= from_ms
    )


def draw_responses(
    world: World, request: LiveRequest, *, day: int, second_of_day: int, items: Sequence[int]
) -> Mapping[str, list[bool]]:
    """What a user does with the songs that are shown, by the world's truth.

    Args:
        request: whose; it and what is shown decide the draw. day: of the world, as they are shown.
        second_of_day: likewise, on the user's clock. items: ids.

    Returns:
        Of each action, whether it was done with each song.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> request = next(live_requests(world, from_ms=1_704_070_800_000, per_day=500, candidates=9))
        >>> done = draw_responses(world, request, day=0, second_of_day=64_800, items=request.items[:4])
        >>> sorted(done), len(done["finish"])
        (['comment', 'dislike', 'finish', 'like', 'skip'], 4)
    """
    random = random_stream(world.seed, LIVE, _OF_RESPONSES, request.day, request.number)
    utility_MC = finish_utility(
        world,
        day=day,
        user_M=np.array([request.user - 1]),
        second_M=np.array([second_of_day]),
        item_MC=np.array([items], np.int64) - 1,
    )
    actions = draw_actions(label_probabilities(utility_MC[0], world.truth), random)
    return {action: done.tolist() for action, done in actions.items()}


def _of_day(world: World, day: int) -> Iterator[LiveRequest]:
    requests = requests_of_day(world, day, random_stream(world.seed, LIVE, _OF_USERS, day))
    zones = list(world.truth.zones)
    rows = zip(
        requests.timestamp_ms_M.tolist(),
        requests.user_M.tolist(),
        requests.zone_M.tolist(),
        (requests.item_MC + 1).tolist(),
        strict=True,
    )
    for number, (timestamp_ms, user, zone, items) in enumerate(rows):
        yield LiveRequest(
            day=day,
            number=number,
            timestamp_ms=timestamp_ms,
            user=user + 1,
            zone=zones[zone],
            items=tuple(items),
        )
