from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.simulator import (
    SimulatorTruth,
    World,
    build_world,
    finish_utility,
    label_probabilities,
    size_named,
)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=3)


def utility_by_loops(world: World, day: int, user: int, second: int, item: int) -> float:
    truth, users, songs = world.truth, world.users, world.songs
    angle = 2 * math.pi * truth.drift_turns * day / 365
    z = truth.finish_base + users.bias_U[user] + songs.quality_S[item]
    replay = 0.0
    known = False
    for place in range(truth.moments + 1):
        presence = 1.0
        if place:
            gap = abs(users.peak_seconds_UG[user, place - 1] - second)
            gap = min(gap, 86_400 - gap)
            presence = math.exp(-(gap**2) / (2 * users.width_seconds_UG[user, place - 1] ** 2))
            for slot in range(truth.repertoire):
                renewed = users.renewed_day_UGW[user, place - 1, slot] <= day
                if users.repertoire_2UGW[int(renewed), user, place - 1, slot] == item:
                    known, replay = True, max(replay, presence)
        first, second_taste = users.taste_2UGV[:, user, place]
        for value, share in enumerate(songs.share_SV[item]):
            taste = math.cos(angle) * first[value] + math.sin(angle) * second_taste[value]
            z += presence * share * taste
    return z + truth.known * known + truth.wanted * replay


def test_utility_agrees_with_loops(world: World) -> None:
    random = np.random.default_rng(0)
    user_M = random.integers(0, 30, 40)
    second_M = random.integers(0, 86_400, 40)
    own_M = world.users.repertoire_2UGW[0, user_M, 1, 5]
    item_MC = np.stack([own_M, random.integers(0, 300, 40)], axis=1)
    found_MC = finish_utility(world, day=44, user_M=user_M, second_M=second_M, item_MC=item_MC)
    for row in range(40):
        for column in range(2):
            where = (int(user_M[row]), int(second_M[row]), int(item_MC[row, column]))
            assert found_MC[row, column] == pytest.approx(utility_by_loops(world, 44, *where), abs=1e-6)


def test_no_requests(world: World) -> None:
    none = np.zeros(0, np.int64)
    found_MC = finish_utility(world, day=0, user_M=none, second_M=none, item_MC=np.zeros((0, 4), np.int64))
    assert found_MC.shape == (0, 4)


def test_utility_is_continuous_over_midnight(world: World) -> None:
    user_M = np.arange(30).repeat(2)
    second_M = np.tile([86_399, 0], 30)
    item_MC = np.arange(60).reshape(30, 2).repeat(2, axis=0)
    z_MC = finish_utility(world, day=9, user_M=user_M, second_M=second_M, item_MC=item_MC)
    np.testing.assert_allclose(z_MC[::2], z_MC[1::2], atol=0.01)


@given(st.floats(-8, 8))
def test_labels_follow_from_their_conditions(z: float) -> None:
    chances = label_probabilities(np.array([z]), SimulatorTruth())
    assert 0 < chances.finish.item() < 1
    assert chances.finish.item() + chances.skip.item() < 1
    assert max(chances.like.item(), chances.comment.item()) < chances.finish.item()
    assert chances.dislike.item() < chances.skip.item()


def test_labels_hand_computed() -> None:
    truth = SimulatorTruth(skip_base=0, like_base=0, like_slope=0, dislike_base=0, comment_base=0)
    chances = label_probabilities(np.zeros(1), truth)
    found = [chances.finish, chances.skip, chances.like, chances.comment, chances.dislike]
    assert [chance.item() for chance in found] == [0.5, 0.25, 0.25, 0.25, 0.125]
