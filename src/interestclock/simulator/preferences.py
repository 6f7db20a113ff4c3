"""How much a user wants a song at a moment, and what follows from it.

Axes: ``M`` requests, ``C`` candidates, ``G`` moments, ``V`` attribute values, ``W`` songs of a repertoire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.simulator.truth import SimulatorTruth
from interestclock.simulator.world import START_MS, World
from interestclock.timeofday import DAY_MS, DAY_SECONDS, circular_gap_seconds, zone_offset_minutes

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


def finish_utility(world: World, *, day: int, user_M: Ints, second_M: Ints, item_MC: Ints) -> Floats:
    r"""Logit of the probability that a user finishes a song at a local time of day.

    .. math:: z = b + b_u + q_i + x_i^\top \Bigl(t_u + \sum_m w_m(\tau)\, t_{u,m}\Bigr)
        + \kappa\,[i \in R_u] + \omega \max_{m:\, i \in R_{u,m}} w_m(\tau), \qquad
        w_m(\tau) = \eta\, e^{-\delta(\tau, \mu_m)^2 / 2 \sigma_m^2}

    with :math:`\eta` the truth's ``time_effect``.

    Args:
        world: the service.
        day: days since its start; tastes and repertoires drift with it.
        user_M: (M,) users. second_M: (M,) their local seconds of day.
        item_MC: (M, C) songs.

    Returns:
        (M, C) float64.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> users, songs = np.array([0, 1]), np.array([[3, 4, 5], [3, 4, 5]])
        >>> finish_utility(world, day=0, user_M=users, second_M=np.array([0, 0]), item_MC=songs).shape
        (2, 3)
    """
    truth, songs, users = world.truth, world.songs, world.users
    presence_MG = _presence(world, day, user_M, second_M)
    taste_MGV = _taste_on(world, day, user_M)
    taste_MV = taste_MGV[:, 0] + np.einsum("rm,rmv->rv", presence_MG, taste_MGV[:, 1:])
    taste_MC = np.einsum("rcv,rv->rc", songs.share_SV[item_MC], taste_MV)
    owned_MCG = (repertoire_on(world, day, user_M)[:, None] == item_MC[:, :, None, None]).any(axis=3)
    replay_MC = truth.known * owned_MCG.any(axis=2)
    replay_MC = replay_MC + truth.wanted * (owned_MCG * presence_MG[:, None]).max(axis=2)
    level_MC = truth.finish_base + users.bias_U[user_M][:, None] + songs.quality_S[item_MC]
    return np.asarray(level_MC + taste_MC + replay_MC)


def repertoire_on(world: World, day: int, user_M: Ints) -> Ints:
    """(M, G, W) songs of each moment's repertoire on a day."""
    first, second = world.users.repertoire_2UGW[:, user_M]
    return np.asarray(np.where(world.users.renewed_day_UGW[user_M] <= day, second, first))


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


def _presence(world: World, day: int, user_M: Ints, second_M: Ints) -> Floats:
    """(M, G) how much each moment adds at a local time; ``time_effect`` at its peak."""
    if world.truth.weekend_hours_later:
        later_M = _at_weekend(world, day, user_M, second_M) * round(world.truth.weekend_hours_later * 3600)
        second_M = (second_M - later_M) % DAY_SECONDS
    gap_MG = circular_gap_seconds(world.users.peak_seconds_UG[user_M], second_M[:, None].astype(np.float64))
    near_MG = np.exp(-0.5 * (gap_MG / world.users.width_seconds_UG[user_M]) ** 2)
    return np.asarray(world.truth.time_effect * near_MG)


def _at_weekend(world: World, day: int, user_M: Ints, second_M: Ints) -> npt.NDArray[np.bool_]:
    """(M,) whether it is Saturday or Sunday where the user is, by the zone's offset at noon (UTC)."""
    noon_ms = np.array([START_MS + day * DAY_MS + DAY_MS // 2])
    offsets = np.array([int(zone_offset_minutes(noon_ms, zone)[0]) * 60 for zone in world.truth.zones])
    offset_M = offsets[world.users.zone_U[user_M]]
    local_day_M = day + ((second_M - offset_M) % DAY_SECONDS + offset_M) // DAY_SECONDS
    return np.asarray(local_day_M % 7 >= 5)  # the world begins on a Monday


def _taste_on(world: World, day: int, user_M: Ints) -> Floats:
    """(M, G + 1, V) tastes on a day: they turn from the first towards the second, at equal spread."""
    angle = 2 * np.pi * world.truth.drift_turns * day / 365
    first, second = world.users.taste_2UGV[:, user_M]
    return np.asarray(np.cos(angle) * first + np.sin(angle) * second)


def _logistic(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))
