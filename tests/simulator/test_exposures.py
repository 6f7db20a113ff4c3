from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from interestclock.errors import ConfigError
from interestclock.simulator import (
    SimulatorSize,
    SimulatorTruth,
    World,
    build_world,
    exposures_by_day,
    item_table,
    size_named,
)
from interestclock.simulator.exposures import ACTIONS
from interestclock.simulator.world import START_MS
from interestclock.timeofday import DAY_MS


@pytest.fixture(scope="module")
def world() -> World:
    size = SimulatorSize(users=60, items=400, days=60, exposures_per_day=600)
    return build_world(size=size, truth=SimulatorTruth(), seed=5)


@pytest.fixture(scope="module")
def log(world: World) -> pa.Table:
    return pa.concat_tables(exposures_by_day(world))


def test_days_are_in_order_and_in_their_place(world: World) -> None:
    for day, table in enumerate(exposures_by_day(world)):
        times = table["timestamp_ms"].to_numpy()
        assert (np.diff(times) >= 0).all()
        assert (times // DAY_MS == START_MS // DAY_MS + day).all()


def test_requests_show_four_different_songs_at_one_time(log: pa.Table) -> None:
    request_M4 = log["request_id"].to_numpy().reshape(-1, 4)
    item_M4 = np.sort(log["item_id"].to_numpy().reshape(-1, 4), axis=1)
    time_M4 = log["timestamp_ms"].to_numpy().reshape(-1, 4)
    assert len(np.unique(request_M4)) == len(request_M4)
    assert (request_M4 == request_M4[:, :1]).all()
    assert (time_M4 == time_M4[:, :1]).all()
    assert (np.diff(item_M4, axis=1) > 0).all()


def test_labels_agree_with_each_other_and_with_the_time_played(world: World, log: pa.Table) -> None:
    finish, skip, like, comment, dislike = (log[action].to_numpy() for action in ACTIONS)
    assert not (finish & skip).any()
    assert (like <= finish).all()
    assert (comment <= finish).all()
    assert (dislike <= skip).all()
    played = log["played_ms"].to_numpy() / world.songs.duration_ms_S[log["item_id"].to_numpy() - 1]
    assert played[finish == 1].min() >= 0.94
    assert played[skip == 1].max() <= 0.20
    assert played[(finish == 0) & (skip == 0)].max() < 0.95


@pytest.mark.parametrize("action", ACTIONS)
def test_true_probabilities_are_calibrated(log: pa.Table, action: str) -> None:
    label, truth = log[action].to_numpy(), log[f"true_{action}"].to_numpy()
    for part in np.array_split(np.argsort(truth), 4):
        spread = np.sqrt((truth[part] * (1 - truth[part])).sum())
        assert abs(label[part].sum() - truth[part].sum()) < 4 * spread


def test_zones_include_a_half_hour_and_daylight_saving(log: pa.Table) -> None:
    zones = set(log["zone"].to_pylist())
    assert {"Asia/Kolkata", "America/New_York", "Europe/Berlin"} <= zones


def test_same_seed_same_log_and_days_do_not_depend_on_each_other() -> None:
    tiny = size_named("tiny")
    short = SimulatorSize(
        users=tiny.users, items=tiny.items, days=3, exposures_per_day=tiny.exposures_per_day
    )
    worlds = [build_world(size=size, truth=SimulatorTruth(), seed=1) for size in (tiny, short)]
    long_days, short_days = (exposures_by_day(world) for world in worlds)
    for expected, found in zip(short_days, long_days, strict=False):
        assert found.equals(expected)
    other = build_world(size=short, truth=SimulatorTruth(), seed=2)
    assert not next(exposures_by_day(other)).equals(next(exposures_by_day(worlds[1])))


def test_logs_of_a_world_are_of_the_same_users_and_songs(world: World) -> None:
    first, again, other = (pa.concat_tables(exposures_by_day(world, log=log)) for log in (0, 7, 8))
    assert first.equals(pa.concat_tables(exposures_by_day(world)))
    assert not again.equals(first)
    assert not again.equals(other)
    assert again.equals(pa.concat_tables(exposures_by_day(world, log=7)))
    rate_U = [
        np.bincount(each["user_id"].to_numpy(), each["true_finish"].to_numpy(), minlength=61)
        / np.bincount(each["user_id"].to_numpy(), minlength=61).clip(1)
        for each in (again, other)
    ]
    assert np.corrcoef(*rate_U)[0, 1] > 0.9  # as patient as they were


def test_log_of_no_number(world: World) -> None:
    with pytest.raises(ConfigError, match="log is -1; give 0 or above"):
        exposures_by_day(world, log=-1)


def test_days_without_requests() -> None:
    size = SimulatorSize(users=1, items=200, days=20, exposures_per_day=1)
    world = build_world(size=size, truth=SimulatorTruth(), seed=0)
    rows = [table.num_rows for table in exposures_by_day(world)]
    assert min(rows) == 0
    assert sum(rows) > 0


def test_songs_have_one_or_two_values_of_each_attribute(world: World) -> None:
    table = item_table(world)
    assert table["item_id"].to_pylist() == list(range(1, 401))
    for name in ("genre", "mood", "language"):
        lengths = {len(values) for values in table[name].to_pylist()}
        assert lengths == {1, 2}


def test_world_that_cannot_be() -> None:
    tiny = size_named("tiny")
    with pytest.raises(
        ConfigError, match="a repertoire of 300 songs does not fit among 300; give more items"
    ):
        build_world(size=tiny, truth=SimulatorTruth(repertoire=300), seed=0)
    with pytest.raises(ConfigError, match="seed is -1; give 0 or above"):
        build_world(size=tiny, truth=SimulatorTruth(), seed=-1)
