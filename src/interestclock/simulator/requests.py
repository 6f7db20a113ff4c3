"""When a day's users ask for songs, and which songs they are offered.

Axes: ``M`` requests of a day in time order, ``C`` candidates, ``U`` users, ``G`` moments, ``W`` songs of
a repertoire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.simulator.preferences import repertoire_on
from interestclock.simulator.recommender import recommended
from interestclock.simulator.world import AWAY, START_MS, World, random_stream
from interestclock.timeofday import DAY_MS, DAY_SECONDS, seconds_of_day, zone_offset_minutes

__all__ = ["DayOfRequests", "requests_of_day"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DayOfRequests:
    """The requests of one UTC day in time order; ``second_M`` is local, ``zone_M`` a place in the zones."""

    user_M: Ints
    timestamp_ms_M: Ints
    second_M: Ints
    zone_M: Ints
    item_MC: Ints


def requests_of_day(world: World, day: int, random: np.random.Generator) -> DayOfRequests:
    """Draw a day's requests and their candidates.

    Args:
        world: the service. day: from 0. random: the day's own stream.
    """
    mean_U = world.users.activity_U * world.size.exposures_per_day / world.truth.candidates
    if world.truth.away_share:
        mean_U = mean_U * _presence_of_users(world, day)
    user_M = np.repeat(np.arange(world.size.users), random.poisson(mean_U))
    wanted_second_M = _local_seconds(world, user_M, random)
    zone_M = world.users.zone_U[user_M]
    timestamp_ms_M, second_M = _timestamps(world, day, zone_M, wanted_second_M, random)
    pool = world.truth.recommended_from or world.truth.candidates
    item_MC = _candidates(world, day, user_M, random, count=pool)
    if world.truth.recommended_from:
        item_MC = recommended(world, item_MC, day=day, user_M=user_M, second_M=second_M, random=random)
    order_M = np.argsort(timestamp_ms_M, kind="stable")
    return DayOfRequests(
        user_M=user_M[order_M],
        timestamp_ms_M=timestamp_ms_M[order_M],
        second_M=second_M[order_M],
        zone_M=zone_M[order_M],
        item_MC=item_MC[order_M],
    )


def _presence_of_users(world: World, day: int) -> npt.NDArray[np.float64]:
    """0 for who is away on a day; the others come more often, so that as many requests are made."""
    random, share = random_stream(world.seed, AWAY), world.truth.away_share
    every_U = random.integers(20, 61, world.size.users)
    since_U = (day + random.integers(0, 60, world.size.users)) % every_U
    return np.where(since_U < np.rint(share * every_U), 0.0, 1 / (1 - share))


def _local_seconds(world: World, user_M: Ints, random: np.random.Generator) -> Ints:
    """Local second of the day at which each request wants to happen."""
    truth, users = world.truth, world.users
    weight_24 = np.array(truth.hour_activity, np.float64)
    hour_M = random.choice(24, len(user_M), p=weight_24 / weight_24.sum())
    any_time_M = hour_M * 3600 + random.integers(0, 3600, len(user_M))
    moment_M = random.integers(0, truth.moments, len(user_M))
    peak_M, width_M = users.peak_seconds_UG[user_M, moment_M], users.width_seconds_UG[user_M, moment_M]
    near_moment_M = np.rint(peak_M + width_M * random.normal(size=len(user_M))).astype(np.int64) % DAY_SECONDS
    at_moment_M = random.random(len(user_M)) < truth.at_moment_share
    return np.where(at_moment_M, near_moment_M, any_time_M)


def _timestamps(
    world: World, day: int, zone_M: Ints, wanted_second_M: Ints, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """UTC milliseconds within the day, and the local second that the zone then really shows.

    On the two days a year when a zone changes its clocks, the two differ by an hour for some requests.
    """
    start_ms = START_MS + day * DAY_MS
    timestamp_ms_M = random.integers(0, 1000, len(zone_M))
    second_M = np.zeros(len(zone_M), np.int64)
    for place, zone in enumerate(world.truth.zones):
        here_M = np.flatnonzero(zone_M == place)
        noon_offset = int(zone_offset_minutes(np.array([start_ms + DAY_MS // 2]), zone)[0]) * 60
        timestamp_ms_M[here_M] += start_ms + (wanted_second_M[here_M] - noon_offset) % DAY_SECONDS * 1000
        offset_minutes = zone_offset_minutes(timestamp_ms_M[here_M], zone)
        second_M[here_M] = seconds_of_day(timestamp_ms_M[here_M], offset_minutes)
    return timestamp_ms_M, second_M


def _candidates(world: World, day: int, user_M: Ints, random: np.random.Generator, *, count: int) -> Ints:
    """(M, count) different songs: popular ones, the user's repertoires' of any moment, random ones."""
    truth, shape = world.truth, (len(user_M), count)
    item_MC = random.integers(0, world.size.items, shape)
    source_MC = random.random(shape)
    heights_S = np.cumsum(world.songs.popularity_S)
    popular_MC = np.searchsorted(heights_S / heights_S[-1], random.random(shape), side="right")
    own_MC = _from_repertoires(world, day, user_M, random, count=count)
    item_MC = np.where(source_MC < truth.popular_share + truth.repertoire_share, own_MC, item_MC)
    item_MC = np.where(source_MC < truth.popular_share, popular_MC, item_MC)
    while (again_MC := _repeats(item_MC)).any():
        item_MC[again_MC] = random.integers(0, world.size.items, int(again_MC.sum()))
    return item_MC


def _from_repertoires(
    world: World, day: int, user_M: Ints, random: np.random.Generator, *, count: int
) -> Ints:
    shape = (len(user_M), count)
    moment_MC = random.integers(0, world.truth.moments, shape)
    song_MC = random.integers(0, world.truth.repertoire, shape)
    return repertoire_on(world, day, user_M)[np.arange(len(user_M))[:, None], moment_MC, song_MC]


def _repeats(item_MC: Ints) -> npt.NDArray[np.bool_]:
    """True where an earlier candidate of the same request is the same song."""
    same_MCC = item_MC[:, :, None] == item_MC[:, None, :]
    return np.asarray(np.tril(same_MCC, k=-1).any(axis=2))
