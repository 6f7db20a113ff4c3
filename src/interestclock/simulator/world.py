"""The songs and the listeners of a simulated service, drawn once from a seed.

Axes: ``I`` songs, ``U`` users, ``V`` values of all attributes, ``M`` a user's moments, ``K`` songs of one
repertoire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.errors import ConfigError
from interestclock.simulator.truth import AttributeTruth, SimulatorSize, SimulatorTruth

__all__ = ["Songs", "Users", "World", "build_world", "random_stream"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Which part of the world a stream of random numbers makes; a day's stream is (DAYS, day).
SONGS, USERS, DAYS = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Songs:
    """What songs are: ``carries_IV`` true where a song has a value; ``share_IV`` splits 1 among them."""

    carries_IV: npt.NDArray[np.bool_]
    share_IV: Floats
    quality_I: Floats
    popularity_I: Floats
    duration_ms_I: Ints


@dataclass(frozen=True, kw_only=True)
class Users:
    """Who listens. Tastes and repertoires have a first and a second state; the year moves between them.

    ``taste_2UMV``: a user's taste at each of the M moments (what the moment adds), after the general
    taste at place 0, hence M + 1 places. ``renewed_day_UMK``: when a repertoire's song is replaced.
    """

    zone_U: Ints
    activity_U: Floats
    bias_U: Floats
    taste_2UMV: Floats
    peak_seconds_UM: Floats
    width_seconds_UM: Floats
    repertoire_2UMK: Ints
    renewed_day_UMK: Floats


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
        >>> world.users.repertoire_2UMK.shape
        (2, 30, 4, 20)
    """
    if seed < 0:
        raise ConfigError(f"seed is {seed}; give 0 or above")
    if max(truth.repertoire, truth.candidates) >= size.items:
        raise ConfigError(
            f"a repertoire of {truth.repertoire} songs does not fit among {size.items}; give more items"
        )
    songs = _songs(size, truth, random_stream(seed, SONGS))
    users = _users(size, truth, songs, random_stream(seed, USERS))
    return World(seed=seed, size=size, truth=truth, songs=songs, users=users)


def attribute_slices(truth: SimulatorTruth) -> Iterator[tuple[str, AttributeTruth, slice]]:
    """Where each attribute's values stand on the axis V."""
    start = 0
    for name, attribute in truth.attributes.items():
        yield name, attribute, slice(start, start + len(attribute.values))
        start += len(attribute.values)


def _songs(size: SimulatorSize, truth: SimulatorTruth, random: np.random.Generator) -> Songs:
    quality_I = random.normal(0, truth.quality_std, size.items)
    # Good songs tend to be popular: rank by quality with as much noise again.
    rank_I = np.argsort(np.argsort(-quality_I - random.normal(0, truth.quality_std, size.items)))
    popularity_I = (rank_I + 1.0) ** -truth.zipf_exponent
    carries_IV = np.concatenate(
        [_carried(size.items, part, random) for part in truth.attributes.values()], axis=1
    )
    share_IV = carries_IV.astype(np.float64)
    for _, _, part in attribute_slices(truth):
        share_IV[:, part] /= share_IV[:, part].sum(axis=1, keepdims=True)
    return Songs(
        carries_IV=carries_IV,
        share_IV=share_IV,
        quality_I=quality_I,
        popularity_I=popularity_I / popularity_I.sum(),
        duration_ms_I=(200_000 * random.lognormal(0, 0.25, size.items)).astype(np.int64),
    )


def _carried(items: int, attribute: AttributeTruth, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """One value per song, and a second one for some; values are unequally common."""
    values = len(attribute.values)
    common_V = random.dirichlet(np.full(values, 3.0))
    order_IV = np.argsort(-np.log(common_V) - random.gumbel(size=(items, values)), axis=1)
    carried_IV = np.zeros((items, values), bool)
    carried_IV[np.arange(items), order_IV[:, 0]] = True
    second_I = np.flatnonzero(random.random(items) < attribute.extra_share)
    carried_IV[second_I, order_IV[second_I, 1]] = True
    return carried_IV


def _users(size: SimulatorSize, truth: SimulatorTruth, songs: Songs, random: np.random.Generator) -> Users:
    U, M = size.users, truth.moments
    shares = np.array(list(truth.zones.values()))
    activity_U = random.lognormal(0, truth.activity_sigma, U)
    hours_UM = _moment_hours(U, truth, random)
    narrow, wide = truth.moment_width_hours
    taste_2UMV = _tastes(U, truth, random)
    return Users(
        zone_U=random.choice(len(shares), U, p=shares / shares.sum()),
        activity_U=activity_U / activity_U.sum(),
        bias_U=random.normal(0, truth.bias_std, U),
        taste_2UMV=taste_2UMV,
        peak_seconds_UM=hours_UM % 24 * 3600,
        width_seconds_UM=random.uniform(narrow, wide, (U, M)) * 3600,
        repertoire_2UMK=_repertoires(taste_2UMV, truth, songs, random),
        renewed_day_UMK=random.random((U, M, truth.repertoire)) * 365 / truth.repertoire_renewed_share,
    )


def _moment_hours(users: int, truth: SimulatorTruth, random: np.random.Generator) -> Floats:
    anchors = np.array(truth.moment_hours)
    chosen_UM = np.argsort(random.random((users, len(anchors))), axis=1)[:, : truth.moments]
    return anchors[chosen_UM] + random.normal(0, truth.moment_jitter_hours, chosen_UM.shape)


def _tastes(users: int, truth: SimulatorTruth, random: np.random.Generator) -> Floats:
    tastes = []
    for attribute in truth.attributes.values():
        spread_M = np.array([attribute.taste_std] + [attribute.moment_std] * truth.moments)
        shape = (2, users, truth.moments + 1, len(attribute.values))
        tastes.append(random.normal(size=shape) * spread_M[:, None])
    return np.concatenate(tastes, axis=3)


def _repertoires(
    taste_2UMV: Floats, truth: SimulatorTruth, songs: Songs, random: np.random.Generator
) -> Ints:
    """Songs a user replays at a moment: likely ones are popular and fit the taste of that moment."""
    _, U, places, _ = taste_2UMV.shape
    repertoire_2UMK = np.empty((2, U, places - 1, truth.repertoire), np.int64)
    log_popularity_I = np.log(songs.popularity_I)
    for user in range(U):  # one user at a time: (2, M, I) numbers fit in memory at any size
        taste_2MV = taste_2UMV[:, user, :1] + taste_2UMV[:, user, 1:]
        fit_2MI = truth.repertoire_fit * taste_2MV @ songs.share_IV.T + log_popularity_I / 2
        drawn_2MI = fit_2MI + random.gumbel(size=fit_2MI.shape)
        best_2MK = np.argpartition(-drawn_2MI, truth.repertoire, axis=2)[..., : truth.repertoire]
        repertoire_2UMK[:, user] = np.sort(best_2MK, axis=2)
    return repertoire_2UMK
