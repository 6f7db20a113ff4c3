"""Users who are ranked for come as a log's users do, and do what the truth says."""

from __future__ import annotations

from itertools import islice, takewhile

import numpy as np
import pytest

from interestclock.errors import ConfigError
from interestclock.simulator import (
    START_MS,
    SimulatorTruth,
    World,
    build_world,
    day_of,
    draw_responses,
    finish_utility,
    label_probabilities,
    live_requests,
    size_named,
)
from interestclock.timeofday import DAY_MS


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=3)


def test_they_come_in_time_order_as_many_as_wanted(world: World) -> None:
    until_ms = START_MS + 20 * DAY_MS
    found = live_requests(world, from_ms=START_MS, per_day=300, candidates=12)
    requests = list(takewhile(lambda each: each.timestamp_ms < until_ms, found))
    times = [each.timestamp_ms for each in requests]
    assert times == sorted(times)
    assert len(requests) == pytest.approx(6_000, abs=5 * 6_000**0.5)
    assert all(len(set(each.items)) == 12 for each in requests)
    assert {item for each in requests for item in each.items} <= set(range(1, world.size.items + 1))
    assert {each.user for each in requests} <= set(range(1, world.size.users + 1))
    assert all(day_of(each.timestamp_ms) == each.day for each in requests)


def test_who_comes_does_not_depend_on_where_it_begins(world: World) -> None:
    from_ms = START_MS + 3 * DAY_MS + 40_000_000
    later = list(islice(live_requests(world, from_ms=from_ms, per_day=50, candidates=5), 60))
    from_start = live_requests(world, from_ms=START_MS, per_day=50, candidates=5)
    assert later == list(islice((each for each in from_start if each.timestamp_ms >= from_ms), 60))


def test_what_they_do_has_the_probabilities_of_the_truth(world: World) -> None:
    shown = (3, 40, 99)
    requests = list(islice(live_requests(world, from_ms=START_MS, per_day=4_000, candidates=5), 4_000))
    mine = [each for each in requests if each.user == requests[0].user]
    done = [draw_responses(world, each, day=0, second_of_day=70_000, items=shown) for each in mine]
    assert done[0] == draw_responses(world, mine[0], day=0, second_of_day=70_000, items=shown)
    utility = finish_utility(
        world,
        day=0,
        user_M=np.array([mine[0].user - 1]),
        second_M=np.array([70_000]),
        item_MC=np.array([shown]) - 1,
    )
    chances = label_probabilities(utility[0], world.truth)
    for action in ("finish", "skip", "like"):
        share, chance = np.mean([each[action] for each in done], axis=0), getattr(chances, action)
        assert np.all(np.abs(share - chance) < 5 * np.sqrt(chance * (1 - chance) / len(mine)))


@pytest.mark.parametrize(("per_day", "candidates"), [(0, 5), (10, 0), (10, 300)])
def test_what_cannot_be_is_refused(world: World, per_day: float, candidates: int) -> None:
    with pytest.raises(ConfigError, match="give"):
        live_requests(world, from_ms=START_MS, per_day=per_day, candidates=candidates)
