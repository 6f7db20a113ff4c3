from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from interestclock.simulator import (
    SimulatorSize,
    SimulatorTruth,
    World,
    build_world,
    exposures_by_day,
    finish_utility,
)

SIZE = SimulatorSize(users=150, items=300, days=3, exposures_per_day=400)


def world_of(**truth: float) -> World:
    return build_world(size=SIZE, truth=SimulatorTruth(**truth), seed=2)  # type: ignore[arg-type]


def utility_at(world: World, second: int) -> npt.NDArray[np.float64]:
    """(U, S) of every user and song."""
    user_U, item_S = np.arange(SIZE.users), np.arange(SIZE.items)
    second_U, item_US = np.full(SIZE.users, second), np.broadcast_to(item_S, (SIZE.users, SIZE.items))
    return finish_utility(world, day=1, user_M=user_U, second_M=second_U, item_MC=item_US)


@pytest.mark.parametrize("common_share", [0.0, 0.5, 1.0])
def test_without_a_time_effect_no_label_depends_on_the_hour(common_share: float) -> None:
    world = world_of(time_effect=0.0, common_share=common_share)
    noon_US = utility_at(world, 43_200)
    for second in (0, 20_000, 70_000):
        np.testing.assert_array_equal(utility_at(world, second), noon_US)


def test_the_time_effect_scales_what_the_hour_adds_and_nothing_else() -> None:
    none_US, one_US, three_US = (utility_at(world_of(time_effect=effect), 30_000) for effect in (0, 1, 3))
    assert np.abs(one_US - none_US).max() > 1
    np.testing.assert_allclose(three_US - none_US, 3 * (one_US - none_US), atol=1e-12)


def test_the_time_effect_changes_labels_and_no_exposure() -> None:
    weak, strong = (pa.concat_tables(exposures_by_day(world_of(time_effect=effect))) for effect in (0, 2))
    shown = ["user_id", "item_id", "timestamp_ms", "request_id"]
    assert weak.select(shown).equals(strong.select(shown))
    assert not weak["true_finish"].equals(strong["true_finish"])


def test_what_is_common_is_the_same_for_all() -> None:
    users = world_of(common_share=1.0).users
    for each in (
        users.taste_2UGV[:, :, 1:],
        users.repertoire_2UGW,
        users.peak_seconds_UG[None],
        users.width_seconds_UG[None],
        users.renewed_day_UGW[None],
    ):
        np.testing.assert_array_equal(each, np.broadcast_to(each[:, :1], each.shape))


def test_what_is_not_of_the_moment_stays_each_users_own() -> None:
    own, common = (world_of(common_share=share) for share in (0.0, 1.0))
    np.testing.assert_array_equal(common.users.taste_2UGV[:, :, 0], own.users.taste_2UGV[:, :, 0])
    for name in ("zone_U", "activity_U", "bias_U"):
        np.testing.assert_array_equal(getattr(common.users, name), getattr(own.users, name))
    for field in fields(own.songs):
        np.testing.assert_array_equal(getattr(common.songs, field.name), getattr(own.songs, field.name))


@pytest.mark.parametrize("common_share", [0.25, 0.5, 0.75])
def test_tastes_are_as_wide_however_much_of_them_is_common(common_share: float) -> None:
    """Over many worlds: within one, what is common is a single draw."""
    size = replace(SIZE, users=2)
    square, together = [], []
    for seed in range(120):
        truth = SimulatorTruth(common_share=common_share)
        taste_2GV = build_world(size=size, truth=truth, seed=seed).users.taste_2UGV[0, :, 1:]
        square.append((taste_2GV[0, :, :18] ** 2).mean())
        together.append((taste_2GV[0, :, :18] * taste_2GV[1, :, :18]).mean())
    genre_std = SimulatorTruth().attributes["genre"].moment_std
    assert np.mean(square) == pytest.approx(genre_std**2, rel=0.06)
    assert np.mean(together) == pytest.approx(common_share * genre_std**2, rel=0.15)


def test_half_of_a_repertoire_is_common() -> None:
    repertoire_UGW = world_of(common_share=0.5).users.repertoire_2UGW[0]
    same_W = (repertoire_UGW == repertoire_UGW[:1]).all(axis=(0, 1))
    assert same_W.tolist() == [True] * 10 + [False] * 10
