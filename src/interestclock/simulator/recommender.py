"""The service's own recommender: which of the songs that could be shown it shows.

Axes: ``M`` requests, ``C`` candidates, ``P`` songs that are shown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.simulator.preferences import finish_utility
from interestclock.simulator.world import World

__all__ = ["recommended"]

Ints = npt.NDArray[np.int64]
_REQUESTS_AT_A_TIME = 8_192


def recommended(
    world: World, item_MC: Ints, *, day: int, user_M: Ints, second_M: Ints, random: np.random.Generator
) -> Ints:
    """The songs that seem best then and there, in the order in which they were offered.

    It ranks by the true utility of a finish with normal noise, but for the requests that it explores.

    Args:
        world: the service. item_MC: songs to pick from. day: since its start.
        user_M, second_M: whose requests, and when, local. random: the day's own stream.

    Returns:
        (M, P) songs, P the truth's ``candidates``.

    Example:
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> pool, first = np.arange(9)[None], np.zeros(1, np.int64)
        >>> recommended(
        ...     world, pool, day=0, user_M=first, second_M=first, random=np.random.default_rng(0)).shape
        (1, 4)
    """
    truth = world.truth
    score_MC = random.normal(0, truth.recommender_noise_std, item_MC.shape)
    explored_M = random.random(len(item_MC)) < truth.explored_share
    for start in range(0, len(item_MC), _REQUESTS_AT_A_TIME):
        some = slice(start, start + _REQUESTS_AT_A_TIME)
        utility_MC = finish_utility(
            world, day=day, user_M=user_M[some], second_M=second_M[some], item_MC=item_MC[some]
        )
        score_MC[some] += np.where(explored_M[some, None], 0, utility_MC)
    best_MP = np.sort(np.argsort(-score_MC, axis=1, kind="stable")[:, : truth.candidates], axis=1)
    return np.take_along_axis(item_MC, best_MP, axis=1)
