"""The songs and the listeners of a simulated service, drawn once from a seed.

Axes: ``S`` songs, ``U`` users, ``V`` values of all attributes, ``G`` a user's moments, ``W`` songs of one
repertoire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from interestclock.errors import ConfigError
from interestclock.simulator.truth import AttributeTruth, SimulatorSize, SimulatorTruth

__all__ = ["START_MS", "Songs", "Users", "World", "build_world", "random_stream"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

START_MS = 1_704_067_200_000  # Monday, 1 January 2024, UTC

# Which part of the world a stream of random numbers makes; a day's stream is (DAYS, day), or (DAYS, day, log)
# in every log of a world but the first; who is ranked for on a day and what they do stands under LIVE.
SONGS, USERS, DAYS, COMMON, LIVE, AWAY = 0, 1, 2, 3, 4, 5


@dataclass(frozen=True, kw_only=True)
class Songs:
    """What songs are: ``carries_SV`` true where a song has a value; ``share_SV`` splits 1 among them."""

    carries_SV: npt.NDArray[np.bool_]
    share_SV: Floats
    quality_S: Floats
    popularity_S: Floats
    duration_ms_S: Ints


@dataclass(frozen=True, kw_only=True)
class Users:
    """Who listens. Tastes and repertoires have a first and a second state; the year moves between them.

    ``taste_2UGV``: a user's taste at each of the G moments (what the moment adds), after the general
    taste at place 0, hence G + 1 places. ``renewed_day_UGW``: when a repertoire's song is replaced.
    """

    zone_U: Ints
    activity_U: Floats
    bias_U: Floats
    taste_2UGV: Floats
    peak_seconds_UG: Floats
    width_seconds_UG: Floats
    repertoire_2UGW: Ints
    renewed_day_UGW: Floats


@dataclass(frozen=True, kw_only=True)
class World:
    """A service before its first day."""

    seed: int
    size: SimulatorSize
    truth: SimulatorTruth
    songs: Songs
    users: Users


def random_stream(seed: int, *place: int) -> np.random.Generator:
    """Random numbers of one part of the world, independent of all other parts.

    Example:
        >>> random_stream(1, 2, 0).random() == random_stream(1, 2, 1).random()
        False
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=place)))


def build_world(*, size: SimulatorSize, truth: SimulatorTruth, seed: int) -> World:
    """Draw the songs, then the users.

    Args:
        size: how many of each. truth: how they are. seed: 0 or above; the same seed, the same world.

    Raises:
        ConfigError: the seed is negative, or there are fewer songs than a repertoire needs.

    Example:
        >>> from interestclock.simulator.truth import size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> world.users.repertoire_2UGW.shape
        (2, 30, 4, 20)
    """
    if seed < 0:
        raise ConfigError(f"seed is {seed}; give 0 or above")
    if max(truth.repertoire, truth.candidates) >= size.items:
        raise ConfigError(
            f"a repertoire of {truth.repertoire} songs does not fit among {size.items}; give more items"
        )
    if truth.recommended_from >= size.items:
        raise ConfigError(
            f"recommended_from is {truth.recommended_from} of {size.items} songs; give fewer, or more items"
        )
    songs = _songs(size, truth, random_stream(seed, SONGS))
    users = _users(size, truth, songs, seed)
    return World(seed=seed, size=size, truth=truth, songs=songs, users=users)


def attribute_slices(truth: SimulatorTruth) -> Iterator[tuple[str, AttributeTruth, slice]]:
    """Where each attribute's values stand on the axis V."""
    start = 0
    for name, attribute in truth.attributes.items():
        yield name, attribute, slice(start, start + len(attribute.values))
        start += len(attribute.values)


def _songs(size: SimulatorSize, truth: SimulatorTruth, random: np.random.Generator) -> Songs:
    quality_S = random.normal(0, truth.quality_std, size.items)
    # Good songs tend to be popular: rank by quality with as much noise again.
    rank_S = np.argsort(np.argsort(-quality_S - random.normal(0, truth.quality_std, size.items)))
    popularity_S = (rank_S + 1.0) ** -truth.zipf_exponent
    carries_SV = np.concatenate(
        [_carried(size.items, part, random) for part in truth.attributes.values()], axis=1
    )
    share_SV = carries_SV.astype(np.float64)
    for _, _, part in attribute_slices(truth):
        share_SV[:, part] /= share_SV[:, part].sum(axis=1, keepdims=True)
    return Songs(
        carries_SV=carries_SV,
        share_SV=share_SV,
        quality_S=quality_S,
        popularity_S=popularity_S / popularity_S.sum(),
        duration_ms_S=(200_000 * random.lognormal(0, 0.25, size.items)).astype(np.int64),
    )


def _carried(items: int, attribute: AttributeTruth, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """One value per song, and a second one for some; values are unequally common."""
    values = len(attribute.values)
    common_V = random.dirichlet(np.full(values, 3.0))
    order_SV = np.argsort(-np.log(common_V) - random.gumbel(size=(items, values)), axis=1)
    carried_SV = np.zeros((items, values), bool)
    carried_SV[np.arange(items), order_SV[:, 0]] = True
    second_S = np.flatnonzero(random.random(items) < attribute.extra_share)
    carried_SV[second_S, order_SV[second_S, 1]] = True
    return carried_SV


def _users(size: SimulatorSize, truth: SimulatorTruth, songs: Songs, seed: int) -> Users:
    """The same draws whatever is common to them; what is common comes from a stream of its own."""
    users = _drawn_users(size.users, truth, songs, random_stream(seed, USERS))
    if not truth.common_share:
        return users
    everyone = _drawn_users(1, truth, songs, random_stream(seed, COMMON))
    return _with_common_moments(users, everyone, truth)


def _with_common_moments(users: Users, everyone: Users, truth: SimulatorTruth) -> Users:
    """Moments at one and the same hours, a part of what they add and of their repertoires the same for all.

    Own and common taste are independent and equally wide: the variance of their sum is that of either.
    """
    common, own = np.sqrt(truth.common_share), np.sqrt(1 - truth.common_share)
    taste_2UGV = users.taste_2UGV.copy()
    taste_2UGV[:, :, 1:] = common * everyone.taste_2UGV[:, :, 1:] + own * taste_2UGV[:, :, 1:]
    repertoire_2UGW, renewed_day_UGW = users.repertoire_2UGW.copy(), users.renewed_day_UGW.copy()
    common_songs = round(truth.common_share * truth.repertoire)
    repertoire_2UGW[..., :common_songs] = everyone.repertoire_2UGW[..., :common_songs]
    renewed_day_UGW[..., :common_songs] = everyone.renewed_day_UGW[..., :common_songs]
    return replace(
        users,
        taste_2UGV=taste_2UGV,
        peak_seconds_UG=np.broadcast_to(everyone.peak_seconds_UG, users.peak_seconds_UG.shape),
        width_seconds_UG=np.broadcast_to(everyone.width_seconds_UG, users.width_seconds_UG.shape),
        repertoire_2UGW=repertoire_2UGW,
        renewed_day_UGW=renewed_day_UGW,
    )


def _drawn_users(U: int, truth: SimulatorTruth, songs: Songs, random: np.random.Generator) -> Users:
    G = truth.moments
    shares = np.array(list(truth.zones.values()))
    activity_U = random.lognormal(0, truth.activity_sigma, U)
    hours_UG = _moment_hours(U, truth, random)
    narrow, wide = truth.moment_width_hours
    taste_2UGV = _tastes(U, truth, random)
    return Users(
        zone_U=random.choice(len(shares), U, p=shares / shares.sum()),
        activity_U=activity_U / activity_U.sum(),
        bias_U=random.normal(0, truth.bias_std, U),
        taste_2UGV=taste_2UGV,
        peak_seconds_UG=hours_UG % 24 * 3600,
        width_seconds_UG=random.uniform(narrow, wide, (U, G)) * 3600,
        repertoire_2UGW=_repertoires(taste_2UGV, truth, songs, random),
        renewed_day_UGW=random.random((U, G, truth.repertoire)) * 365 / truth.repertoire_renewed_share,
    )


def _moment_hours(users: int, truth: SimulatorTruth, random: np.random.Generator) -> Floats:
    anchors = np.array(truth.moment_hours)
    chosen_UG = np.argsort(random.random((users, len(anchors))), axis=1)[:, : truth.moments]
    return anchors[chosen_UG] + random.normal(0, truth.moment_jitter_hours, chosen_UG.shape)


def _tastes(users: int, truth: SimulatorTruth, random: np.random.Generator) -> Floats:
    tastes = []
    for attribute in truth.attributes.values():
        spread_G = np.array([attribute.taste_std] + [attribute.moment_std] * truth.moments)
        shape = (2, users, truth.moments + 1, len(attribute.values))
        tastes.append(random.normal(size=shape) * spread_G[:, None])
    return np.concatenate(tastes, axis=3)


def _repertoires(
    taste_2UGV: Floats, truth: SimulatorTruth, songs: Songs, random: np.random.Generator
) -> Ints:
    """Songs a user replays at a moment: likely ones are popular and fit the taste of that moment."""
    _, U, places, _ = taste_2UGV.shape
    repertoire_2UGW = np.empty((2, U, places - 1, truth.repertoire), np.int64)
    log_popularity_S = np.log(songs.popularity_S)
    for user in range(U):  # one user at a time: (2, G, S) numbers fit in memory at any size
        taste_2GV = taste_2UGV[:, user, :1] + taste_2UGV[:, user, 1:]
        fit_2GS = truth.repertoire_fit * taste_2GV @ songs.share_SV.T + log_popularity_S / 2
        drawn_2GS = fit_2GS + random.gumbel(size=fit_2GS.shape)
        best_2GW = np.argpartition(-drawn_2GS, truth.repertoire, axis=2)[..., : truth.repertoire]
        repertoire_2UGW[:, user] = np.sort(best_2GW, axis=2)
    return repertoire_2UGW
