"""Eq. 3 current to the last event: counts that follow the stream, the batch expression's twin to the bit."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError
from interestclock.events.schema import EQ3_ROLES
from interestclock.features.config import ClockFeatureConfig
from interestclock.features.count_arena import Arena
from interestclock.features.live_counts import Ranking, advance, forget, take
from interestclock.features.value_sets import ValueSets
from interestclock.features.vote_heaps import ACTIVE, WAITING, Heap
from interestclock.timeofday import DAY_SECONDS

__all__ = ["LiveClocks"]

# Shapes: N votes, Q all votes that wait or count, V values of an item, M moments, H buckets, K values kept,
# U numbers of users, P seats, T terms, C cells, G sizes of blocks, X codes.

IntArray = npt.NDArray[np.integer]
_SIZES = 32
_TERMS = len(EQ3_ROLES)
_CELLS = ("code_C", "bucket_C", "count_CT")
_SEATS = {"start_P": 0, "length_P": 0, "class_P": -1, "votes_P": 0, "left_P": 0}  # of nobody
_BEFORE_ALL_MS = np.iinfo(np.int64).min


class LiveClocks:
    r"""Each user's best values per bucket and attribute, as of any moment of a stream that goes on.

    .. math:: s_{u,h,v} = \alpha\, n_{like} + \beta\, n_{finish} - \gamma\, n_{skip} - \omega\, n_{dislike}

    The twin of ``clocks_as_of``: integer counts, one event at a time, scored by the same function. A vote (an
    exposure whose label is 1) counts as of moments after its exposure and after its label was known, for as
    long as the exposure lies within the window, whose edge belongs to it.

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (3).

    Args:
        attributes: names of those that feed the clocks. config: buckets, window, values kept, weights.

    Raises:
        ConfigError: no attribute is named.

    Example:
        >>> clocks = LiveClocks(attributes=("mood",), config=ClockFeatureConfig())
        >>> clocks.name_values("mood", pa.array(["calm", "sad"]))
        >>> one = np.array([1])
        >>> clocks.add(user_N=7 * one, values_NV={"mood": np.array([[2]])}, timestamp_ms_N=0 * one,
        ...     second_of_day_N=3600 * one, known_ms_N=600_000 * one, term_N=one)
        >>> at_ms = np.array([600_000, 600_001, 30 * 86_400_000, 30 * 86_400_000 + 1])
        >>> clocks.read(np.full(4, 7), at_ms)["mood"][:, 1, 0].tolist()
        [0, 2, 2, 0]
    """

    def __init__(self, *, attributes: tuple[str, ...], config: ClockFeatureConfig) -> None:
        if not attributes:
            raise ConfigError("no attribute feeds the clocks; name one of the log's attributes")
        self.attributes, self.config = attributes, config
        self.last_read_ms = _BEFORE_ALL_MS
        self._names = {name: pa.array([], pa.string()) for name in attributes}
        self._order_X = np.zeros(len(attributes), np.int32)
        self._sets = ValueSets(attributes=len(attributes))
        self._waiting, self._active = _empty_heap(WAITING), _empty_heap(ACTIVE)
        self._arena = Arena(
            code_C=np.zeros(0, np.int32),
            bucket_C=np.zeros(0, np.int32),
            count_CT=np.zeros((0, _TERMS), np.int32),
            seat_U=np.zeros(0, np.int32),
            start_P=np.zeros(0, np.int64),
            length_P=np.zeros(0, np.int32),
            class_P=np.zeros(0, np.int8),
            votes_P=np.zeros(0, np.int32),
            left_P=np.zeros(0, np.bool_),
            free_G=np.full(_SIZES, -1, np.int64),
            used=np.array([0, 0, -1, 0]),
        )
        room = (config.buckets_per_day, len(attributes), config.values_per_attribute)
        self._score_HAK = np.zeros(room)

    @property
    def bytes_used(self) -> int:
        """Of counts, and of votes that wait or have not grown too old."""
        return sum(each.nbytes for part in (self._arena, self._waiting, self._active) for each in part)

    @property
    def users(self) -> int:
        """Users who have a count."""
        return int((self._arena.length_P > 0).sum())

    def values_named(self, attribute: str) -> int:
        """How many of an attribute's values have a name."""
        return len(self._names[attribute])

    def name_values(self, attribute: str, values: pa.Array) -> None:
        """Say what an attribute's values are called, since ties go to the bytewise smaller name.

        Args:
            attribute: one of the clocks'. values: all so far, the one with number n at n - 1; they only grow.

        Raises:
            ValueError: there are fewer than before, or one is null.
        """
        before = len(self._names[attribute])
        if len(values) < before or values.null_count:
            raise ValueError(
                f"{attribute} has {len(values)} values, {values.null_count} of them null, after {before}; "
                "give all values so far, in the order of their numbers"
            )
        if len(values) == before:
            return
        self._names[attribute] = values
        codes = (max(map(len, self._names.values())) + 1) * len(self.attributes)
        self._order_X = _longer(self._order_X, codes)
        number_R = pc.sort_indices(values.cast(pa.large_binary())).to_numpy() + 1
        place = self.attributes.index(attribute)
        self._order_X[number_R * len(self.attributes) + place] = np.arange(len(values))

    def add(
        self,
        *,
        user_N: IntArray,
        values_NV: Mapping[str, IntArray],
        timestamp_ms_N: IntArray,
        second_of_day_N: IntArray,
        known_ms_N: IntArray,
        term_N: IntArray,
    ) -> None:
        """Take votes, in any order; one that counts only later waits.

        Args:
            user_N: numbers. values_NV: of the exposed item, per attribute; 0 is none, twice is once.
            timestamp_ms_N: of the exposure. second_of_day_N: local, of the exposure.
            known_ms_N: of the label. term_N: place of its term in ``EQ3_ROLES``.

        Raises:
            ValueError: a number is out of its range, or a value has no name yet.
        """
        if not user_N.size:
            return
        _check_range("user", user_N, np.iinfo(np.int32).max)
        _check_range("second_of_day", second_of_day_N, DAY_SECONDS - 1)
        _check_range("term", term_N, _TERMS - 1)
        for name in self.attributes:
            _check_range(f"a named value of {name}", values_NV[name], self.values_named(name))
        vote_N = np.empty(user_N.size, WAITING)
        vote_N["key_ms"] = np.maximum(timestamp_ms_N, known_ms_N)
        vote_N["timestamp_ms"] = timestamp_ms_N
        vote_N["set"] = self._sets.numbers([values_NV[name] for name in self.attributes])
        bucket_N = second_of_day_N.astype(np.int64) * self.config.buckets_per_day // DAY_SECONDS
        vote_N["ballot"] = bucket_N * _TERMS + term_N
        self._know_users(int(user_N.max()) + 1)
        self._grow_seats(user_N.size)
        self._waiting = _with_room(self._waiting, user_N.size)
        take(self._arena, self._waiting, user_N.astype(np.int64), vote_N)

    def read(self, user_M: IntArray, time_ms_M: IntArray) -> dict[str, npt.NDArray[np.int32]]:
        """Clocks of users, each as of a moment of its own.

        Args:
            user_M: numbers. time_ms_M: UTC milliseconds, ascending, none before the last moment read.

        Returns:
            Value numbers, best first, int32 (M, H, K) per attribute; 0 is none.

        Raises:
            ValueError: a moment lies before another one that was read already, or a number is negative.
        """
        _check_range("user", user_M, np.iinfo(np.int32).max)
        self._check_moments(user_M, time_ms_M)
        self._know_users(int(user_M.max(initial=-1)) + 1)
        shape = (user_M.size, len(self.attributes), self.config.buckets_per_day)
        value_MAHK = np.zeros((*shape, self.config.values_per_attribute), np.int32)
        weights = self.config.weights
        ranking = Ranking(
            like=weights.like,
            finish=weights.finish,
            skip=weights.skip,
            dislike=weights.dislike,
            order_X=self._order_X,
            score_HAK=self._score_HAK,
        )
        user_M, time_ms_M = user_M.astype(np.int64), time_ms_M.astype(np.int64)
        asked = (self.config.window_ms, np.zeros(1, np.int64), user_M, time_ms_M, value_MAHK)
        sets = self._sets.arrays()
        while True:
            heaps = (self._waiting, self._active)
            cells, votes = advance(self._arena, heaps, sets, ranking, asked)
            if not votes:
                break
            self._active = _with_room(self._active, votes)
            self._grow_cells(cells)
        return {name: value_MAHK[:, place] for place, name in enumerate(self.attributes)}

    def forget_users(self, user_X: IntArray) -> None:
        """Counts and votes of users go; their numbers may stand for others from now on.

        Args:
            user_X: numbers.
        """
        _check_range("user", user_X, np.iinfo(np.int32).max)
        known_X = user_X[user_X < self._arena.seat_U.size].astype(np.int64)
        forget(self._arena, (self._waiting, self._active), known_X)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        state: dict[str, npt.NDArray[Any]] = {"last_read_ms": np.array(self.last_read_ms)}
        cells, seats = self._arena.used[:2].tolist()
        for name, each in self._arena._asdict().items():
            state[f"arena.{name}"] = each[: cells if name in _CELLS else seats if name in _SEATS else None]
        for name, heap in (("waiting", self._waiting), ("active", self._active)):
            held = heap.vote_Q[: heap.held[0]]
            state |= {f"{name}.{column}": held[column].copy() for column in held.dtype.fields or ()}
        state |= {f"sets.{name}": each for name, each in self._sets.state().items()}
        for name, values in self._names.items():
            encoded = [each.encode() for each in values.to_pylist()]
            state[f"names.{name}"] = np.frombuffer(b"".join(encoded), np.uint8)
            state[f"ends.{name}"] = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.last_read_ms = int(state["last_read_ms"])
        self._arena = Arena(**{name: np.array(state[f"arena.{name}"]) for name in Arena._fields})
        self._waiting = _heap_of(state, "waiting", WAITING)
        self._active = _heap_of(state, "active", ACTIVE)
        self._sets.restore({name: state[f"sets.{name}"] for name in ("start", "code")})
        for name in self.attributes:
            content, ends = state[f"names.{name}"].tobytes(), state[f"ends.{name}"].tolist()
            names = [content[start:stop].decode() for start, stop in itertools.pairwise(ends)]
            self._names[name] = pa.array([], pa.string())
            self.name_values(name, pa.array(names, pa.string()))

    def _check_moments(self, user_M: IntArray, time_ms_M: IntArray) -> None:
        if user_M.shape != time_ms_M.shape:
            raise ValueError(f"{user_M.size} users and {time_ms_M.size} moments; give one moment for each")
        if not time_ms_M.size:
            return
        if time_ms_M[0] < self.last_read_ms or (np.diff(time_ms_M) < 0).any():
            raise ValueError(
                f"moments must ascend, from {self.last_read_ms} on, which was read last; got "
                f"{int(time_ms_M[0])} to {int(time_ms_M[-1])}"
            )
        self.last_read_ms = int(time_ms_M[-1])

    def _know_users(self, users: int) -> None:
        self._arena = self._arena._replace(seat_U=_longer(self._arena.seat_U, users, fill=-1))

    def _grow_seats(self, more: int) -> None:
        seats = int(self._arena.used[1]) + more
        grown = {name: _longer(getattr(self._arena, name), seats, fill=fill) for name, fill in _SEATS.items()}
        self._arena = self._arena._replace(**grown)

    def _grow_cells(self, more: int) -> None:
        cells = self._arena.code_C.size + more
        grown = {name: _longer(getattr(self._arena, name), cells) for name in _CELLS}
        self._arena = self._arena._replace(**grown)


def _check_range(what: str, numbers: IntArray, most: int) -> None:
    """Compiled loops trust their numbers; so they are looked at before."""
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= most):
        raise ValueError(f"{int(numbers.min())} to {int(numbers.max())} as {what}; give 0 to {most}")


def _longer(values: npt.NDArray[Any], size: int, *, fill: int = 0) -> npt.NDArray[Any]:
    """Room for so many, and half as many again as there were, if there is too little."""
    missing = size - values.shape[0]
    if missing <= 0:
        return values
    shape = (max(missing, values.shape[0] // 2), *values.shape[1:])
    return np.concatenate([values, np.full(shape, fill, values.dtype)])


def _empty_heap(dtype: np.dtype[np.void]) -> Heap:
    return Heap(vote_Q=np.zeros(0, dtype), held=np.zeros(1, np.int64), moved=np.zeros(1, dtype))


def _with_room(heap: Heap, more: int) -> Heap:
    return heap._replace(vote_Q=_longer(heap.vote_Q, int(heap.held[0]) + more))


def _heap_of(state: Mapping[str, npt.NDArray[Any]], name: str, dtype: np.dtype[np.void]) -> Heap:
    vote_Q = np.zeros(state[f"{name}.key_ms"].size, dtype)
    for column in dtype.fields or ():
        vote_Q[column] = state[f"{name}.{column}"]
    return _empty_heap(dtype)._replace(vote_Q=vote_Q, held=np.array([vote_Q.size]))
