"""How much the local hour tells about what is engaged with: mutual information, shuffle-corrected.

What is shuffled is when sittings begin. An hour of one artist is one choice of an artist, not twenty that
agree on their hour; were single events shuffled, what holds a sitting together would pass for a preference of
its hour.

Shapes: ``E`` events, ``P`` pairs of an event and one of its values, ``T`` sittings, ``U`` users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["BitsWithinUsers", "EventHours", "hour_information_bits", "hour_information_within_users"]

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class EventHours:
    """Events in time order with their hours, sittings and values, as codes counted from 0.

    Args:
        user_E: (E,) integers, the user's code.
        hour_E: (E,) integers, the local hour, 0..23.
        sitting_E: (E,) integers, the sitting's number; no two users share one.
        event_P: (P,) integers, which event a pair belongs to.
        value_P: (P,) integers, the code of the value in it.

    Example:
        >>> two = np.array([0, 1])
        >>> EventHours(user_E=two, hour_E=two, sitting_E=two, event_P=two, value_P=two).hour_E.tolist()
        [0, 1]
    """

    user_E: Ints
    hour_E: Ints
    sitting_E: Ints
    event_P: Ints
    value_P: Ints


@dataclass(frozen=True, kw_only=True)
class BitsWithinUsers:
    """Bits the hour tells once the user is known, and the interval over users, 95%; NaN of a single user.

    Example:
        >>> BitsWithinUsers(bits=0.3, low=0.2, high=0.4).bits
        0.3
    """

    bits: float
    low: float
    high: float


def hour_information_bits(events: EventHours, *, permutations: int = 5, seed: int = 0) -> float:
    r"""Mutual information of local hour and value over all pairs, less its mean under shuffled sittings.

    .. math:: I(h; v) = H(h) + H(v) - H(h, v)

    Sittings exchange the hours at which they begin, whoever's they are, and each event stays as many hours
    behind its sitting's first; what remains is the bias of counting few sittings in many cells. The
    difference may fall slightly below 0 where there is nothing to tell.

    Args:
        events: events and their values.
        permutations: shuffles to average over.
        seed: of the shuffles.

    Example:
        >>> half, each = np.repeat([0, 1], 500), np.arange(1000)
        >>> events = EventHours(user_E=half * 0, hour_E=half * 12, sitting_E=each, event_P=each, value_P=half)
        >>> round(hour_information_bits(events), 2)
        1.0
        >>> together = replace(events, sitting_E=half)                # two sittings: nothing can be said
        >>> round(hour_information_bits(together), 2)
        0.0
    """
    alone = replace(events, user_E=np.zeros_like(events.user_E))
    return hour_information_within_users(alone, permutations=permutations, seed=seed).bits


def hour_information_within_users(
    events: EventHours, *, permutations: int = 5, seed: int = 0
) -> BitsWithinUsers:
    r"""Mutual information of local hour and value given the user, less its mean under shuffled sittings.

    .. math:: I(h; v \mid u) = \sum_u \frac{n_u}{n} I_u(h; v)

    Sittings exchange their first hours with others of their user, as ``hour_information_bits`` has it. The
    interval is from how far users lie apart: what other users of this kind would show.

    Args:
        events: events and their values.
        permutations: shuffles to average over.
        seed: of the shuffles.

    Example:
        >>> half, each = np.repeat([0, 1], 500), np.arange(1000)
        >>> by_user = EventHours(user_E=half, hour_E=half * 12, sitting_E=each, event_P=each, value_P=half)
        >>> round(hour_information_within_users(by_user).bits, 2)     # the user tells it all already
        0.0
    """
    if not len(events.value_P):
        return BitsWithinUsers(bits=0.0, low=math.nan, high=math.nan)
    random = np.random.default_rng(seed)
    bits_U = _weighted_bits(events, events.hour_E)
    for _ in range(permutations):
        bits_U = bits_U - _weighted_bits(events, _sittings_shuffled(events, random)) / permutations
    return _over_users(bits_U, np.bincount(events.user_E[events.event_P]).astype(np.float64))


def _over_users(bits_U: Floats, pairs_U: Floats) -> BitsWithinUsers:
    bits = float(bits_U.sum() / pairs_U.sum())
    users = np.count_nonzero(pairs_U)
    if users < 2:
        return BitsWithinUsers(bits=bits, low=math.nan, high=math.nan)
    beyond_U = bits_U - bits * pairs_U
    deviation = math.sqrt(float((beyond_U**2).sum()) * users / (users - 1)) / float(pairs_U.sum())
    half = float(stdtrit(users - 1, (1 + CONFIDENCE) / 2)) * deviation
    return BitsWithinUsers(bits=bits, low=bits - half, high=bits + half)


def _weighted_bits(events: EventHours, hour_E: Ints) -> Floats:
    """Bits within each user times the user's pairs, (U,)."""
    user_P, hour_P = events.user_E[events.event_P].astype(np.int64), hour_E[events.event_P]
    value_P = events.value_P
    values = int(value_P.max()) + 1
    user_hour_P = user_P * 24 + hour_P
    together_U = _n_log_n(user_hour_P * values + value_P, 24 * values) - _n_log_n(user_hour_P, 24)
    return together_U - _n_log_n(user_P * values + value_P, values) + _n_log_n(user_P, 1)


def _n_log_n(code_P: Ints, of_a_user: int) -> Floats:
    """Sum over the codes of a user of n log2 n, n being how often each is there, (U,)."""
    code, times = np.unique(code_P, return_counts=True)
    weighted = (times * np.log2(times)).astype(np.float64)
    sum_U: Floats = np.bincount(code // of_a_user, weighted).astype(np.float64)
    return sum_U


def _sittings_shuffled(events: EventHours, random: np.random.Generator) -> Ints:
    """Hours of events whose sittings begin when another of the same user does, (E,)."""
    _, first_T, place_E = np.unique(events.sitting_E, return_index=True, return_inverse=True)
    user_T, begins_T = events.user_E[first_T], events.hour_E[first_T]
    place_T = np.argsort(user_T, kind="stable")
    drawn_T = np.lexsort((random.random(len(place_T)), user_T))
    later_T = np.empty_like(begins_T)
    later_T[place_T] = begins_T[drawn_T] - begins_T[place_T]
    shuffled_E: Ints = (events.hour_E + later_T[place_E]) % 24
    return shuffled_E
