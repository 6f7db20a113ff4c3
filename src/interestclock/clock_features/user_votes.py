"""Eq. 3 current to the last event: each user's votes, counted as of whatever moment is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import below, under
from interestclock.clock_features.config import ClockFeatureConfig
from interestclock.clock_features.count_votes import (
    Ranking,
    ReadRequests,
    Scratch,
    VoteTable,
    count_users,
    read_clocks,
)
from interestclock.clock_features.everyone import Midnights, Population
from interestclock.clock_features.population_clocks import Others, read_filled_clocks
from interestclock.clock_features.scoring import preference_score
from interestclock.clock_features.value_codes import ValueCodes
from interestclock.clock_features.value_sets import ValueSets
from interestclock.errors import ConfigError
from interestclock.events.schema import EQ3_ROLES
from interestclock.histories.block_changes import RecordChanges
from interestclock.histories.blocks import KNOWN, UserBlocks
from interestclock.timeofday import BEFORE_ALL_MS, DAY_SECONDS

__all__ = ["UserVotes"]

# Shapes: N votes, V values of an item, M users at a time, A attributes, H buckets, K values kept, U users by
# slot, R users of a call, T terms, X codes, C cells of a table.

IntArray = npt.NDArray[np.integer]
_TERMS = len(EQ3_ROLES)
_COLUMNS: dict[str, np.dtype[Any]] = {
    KNOWN: np.dtype(np.int64),  # the moment after which a vote counts: its exposure, and its label known
    "timestamp_ms": np.dtype(np.int64),
    "set": np.dtype(np.int32),
    "ballot": np.dtype(np.int32),  # bucket * T + term
}
_LEAST_CELLS = 64


class UserVotes:
    r"""Each user's best values per bucket and attribute, as of any moment, in any order.

    .. math:: s_{u,h,v} = \alpha\, n_{like} + \beta\, n_{finish} - \gamma\, n_{skip} - \omega\, n_{dislike}

    The twin of ``clocks_as_of``: integer counts, scored by the same function. A vote (an exposure whose label
    is 1) counts as of moments after its exposure and after its label was known, for as long as the exposure
    lies within the window, whose edge belongs to it. To read changes nothing, and costs what the user's own
    votes in the window cost.

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (3).

    Args:
        attributes: names of those that feed the clocks. config: buckets, window, values kept, weights.

    Raises:
        ConfigError: no attribute is named.

    Example:
        >>> votes = UserVotes(attributes=("mood",), config=ClockFeatureConfig())
        >>> votes.name_values("mood", pa.array(["calm", "sad"]))
        >>> one = np.array([1])
        >>> votes.add(user_N=7 * one, set_N=votes.sets.numbers([np.array([[2]])]), timestamp_ms_N=0 * one,
        ...     second_of_day_N=3600 * one, known_ms_N=600_000 * one, term_N=one)
        >>> at_ms = np.array([30 * 86_400_000 + 1, 600_000, 600_001, 30 * 86_400_000])
        >>> votes.read(np.full(4, 7), at_ms)["mood"][:, 1, 0].tolist()
        [0, 0, 2, 2]
    """

    def __init__(self, *, attributes: tuple[str, ...], config: ClockFeatureConfig) -> None:
        if not attributes:
            raise ConfigError("no attribute feeds the clocks; name one of the log's attributes")
        self.attributes, self.config = attributes, config
        self.sets = ValueSets(attributes=len(attributes))
        self._blocks = UserBlocks(_COLUMNS, ties=())
        self._codes = ValueCodes(attributes)
        self._scratch = _scratch(_LEAST_CELLS)

    @property
    def bytes_used(self) -> int:
        """Of votes, with what there is to spare."""
        return self._blocks.bytes_used

    def count(self, user_R: IntArray) -> npt.NDArray[np.int64]:
        """How many votes are kept of each of these users."""
        known_R, length_R = user_R < self._blocks.users, np.zeros(user_R.size, np.int64)
        length_R[known_R] = self._blocks.lengths(user_R[known_R].astype(np.int64))
        return length_R

    def values_named(self, attribute: str) -> int:
        """How many of an attribute's values have a name."""
        return self._codes.named(attribute)

    def name_values(self, attribute: str, values: pa.Array) -> None:
        """Say what an attribute's values are called, since ties go to the bytewise smaller name.

        Args:
            attribute: one of the clocks'. values: all so far, the one with number n at n - 1; they only grow.

        Raises:
            ValueError: there are fewer than before, or one is null.
        """
        self._codes.name(attribute, values)

    def add(
        self,
        *,
        user_N: IntArray,
        set_N: IntArray,
        timestamp_ms_N: IntArray,
        second_of_day_N: IntArray,
        known_ms_N: IntArray,
        term_N: IntArray,
    ) -> None:
        """Take votes, in any order; each counts as of moments after it was known.

        Args:
            user_N: slots. set_N: the set of values that the exposed item has, a number of ``sets``.
            timestamp_ms_N: of the exposure. second_of_day_N: local, of the exposure.
            known_ms_N: of the label. term_N: place of its term in ``EQ3_ROLES``.

        Raises:
            ValueError: a number is out of its range, or a set has a value that has no name yet.
        """
        if self.sets.codes > self._codes.count:
            raise ValueError("a set has a value without a name; say what it is called (`name_values`) before")
        _check_range("user", user_N, np.iinfo(np.int32).max)
        _check_range("second_of_day", second_of_day_N, DAY_SECONDS - 1)
        _check_range("term", term_N, _TERMS - 1)
        _check_range("set of values", set_N, self.sets.count - 1)
        bucket_N = second_of_day_N * np.int64(self.config.buckets_per_day) // DAY_SECONDS
        self._blocks.insert(
            user_N.astype(np.int64),
            {
                KNOWN: np.maximum(timestamp_ms_N, known_ms_N),
                "timestamp_ms": timestamp_ms_N,
                "set": set_N,
                "ballot": bucket_N * _TERMS + term_N,
            },
        )

    def read(
        self, user_M: IntArray, at_ms_M: IntArray, *, population: Population | None = None
    ) -> dict[str, npt.NDArray[np.int32]]:
        """Clocks of users, each as of a moment of its own.

        Args:
            user_M: slots; one that has no votes has an empty clock. at_ms_M: UTC milliseconds, in any order.
            population: everyone's counts, of which a share is added to each user's own (``with_population``);
                None adds nothing.

        Returns:
            Value numbers, best first, int32 (M, H, K) per attribute; 0 is none.

        Raises:
            ValueError: there are more or fewer moments than users, or a slot is negative.
        """
        _check_range("user", user_M, np.iinfo(np.int32).max)
        if user_M.shape != at_ms_M.shape:
            raise ValueError(f"{user_M.size} users and {at_ms_M.size} moments; give one moment for each")
        shape = (user_M.size, len(self.attributes), self.config.buckets_per_day)
        value_MAHK = np.zeros((*shape, self.config.values_per_attribute), np.int32)
        requests = ReadRequests(self.config.window_ms, user_M.astype(np.int64), at_ms_M.astype(np.int64))
        self._make_scratch(int(self.count(user_M).max(initial=0)))
        if population is None:
            read_clocks(self._votes(), self._ranking(), requests, self._scratch, value_MAHK)
        else:
            self._read_filled(requests, population, value_MAHK)
        return {name: value_MAHK[:, place] for place, name in enumerate(self.attributes)}

    def population(
        self,
        votes: float,
        midnight_ms_M: npt.NDArray[np.int64],
        *,
        midnights: Midnights,
        counts_of: Callable[[int], npt.NDArray[np.int64]],
    ) -> Population:
        """Everyone's counts as of midnights, to be read beside users' own.

        Args:
            votes: κ. midnight_ms_M: of each request; ``BEFORE_ALL_MS`` is none. midnights: where they are
                kept. counts_of: gives int64 (H, X, T) as of a midnight, where it is not kept.
        """
        each_ms = [each for each in np.unique(midnight_ms_M).tolist() if each > BEFORE_ALL_MS]
        everyone = {each: midnights.of(each, self._codes, counts_of) for each in each_ms}
        return Population(votes=votes, midnight_ms_M=midnight_ms_M, everyone=everyone)

    def _read_filled(
        self, requests: ReadRequests, population: Population, value_MAHK: npt.NDArray[np.int32]
    ) -> None:
        """Requests of one midnight after those of another; those of none read the users' own votes alone."""
        votes, ranking, scratch = self._votes(), self._ranking(), self._scratch
        before_F = np.zeros_like(scratch.count_F)
        for midnight_ms in np.unique(population.midnight_ms_M).tolist():
            of_it_M = population.midnight_ms_M == midnight_ms
            some = ReadRequests(requests.window_ms, requests.user_M[of_it_M], requests.at_ms_M[of_it_M])
            value_RAHK = value_MAHK[of_it_M]
            if (everyone := population.everyone.get(midnight_ms)) is None:
                read_clocks(votes, ranking, some, scratch, value_RAHK)
            else:
                others = Others(
                    midnight_ms=midnight_ms,
                    votes=float(population.votes),
                    everyone=everyone,
                    scratch=scratch,
                    before_F=before_F,
                    votes_HA=np.zeros_like(everyone.votes_HA),
                )
                read_filled_clocks(votes, ranking, some, others, value_RAHK)
            value_MAHK[of_it_M] = value_RAHK

    @property
    def column_types(self) -> dict[str, np.dtype[Any]]:
        """What is kept of a vote, by column."""
        return dict(_COLUMNS)

    def follow(self) -> None:
        """Note from now on which votes change."""
        self._blocks.follow()

    def changed(self) -> npt.NDArray[np.int64]:
        """Users whose votes changed since ``changes_of`` was called, ascending."""
        return self._blocks.changed()

    def changes_of(self, user_R: npt.NDArray[np.int64], *, whole: bool) -> RecordChanges:
        """What changed of users since the last call; of who is not among them it is forgotten.

        Args:
            user_R: slots. whole: all that is kept of them.
        """
        return self._blocks.changes_of(user_R, whole=whole)

    def put(self, user: int, values: Mapping[str, npt.NDArray[Any]], *, dropped: int) -> None:
        """Give a user who never had votes those that another holds, to be read alone.

        Args:
            user: slot. values: (N,) by column. dropped: votes that there were before these.
        """
        self._blocks.put(user, values, dropped=dropped)

    def without_votes(self) -> UserVotes:
        """The same values and sets, and no votes; values that are named later are this one's alone."""
        twin = copy(self)
        twin._blocks, twin._codes = UserBlocks(_COLUMNS, ties=()), self._codes.copy()
        twin._scratch = _scratch(_LEAST_CELLS)
        return twin

    def everyone(self, at_ms: int) -> npt.NDArray[np.int64]:
        """All users' votes as of a moment, counted by bucket, code and term of Eq. 3: int64 (H, X, T).

        A code is ``value * A + attribute``, its place in ``attributes``.
        """
        return self._counts(np.arange(self._blocks.users), at_ms)

    def scores(self, user: int, attribute: str, at_ms: int) -> npt.NDArray[np.float64]:
        """Eq. 3 of one user's values as of a moment, float64 (H, V + 1) by value number; 0 is none.

        Args:
            user: slot. attribute: one of ``attributes``. at_ms: UTC milliseconds.
        """
        place, values = self.attributes.index(attribute), self.values_named(attribute)
        counts_HXT = self._counts(np.array([user]), at_ms)[:, place :: len(self.attributes)]
        like, finish, skip, dislike = np.moveaxis(counts_HXT[:, : values + 1].astype(np.float64), 2, 0)
        scores: npt.NDArray[np.float64] = preference_score(like, finish, skip, dislike, self.config.weights)
        return scores

    def _counts(self, user_R: IntArray, at_ms: int) -> npt.NDArray[np.int64]:
        counts_HXT = np.zeros((self.config.buckets_per_day, self._codes.count, _TERMS), np.int64)
        requests = ReadRequests(self.config.window_ms, user_R.astype(np.int64), np.full(user_R.size, at_ms))
        count_users(self._votes(), requests, counts_HXT)
        return counts_HXT

    def drop_before(self, timestamp_ms: int) -> None:
        """Let go of votes that no clock as of a window after a moment, or later, counts.

        Args:
            timestamp_ms: exposures before it do not count any more.
        """
        self._blocks.drop(np.arange(self._blocks.users), known_before_ms=timestamp_ms, kept=0)

    def release(self, user_R: IntArray) -> None:
        """Votes of users go; their slots may be others' from now on."""
        _check_range("user", user_R, np.iinfo(np.int32).max)
        self._blocks.release(user_R.astype(np.int64))

    def erase(self, user_R: IntArray) -> None:
        """Votes of users go, and where they stood is overwritten."""
        self._blocks.blank(user_R.astype(np.int64))
        self.release(user_R)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint; the names of values are not in it."""
        return under("votes", self._blocks.state()) | under("sets", self.sets.state())

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._blocks.restore(below("votes", state))
        self.sets.restore(below("sets", state))

    def _votes(self) -> VoteTable:
        columns = (self._blocks.columns[name] for name in _COLUMNS)
        return VoteTable(self._blocks.blocks, self.sets.arrays(), *columns)

    def _ranking(self) -> Ranking:
        weights, kept = self.config.weights, self.config.values_per_attribute
        return Ranking(
            like=weights.like,
            finish=weights.finish,
            skip=weights.skip,
            dislike=weights.dislike,
            order_X=self._codes.order_X,
            attribute_X=self._codes.attribute_X,
            value_X=self._codes.value_X,
            score_HAK=np.zeros((self.config.buckets_per_day, len(self.attributes), kept)),
        )

    def _make_scratch(self, votes: int) -> None:
        """A table of cells that is half full at most, whoever's votes are counted."""
        cells = min(votes * self.sets.longest, self.config.buckets_per_day * self.sets.codes)
        needed = 2 * cells
        if needed > self._scratch.key_C.size:
            self._scratch = _scratch(1 << int(needed - 1).bit_length())


def _scratch(cells: int) -> Scratch:
    return Scratch(
        key_C=np.full(cells, -1, np.int64),
        count_F=np.zeros(cells * _TERMS, np.int32),
        taken_C=np.zeros(cells, np.int32),
    )


def _check_range(what: str, numbers: IntArray, most: int) -> None:
    """Compiled loops trust their numbers; so they are looked at before."""
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= most):
        raise ValueError(f"{int(numbers.min())} to {int(numbers.max())} as {what}; give 0 to {most}")
