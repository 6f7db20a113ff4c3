"""A world that moves: what is recommended, who is away, when weekends are; and the steady one beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from interestclock.errors import ConfigError
from interestclock.simulator import (
    WORLDS,
    SimulatorSize,
    SimulatorTruth,
    build_world,
    exposures_by_day,
    finish_utility,
    live_requests,
    world_named,
)
from interestclock.simulator.preferences import label_probabilities
from interestclock.simulator.recommender import recommended
from interestclock.simulator.truth import SIZES
from interestclock.simulator.world import START_MS

SIZE = SimulatorSize(users=40, items=400, days=30, exposures_per_day=1_200)
UTC = {"UTC": 1.0}


def log_of(truth, size=SIZE):
    return pa.concat_tables(exposures_by_day(build_world(size=size, truth=truth, seed=3)))


def test_steady_is_the_default():
    assert world_named("steady") == WORLDS["steady"] == SimulatorTruth()
    with pytest.raises(ConfigError, match="no simulated world 'calm'; there are steady, moving"):
        world_named("calm")


def test_the_truth_is_that_of_what_was_shown():
    world = build_world(size=SIZE, truth=WORLDS["moving"], seed=3)
    table = next(exposures_by_day(world))
    user_N, item_N = table["user_id"].to_numpy() - 1, table["item_id"].to_numpy() - 1
    zones = np.array(list(world.truth.zones))[world.users.zone_U[user_N]]
    assert (np.array(table["zone"].to_pylist()) == zones).all()
    assert table.num_rows % 4 == 0
    utc = build_world(size=SIZE, truth=replace(WORLDS["moving"], zones=UTC), seed=3)
    table = next(exposures_by_day(utc))
    user_N, item_N = table["user_id"].to_numpy() - 1, table["item_id"].to_numpy() - 1
    second_N = (table["timestamp_ms"].to_numpy() - START_MS) // 1000
    utility_N = finish_utility(utc, day=0, user_M=user_N, second_M=second_N, item_MC=item_N[:, None])[:, 0]
    assert table["true_finish"].to_numpy() == pytest.approx(label_probabilities(utility_N, utc.truth).finish)


def test_without_noise_the_best_are_shown_in_the_order_in_which_they_were_offered():
    truth = SimulatorTruth(recommended_from=9, recommender_noise_std=0, explored_share=0)
    world = build_world(size=SIZE, truth=truth, seed=3)
    pool_MC = np.array([[5, 80, 3, 200, 31, 7, 90, 11, 60], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
    users, seconds = np.array([2, 7]), np.array([30_000, 70_000])
    shown = recommended(
        world, pool_MC, day=4, user_M=users, second_M=seconds, random=np.random.default_rng(1)
    )
    utility_MC = finish_utility(world, day=4, user_M=users, second_M=seconds, item_MC=pool_MC)
    for pool, utility, row in zip(pool_MC, utility_MC, shown, strict=True):
        best = sorted(range(9), key=lambda place, utility=utility: -utility[place])[:4]
        assert row.tolist() == [pool[place] for place in sorted(best)]


def test_what_is_recommended_is_finished_more_often_and_what_is_explored_is_not():
    rates = {
        name: log_of(truth)["true_finish"].to_numpy().mean()
        for name, truth in {
            "steady": SimulatorTruth(),
            "recommended": SimulatorTruth(recommended_from=20),
            "explored": SimulatorTruth(recommended_from=20, recommender_noise_std=0, explored_share=1),
        }.items()
    }
    assert rates["recommended"] > rates["steady"] + 0.1
    assert rates["explored"] < rates["steady"] + 0.05


def moves_by(truth):
    """How far shares of genres among exposures lie from their mean, over the hours of a day (UTC)."""
    size = replace(SIZE, exposures_per_day=4_000)
    world = build_world(size=size, truth=replace(truth, zones=UTC), seed=3)
    table = pa.concat_tables(exposures_by_day(world))
    genre_SV = world.songs.share_SV[:, : len(truth.attributes["genre"].values)]
    hour_N = (table["timestamp_ms"].to_numpy() - START_MS) // 3_600_000 % 24
    share_HV = np.stack([genre_SV[table["item_id"].to_numpy()[hour_N == h] - 1].mean(0) for h in range(24)])
    return float(np.sqrt(((share_HV - share_HV.mean(axis=0)) ** 2).sum(axis=1).mean()))


def test_shares_of_genres_move_over_the_day():
    steady, moving = (moves_by(WORLDS[name]) for name in ("steady", "moving"))
    assert moving > 2 * steady


def test_more_songs_than_there_are_cannot_be_recommended_from():
    with pytest.raises(ConfigError, match="recommended_from is 400 of 400 songs; give fewer, or more items"):
        build_world(size=SIZE, truth=SimulatorTruth(recommended_from=400), seed=3)


def test_users_stay_away_in_spells_and_return():
    day_users = [
        set(table["user_id"].to_pylist())
        for table in exposures_by_day(build_world(size=SIZE, truth=SimulatorTruth(away_share=0.5), seed=3))
    ]
    busiest = max(range(1, 41), key=lambda user: sum(user in users for users in day_users))
    came = [busiest in users for users in day_users]
    assert 0 < sum(came) < 30
    steady = log_of(SimulatorTruth()).num_rows
    assert log_of(SimulatorTruth(away_share=0.5)).num_rows == pytest.approx(steady, rel=0.3)


def test_moments_lie_later_on_saturday_and_sunday():
    worlds = [
        build_world(size=SIZE, truth=SimulatorTruth(zones=UTC, weekend_hours_later=hours), seed=3)
        for hours in (0.0, 2.0)
    ]

    def utility(world, day, hour):
        one = np.zeros(1, np.int64)
        songs = np.arange(50)[None]
        return finish_utility(world, day=day, user_M=one, second_M=one + hour * 3600, item_MC=songs)

    same, moved = worlds
    for day in (0, 4, 7):  # Monday, Friday, Monday
        assert (utility(moved, day, 10) == utility(same, day, 10)).all()
    for day in (5, 6):
        assert utility(moved, day, 12) == pytest.approx(utility(same, day, 10))
        assert (utility(moved, day, 10) != utility(same, day, 10)).any()


def test_a_weekend_begins_at_local_midnight():
    truth = SimulatorTruth(zones={"Asia/Kolkata": 1.0}, weekend_hours_later=3.0)
    still, moved = (
        build_world(size=SIZE, truth=each, seed=3) for each in (replace(truth, weekend_hours_later=0), truth)
    )
    one, songs = np.zeros(1, np.int64), np.arange(50)[None]

    def differ(day, second):
        asked = {"day": day, "user_M": one, "second_M": one + second, "item_MC": songs}
        return bool((finish_utility(moved, **asked) != finish_utility(still, **asked)).any())

    # On Friday (UTC, day 4) it is Saturday in India from 18:30 UTC on: local times before 5:30.
    assert differ(4, 3 * 3600)
    assert not differ(4, 9 * 3600)
    # On Sunday (UTC, day 6), Monday likewise.
    assert not differ(6, 3 * 3600)
    assert differ(6, 9 * 3600)


def test_who_is_ranked_for_is_offered_all():
    world = build_world(size=SIZE, truth=WORLDS["moving"], seed=3)
    assert len(next(live_requests(world, from_ms=START_MS, per_day=500, candidates=9)).items) == 9


def test_a_stream_makes_a_thousand_updates_an_hour():
    assert SIZES["stream"].exposures_per_day / 24 / 16 == 1_000


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"recommended_from": 3}, "recommended_from is 3; give 0 .no recommender., or 4 songs or more"),
        ({"explored_share": 1.5}, "explored_share and away_share are"),
        ({"away_share": 1.0}, "less than 1 of days away"),
    ],
)
def test_what_cannot_be_is_refused(given, told):
    with pytest.raises(ConfigError, match=told):
        SimulatorTruth(**given)
