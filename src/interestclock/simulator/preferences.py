"""How much a user wants a song at a moment, and what follows from it.

Axes: ``R`` requests, ``C`` candidates, ``M`` moments, ``V`` attribute values, ``K`` songs of a repertoire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.simulator.truth import SimulatorTruth
from interestclock.simulator.world import World
from interestclock.timeofday import circular_gap_seconds

__all__ = ["LabelProbabilities", "finish_utility", "label_probabilities", "repertoire_on"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LabelProbabilities:
    """The true probability of each label, not conditioned on any other. Arrays of one shape, float64."""

    finish: Floats
    skip: Floats
    like: Floats
    comment: Floats
    dislike: Floats


def finish_utility(world: World, *, day: int, user_R: Ints, second_R: Ints, item_RC: Ints) -> Floats:
    r"""Logit of the probability that a user finishes a song at a local time of day.

    .. math:: z = b + b_u + q_i + x_i^\top \Bigl(t_u + \sum_m w_m(\tau)\, t_{u,m}\Bigr)
        + \kappa\,[i \in R_u] + \omega \max_{m:\, i \in R_{u,m}} w_m(\tau), \qquad
        w_m(\tau) = e^{-\delta(\tau, \mu_m)^2 / 2 \sigma_m^2}

    Args:
        world: the service.
        day: days since its start; tastes and repertoires drift with it.
        user_R: (R,) users. second_R: (R,) their local seconds of day.
        item_RC: (R, C) songs.

    Returns:
        (R, C) float64.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> users, songs = np.array([0, 1]), np.array([[3, 4, 5], [3, 4, 5]])
        >>> finish_utility(world, day=0, user_R=users, second_R=np.array([0, 0]), item_RC=songs).shape
        (2, 3)
    """
    truth, songs, users = world.truth, world.songs, world.users
    presence_RM = _presence(world, user_R, second_R)
    taste_RMV = _taste_on(world, day, user_R)
    taste_RV = taste_RMV[:, 0] + np.einsum("rm,rmv->rv", presence_RM, taste_RMV[:, 1:])
    taste_RC = np.einsum("rcv,rv->rc", songs.share_IV[item_RC], taste_RV)
    owned_RCM = (repertoire_on(world, day, user_R)[:, None] == item_RC[:, :, None, None]).any(axis=3)
    replay_RC = truth.known * owned_RCM.any(axis=2)
    replay_RC = replay_RC + truth.wanted * (owned_RCM * presence_RM[:, None]).max(axis=2)
    level_RC = truth.finish_base + users.bias_U[user_R][:, None] + songs.quality_I[item_RC]
    return np.asarray(level_RC + taste_RC + replay_RC)


def repertoire_on(world: World, day: int, user_R: Ints) -> Ints:
    """(R, M, K) songs of each moment's repertoire on a day."""
    first, second = world.users.repertoire_2UMK[:, user_R]
    return np.asarray(np.where(world.users.renewed_day_UMK[user_R] <= day, second, first))


def label_probabilities(utility: Floats, truth: SimulatorTruth) -> LabelProbabilities:
    r"""Probabilities of all labels from the utility of the finish.

    .. math:: p_f = s(z), \quad p_s = (1 - p_f)\, s(a_s + b_s z), \quad p_l = p_f\, s(a_l + b_l z), \quad
        p_c = p_f\, s(a_c + b_c z), \quad p_d = p_s\, s(a_d + b_d z)

    with s the logistic function.

    Args:
        utility: z, float64, any shape.
        truth: bases a and slopes b.

    Example:
        >>> chances = label_probabilities(np.zeros(1), SimulatorTruth(skip_base=0.0))
        >>> chances.finish.item(), chances.skip.item()
        (0.5, 0.25)
    """
    finish = _logistic(utility)
    skip = (1 - finish) * _logistic(truth.skip_base + truth.skip_slope * utility)
    return LabelProbabilities(
        finish=finish,
        skip=skip,
        like=finish * _logistic(truth.like_base + truth.like_slope * utility),
        comment=finish * _logistic(truth.comment_base + truth.comment_slope * utility),
        dislike=skip * _logistic(truth.dislike_base + truth.dislike_slope * utility),
    )


def _presence(world: World, user_R: Ints, second_R: Ints) -> Floats:
    """(R, M) how much a local time belongs to each moment, 1 at its peak."""
    gap_RM = circular_gap_seconds(world.users.peak_seconds_UM[user_R], second_R[:, None].astype(np.float64))
    return np.asarray(np.exp(-0.5 * (gap_RM / world.users.width_seconds_UM[user_R]) ** 2))


def _taste_on(world: World, day: int, user_R: Ints) -> Floats:
    """(R, M + 1, V) tastes on a day: they turn from the first towards the second, at equal spread."""
    angle = 2 * np.pi * world.truth.drift_turns * day / 365
    first, second = world.users.taste_2UMV[:, user_R]
    return np.asarray(np.cos(angle) * first + np.sin(angle) * second)


def _logistic(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))
