"""Candidates for logs that hold choices only: what else could have been chosen just then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.defaults import CANDIDATES_BY_POPULARITY, CANDIDATES_FROM_OWN_PAST, OWN_PASTS
from interestclock.errors import ConfigError, check_numbers
from interestclock.histories import UserHistories
from interestclock.samples.past_choices import STREAMS_PER_SEED, Basket, PastChoices, uniform
from interestclock.state import FeatureState
from interestclock.state.choices import Choices

__all__ = ["CandidateConfig", "Candidates", "candidates_beside", "sample_candidates"]

# Shapes: N choices (rows of the log), C slots a choice, R rows that come out.

IntArray = npt.NDArray[np.integer]
_TRIES = 12
_SHUFFLE_STREAM = 999_983


@dataclass(frozen=True, kw_only=True)
class CandidateConfig:
    r"""How many candidates stand beside each choice, how they are drawn, and the seed of their draw.

    Of n own choices, ``recent`` draws the k-th newest (from 0) with the chance

    .. math:: P(k) = \ln\frac{k + 2}{k + 1} \Big/ \ln(n + 1), \qquad \text{about } \frac{1}{(k + 1) \ln n}

    Source: choices that are repeated fall with how long ago they were by a power law (Anderson et al., The
    Dynamics of Repeat Consumption, WWW 2014).

    Args:
        by_popularity: drawn from all users' choices so far, so in proportion to their number.
        from_own_past: drawn from the user's own choices so far.
        own_past: how: ``all-time``, likewise; ``recent``, the newest more often.
        seed: of the draw; the same seed gives the same candidates whatever the chunk size.

    Raises:
        ConfigError: a count is negative, both are 0, or there is no such draw from the own past.

    Example:
        >>> CandidateConfig().per_choice
        4
    """

    by_popularity: int = CANDIDATES_BY_POPULARITY
    from_own_past: int = CANDIDATES_FROM_OWN_PAST
    seed: int = 0
    own_past: str = OWN_PASTS[0]

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.own_past not in OWN_PASTS:
            raise ConfigError(f"own_past is '{self.own_past}'; give one of {', '.join(OWN_PASTS)}")
        if min(self.by_popularity, self.from_own_past) < 0 or self.per_choice == 0:
            raise ConfigError(
                f"{self.by_popularity} candidates by popularity and {self.from_own_past} from the own past: "
                "give counts of 0 or more, at least one of them above 0"
            )

    @property
    def per_choice(self) -> int:
        """Candidates sampled for one choice at most."""
        return self.by_popularity + self.from_own_past


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What stands beside each choice, the choice among it, shuffled; one row each.

    Args:
        choice_R: int64, which of the N choices a row belongs to, ascending.
        item_R: int32. chosen_R: bool, true on the choice itself.
    """

    choice_R: npt.NDArray[np.int64]
    item_R: npt.NDArray[np.int32]
    chosen_R: npt.NDArray[np.bool_]


def candidates_beside(
    choices: Mapping[str, IntArray], state: FeatureState, *, first_number: int, config: CandidateConfig
) -> tuple[Candidates, npt.NDArray[np.bool_]]:
    """Candidates as ``sample_candidates`` draws them from a state, for choices of items known to be chosen.

    Args:
        choices: slots ``user`` and ``item``, and ``timestamp_ms``, of all choices of these moments.
        state: of a log of choices. first_number: number of the first of these choices in the stream.

    Returns:
        The candidates; and which choices are scored: somebody was known to have chosen the item before.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> state = FeatureState(
        ...     LogSchema(labels=("visit",), positive_only=True), items=None, config=StateConfig())
        >>> first = {name: np.ones(1, np.int64) for name in ("user", "item", "timestamp_ms")}
        >>> candidates_beside(first, state, first_number=0, config=CandidateConfig())[1].tolist()
        [False]
    """
    assert state.choices is not None
    scored_N = state.choices.first_known_ms(choices["item"]) < choices["timestamp_ms"]
    candidates = sample_candidates(
        first_number=first_number,
        user_N=choices["user"],
        item_N=choices["item"],
        timestamp_ms_N=choices["timestamp_ms"],
        scored_N=scored_N,
        choices=state.choices,
        histories=state.user_histories,
        config=config,
    )
    return candidates, scored_N


def sample_candidates(
    *,
    first_number: int,
    user_N: IntArray,
    item_N: IntArray,
    timestamp_ms_N: IntArray,
    scored_N: npt.NDArray[np.bool_],
    choices: Choices,
    histories: UserHistories,
    config: CandidateConfig,
) -> Candidates:
    """Draw candidates for each choice that is scored, only from choices known strictly before it.

    Candidates of one choice differ from each other and from all that the user chose at that very
    time (the rest of a basket is no negative); where the past offers too few, a choice gets fewer.
    A draw depends on the seed and the choice's number in the stream alone.

    Args:
        first_number: number of the first of these choices in the stream.
        user_N, item_N, timestamp_ms_N: all choices of these moments; no user's moment is cut in two.
        scored_N: which of them get candidates.
        choices: of everyone. histories: each user's; with ``longest``, only so many of the newest are drawn
            from.

    Example:
        >>> nothing = np.zeros(1, dtype=np.int64)
        >>> drawn = sample_candidates(      # the first choice of a stream: nothing to draw from
        ...     first_number=0, user_N=nothing + 1, item_N=nothing + 7,
        ...     timestamp_ms_N=nothing, scored_N=np.ones(1, dtype=bool),
        ...     choices=Choices(), histories=UserHistories(), config=CandidateConfig())
        >>> drawn.item_R.tolist(), drawn.chosen_R.tolist()
        ([7], [True])
    """
    rows_N = np.flatnonzero(scored_N)
    number_N = (first_number + rows_N).astype(np.uint64)
    everyone = PastChoices.of_all(choices, timestamp_ms_N[rows_N])
    recent = config.own_past == "recent"
    own = PastChoices.of_users(histories, user_N[rows_N], timestamp_ms_N[rows_N], recent=recent)
    basket = Basket.of(user_N, timestamp_ms_N, item_N)
    taken_CN = [item_N[rows_N].astype(np.int64)]
    for slot in range(config.per_choice):
        past = own if slot >= config.by_popularity else everyone
        first_stream = config.seed * STREAMS_PER_SEED + slot * _TRIES
        taken_CN.append(_draw_slot(past, number_N, taken_CN, basket.only(rows_N), first_stream=first_stream))
    return _shuffled(rows_N, number_N, np.stack(taken_CN), config.seed)


def _draw_slot(
    past: PastChoices,
    number_N: npt.NDArray[np.uint64],
    taken_CN: list[npt.NDArray[np.int64]],
    basket: Basket,
    *,
    first_stream: int,
) -> npt.NDArray[np.int64]:
    """One more candidate for each choice, -1 where none was found that is not taken already."""
    drawn_N = np.full(number_N.size, -1, dtype=np.int64)
    open_N = np.flatnonzero(past.bound_N > 0)
    for attempt in range(_TRIES):
        if open_N.size == 0:
            break
        item = past.items(open_N, uniform(number_N[open_N], first_stream + attempt))
        fresh = np.all([item != taken_N[open_N] for taken_N in taken_CN], axis=0)
        fresh &= ~basket.holds(open_N, item)
        drawn_N[open_N[fresh]] = item[fresh]
        open_N = open_N[~fresh]
    return drawn_N


def _shuffled(
    rows_N: npt.NDArray[np.int64],
    number_N: npt.NDArray[np.uint64],
    taken_CN: npt.NDArray[np.int64],
    seed: int,
) -> Candidates:
    slots, choices = taken_CN.shape
    choice = np.repeat(rows_N, slots)
    chosen = np.tile(np.arange(slots) == 0, choices)
    item = taken_CN.T.ravel()
    first_stream = seed * STREAMS_PER_SEED + _SHUFFLE_STREAM
    key = np.stack([uniform(number_N, first_stream + slot) for slot in range(slots)], axis=1)
    order = np.lexsort((key.ravel(), choice))
    order = order[item[order] >= 0]
    return Candidates(choice_R=choice[order], item_R=item[order].astype(np.int32), chosen_R=chosen[order])
