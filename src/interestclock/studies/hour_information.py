"""How much the local hour tells about what is engaged with: mutual information, shuffle-corrected.

Shapes: ``E`` events, ``P`` pairs of an event and one of its values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["EventHours", "hour_information_bits", "hour_information_within_users_bits"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class EventHours:
    """Events with their hours and values, as codes counted from 0.

    Args:
        user_E: (E,) int64, the user's code.
        hour_E: (E,) int64, the local hour, 0..23.
        event_P: (P,) int64, which event a pair belongs to.
        value_P: (P,) int64, the code of the value in it.

    Example:
        >>> ones = np.array([0, 1])
        >>> EventHours(user_E=ones, hour_E=ones, event_P=ones, value_P=ones).hour_E.tolist()
        [0, 1]
    """

    user_E: Ints
    hour_E: Ints
    event_P: Ints
    value_P: Ints


def hour_information_bits(events: EventHours, *, permutations: int = 5, seed: int = 0) -> float:
    r"""Mutual information of local hour and value over all pairs, less its mean under shuffled hours.

    .. math:: I(h; v) = H(h) + H(v) - H(h, v)

    Shuffling hours among events keeps both margins, so what remains under it is the bias of counting few
    events in many cells. The difference may fall slightly below 0 where there is nothing to tell.

    Args:
        events: events and their values.
        permutations: shuffles to average over.
        seed: of the shuffles.

    Example:
        >>> half = np.repeat([0, 1], 500)
        >>> events = EventHours(user_E=half * 0, hour_E=half * 12, event_P=np.arange(1000), value_P=half)
        >>> round(hour_information_bits(events), 2)
        1.0
    """
    nobody_E = np.zeros_like(events.user_E)
    alone = EventHours(user_E=nobody_E, hour_E=events.hour_E, event_P=events.event_P, value_P=events.value_P)
    return hour_information_within_users_bits(alone, permutations=permutations, seed=seed)


def hour_information_within_users_bits(events: EventHours, *, permutations: int = 5, seed: int = 0) -> float:
    r"""Mutual information of local hour and value given the user, less its mean under shuffled hours.

    .. math:: I(h; v \mid u) = H(u, h) + H(u, v) - H(u, h, v) - H(u)

    Hours are shuffled among the events of each user.

    Args:
        events: events and their values.
        permutations: shuffles to average over.
        seed: of the shuffles.

    Example:
        >>> half = np.repeat([0, 1], 500)
        >>> by_user = EventHours(user_E=half, hour_E=half * 12, event_P=np.arange(1000), value_P=half)
        >>> round(hour_information_within_users_bits(by_user), 2)     # the user tells it all already
        0.0
    """
    random = np.random.default_rng(seed)
    shuffled = [_bits(events, _shuffled_within_users(events, random)) for _ in range(permutations)]
    return _bits(events, events.hour_E) - (float(np.mean(shuffled)) if shuffled else 0.0)


def _bits(events: EventHours, hour_E: Ints) -> float:
    if not len(events.value_P):
        return 0.0
    user_P, hour_P, value_P = events.user_E[events.event_P], hour_E[events.event_P], events.value_P
    values = int(value_P.max()) + 1
    user_value_P, user_hour_P = user_P * values + value_P, user_P * 24 + hour_P
    apart = _entropy_bits(user_hour_P) + _entropy_bits(user_value_P)
    return apart - _entropy_bits(user_hour_P * values + value_P) - _entropy_bits(user_P)


def _entropy_bits(code_P: Ints) -> float:
    share = np.unique(code_P, return_counts=True)[1] / len(code_P)
    return float(-(share * np.log2(share)).sum())


def _shuffled_within_users(events: EventHours, random: np.random.Generator) -> Ints:
    place_E = np.argsort(events.user_E, kind="stable")
    drawn_E = np.lexsort((random.random(len(place_E)), events.user_E))
    hour_E = np.empty_like(events.hour_E)
    hour_E[place_E] = events.hour_E[drawn_E]
    return hour_E
