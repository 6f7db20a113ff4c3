"""When a day's users ask for songs, and which songs they are offered.

Axes: ``R`` requests of a day in time order, ``C`` candidates, ``U`` users, ``M`` moments, ``K`` songs of
a repertoire.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.simulator.preferences import repertoire_on
from interestclock.simulator.world import World
from interestclock.timeofday import DAY_MS, DAY_SECONDS, seconds_of_day, zone_offset_minutes

__all__ = ["START_MS", "DayOfRequests", "requests_of_day"]

Ints = npt.NDArray[np.int64]

START_MS = 1_704_067_200_000  # Monday, 1 January 2024, UTC


@dataclass(frozen=True, kw_only=True)
class DayOfRequests:
    """The requests of one UTC day in time order; ``second_R`` is local, ``zone_R`` a place in the zones."""

    user_R: Ints
    timestamp_ms_R: Ints
    second_R: Ints
    zone_R: Ints
    item_RC: Ints


def requests_of_day(world: World, day: int, random: np.random.Generator) -> DayOfRequests:
    """Draw a day's requests and their candidates.

    Args:
        world: the service. day: from 0. random: the day's own stream.
    """
    mean_U = world.users.activity_U * world.size.exposures_per_day / world.truth.candidates
    user_R = np.repeat(np.arange(world.size.users), random.poisson(mean_U))
    wanted_second_R = _local_seconds(world, user_R, random)
    zone_R = world.users.zone_U[user_R]
    timestamp_ms_R, second_R = _timestamps(world, day, zone_R, wanted_second_R, random)
    item_RC = _candidates(world, day, user_R, random)
    order_R = np.argsort(timestamp_ms_R, kind="stable")
    return DayOfRequests(
        user_R=user_R[order_R],
        timestamp_ms_R=timestamp_ms_R[order_R],
        second_R=second_R[order_R],
        zone_R=zone_R[order_R],
        item_RC=item_RC[order_R],
    )


def _local_seconds(world: World, user_R: Ints, random: np.random.Generator) -> Ints:
    """Local second of the day at which each request wants to happen."""
    truth, users = world.truth, world.users
    weight_24 = np.array(truth.hour_activity, np.float64)
    hour_R = random.choice(24, len(user_R), p=weight_24 / weight_24.sum())
    any_time_R = hour_R * 3600 + random.integers(0, 3600, len(user_R))
    moment_R = random.integers(0, truth.moments, len(user_R))
    peak_R, width_R = users.peak_seconds_UM[user_R, moment_R], users.width_seconds_UM[user_R, moment_R]
    near_moment_R = np.rint(peak_R + width_R * random.normal(size=len(user_R))).astype(np.int64) % DAY_SECONDS
    at_moment_R = random.random(len(user_R)) < truth.at_moment_share
    return np.where(at_moment_R, near_moment_R, any_time_R)


def _timestamps(
    world: World, day: int, zone_R: Ints, wanted_second_R: Ints, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """UTC milliseconds within the day, and the local second that the zone then really shows.

    On the two days a year when a zone changes its clocks, the two differ by an hour for some requests.
    """
    start_ms = START_MS + day * DAY_MS
    timestamp_ms_R = random.integers(0, 1000, len(zone_R))
    second_R = np.zeros(len(zone_R), np.int64)
    for place, zone in enumerate(world.truth.zones):
        here_R = np.flatnonzero(zone_R == place)
        noon_offset = int(zone_offset_minutes(np.array([start_ms + DAY_MS // 2]), zone)[0]) * 60
        timestamp_ms_R[here_R] += start_ms + (wanted_second_R[here_R] - noon_offset) % DAY_SECONDS * 1000
        offset_minutes = zone_offset_minutes(timestamp_ms_R[here_R], zone)
        second_R[here_R] = seconds_of_day(timestamp_ms_R[here_R], offset_minutes)
    return timestamp_ms_R, second_R


def _candidates(world: World, day: int, user_R: Ints, random: np.random.Generator) -> Ints:
    """(R, C) different songs: popular ones, songs of the user's repertoires at any moment, random ones."""
    truth, shape = world.truth, (len(user_R), world.truth.candidates)
    item_RC = random.integers(0, world.size.items, shape)
    source_RC = random.random(shape)
    heights_I = np.cumsum(world.songs.popularity_I)
    popular_RC = np.searchsorted(heights_I / heights_I[-1], random.random(shape), side="right")
    own_RC = _from_repertoires(world, day, user_R, random)
    item_RC = np.where(source_RC < truth.popular_share + truth.repertoire_share, own_RC, item_RC)
    item_RC = np.where(source_RC < truth.popular_share, popular_RC, item_RC)
    while (again_RC := _repeats(item_RC)).any():
        item_RC[again_RC] = random.integers(0, world.size.items, int(again_RC.sum()))
    return item_RC


def _from_repertoires(world: World, day: int, user_R: Ints, random: np.random.Generator) -> Ints:
    shape = (len(user_R), world.truth.candidates)
    moment_RC = random.integers(0, world.truth.moments, shape)
    song_RC = random.integers(0, world.truth.repertoire, shape)
    return repertoire_on(world, day, user_R)[np.arange(len(user_R))[:, None], moment_RC, song_RC]


def _repeats(item_RC: Ints) -> npt.NDArray[np.bool_]:
    """True where an earlier candidate of the same request is the same song."""
    same_RCC = item_RC[:, :, None] == item_RC[:, None, :]
    return np.asarray(np.tril(same_RCC, k=-1).any(axis=2))
