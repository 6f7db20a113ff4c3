"""Eq. 3 current to the last event: counts that follow the stream, the batch expression's twin to the bit."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.features.config import ClockFeatureConfig
from interestclock.features.live_counts import Arena, Queue, Ranking, advance, free_block
from interestclock.features.value_sets import ValueSets
from interestclock.timeofday import DAY_SECONDS

__all__ = ["LiveClocks"]

# Shapes: N votes, Q all votes that wait or count, V values of an item, M moments, H buckets, K values kept,
# U users, C cells, G sizes of blocks, S sets of values, X codes.

IntArray = npt.NDArray[np.integer]
_SIZES = 32
_TERMS = 4
_VOTE = {
    "at_ms": np.int64,
    "timestamp_ms": np.int64,
    "user": np.int32,
    "set": np.int32,
    "bucket": np.int32,
    "term": np.int8,
}
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
        self._names: dict[str, list[str]] = {name: [] for name in attributes}
        self._order_X = np.zeros(len(attributes), np.int32)
        self._sets = ValueSets(attributes=len(attributes))
        self._waiting, self._active = _empty_queue(), _empty_queue()
        self._arena = Arena(
            code_C=np.zeros(0, np.int32),
            bucket_C=np.zeros(0, np.int32),
            count_CT=np.zeros((0, _TERMS), np.int32),
            start_U=np.zeros(0, np.int64),
            length_U=np.zeros(0, np.int32),
            class_U=np.zeros(0, np.int8),
            free_G=np.full(_SIZES, -1, np.int64),
            used=np.zeros(1, np.int64),
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
        return int((self._arena.length_U > 0).sum())

    def values_named(self, attribute: str) -> int:
        """How many of an attribute's values have a name."""
        return len(self._names[attribute])

    def name_values(self, attribute: str, values: pa.Array) -> None:
        """Say what an attribute's values are called, since ties go to the bytewise smaller name.

        Args:
            attribute: one of the clocks'. values: all so far, the one with number n at n - 1; they only grow.
        """
        names = self._names[attribute]
        if len(values) == len(names):
            return
        names += values.slice(len(names)).to_pylist()
        codes = (max(map(len, self._names.values())) + 1) * len(self.attributes)
        self._order_X = np.resize(self._order_X, codes)
        encoded = [name.encode() for name in names]
        rank = np.empty(len(names), np.int32)
        rank[sorted(range(len(names)), key=encoded.__getitem__)] = np.arange(len(names))
        place = self.attributes.index(attribute)
        self._order_X[(np.arange(len(names)) + 1) * len(self.attributes) + place] = rank

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
        """
        if not user_N.size:
            return
        self._know_users(int(user_N.max()) + 1)
        votes = {
            "at_ms": np.maximum(timestamp_ms_N, known_ms_N),
            "timestamp_ms": timestamp_ms_N,
            "user": user_N,
            "set": self._sets.numbers([values_NV[name] for name in self.attributes]),
            "bucket": second_of_day_N.astype(np.int64) * self.config.buckets_per_day // DAY_SECONDS,
            "term": term_N,
        }
        order_N = np.argsort(votes["at_ms"], kind="stable")
        self._waiting = _merged(self._waiting, {name: each[order_N] for name, each in votes.items()})

    def read(self, user_M: IntArray, time_ms_M: IntArray) -> dict[str, npt.NDArray[np.int32]]:
        """Clocks of users, each as of a moment of its own.

        Args:
            user_M: numbers. time_ms_M: UTC milliseconds, ascending, none before the last moment read.

        Returns:
            Value numbers, best first, int32 (M, H, K) per attribute; 0 is none.

        Raises:
            ValueError: a moment lies before another one that was read already.
        """
        if user_M.size:
            self._check_moments(time_ms_M)
            self._know_users(int(user_M.max()) + 1)
        shape = (user_M.size, len(self.attributes), self.config.buckets_per_day)
        value_MAHK = np.zeros((*shape, self.config.values_per_attribute), np.int32)
        self._active = _with_room(self._active, int(np.diff(self._waiting.span)[0]))
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
        queues, sets = (self._waiting, self._active), self._sets.arrays()
        while missing := advance(self._arena, queues, sets, ranking, asked):
            self._grow_arena(missing)
        return {name: value_MAHK[:, place] for place, name in enumerate(self.attributes)}

    def forget_users(self, user_X: IntArray) -> None:
        """Counts and votes of users go; their numbers may stand for others from now on.

        Args:
            user_X: numbers.
        """
        user_X = user_X[user_X < self._arena.start_U.size]
        for user in user_X.tolist():
            free_block(self._arena, user)
        gone_U = np.zeros(self._arena.start_U.size, np.bool_)
        gone_U[user_X] = True
        self._waiting, self._active = _without(self._waiting, gone_U), _without(self._active, gone_U)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        state: dict[str, npt.NDArray[Any]] = {"last_read_ms": np.array(self.last_read_ms)}
        state |= {f"arena.{name}": each for name, each in self._arena._asdict().items()}
        used = int(self._arena.used[0])
        state |= {
            f"arena.{name}": getattr(self._arena, name)[:used] for name in ("code_C", "bucket_C", "count_CT")
        }
        for queue, votes in (("waiting", self._waiting), ("active", self._active)):
            first, stop = votes.span.tolist()
            state |= {f"{queue}.{name}": each[first:stop] for name, each in zip(_VOTE, votes, strict=False)}
        state |= {f"sets.{name}": each for name, each in self._sets.state().items()}
        for name, names in self._names.items():
            encoded = [each.encode() for each in names]
            state |= {f"names.{name}": np.frombuffer(b"".join(encoded), np.uint8)}
            state |= {f"ends.{name}": _ends(encoded)}
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.last_read_ms = int(state["last_read_ms"])
        self._arena = Arena(**{name: np.array(state[f"arena.{name}"]) for name in Arena._fields})
        self._waiting, self._active = (
            _merged(_empty_queue(), {name: state[f"{queue}.{name}"] for name in _VOTE})
            for queue in ("waiting", "active")
        )
        self._sets.restore({name: state[f"sets.{name}"] for name in ("start", "code")})
        for name in self.attributes:
            self._names[name] = []
            names = [each.decode() for each in _parts(state[f"names.{name}"], state[f"ends.{name}"])]
            self.name_values(name, pa.array(names, pa.string()))

    def _check_moments(self, time_ms_M: IntArray) -> None:
        if time_ms_M[0] < self.last_read_ms or (np.diff(time_ms_M) < 0).any():
            raise ValueError(
                f"moments must ascend, from {self.last_read_ms} on, which was read last; got "
                f"{int(time_ms_M[0])} to {int(time_ms_M[-1])}"
            )
        self.last_read_ms = int(time_ms_M[-1])

    def _know_users(self, users: int) -> None:
        missing = users - self._arena.start_U.size
        if missing <= 0:
            return
        missing = max(missing, self._arena.start_U.size // 2)
        self._arena = self._arena._replace(
            start_U=np.concatenate([self._arena.start_U, np.zeros(missing, np.int64)]),
            length_U=np.concatenate([self._arena.length_U, np.zeros(missing, np.int32)]),
            class_U=np.concatenate([self._arena.class_U, np.full(missing, -1, np.int8)]),
        )

    def _grow_arena(self, missing: int) -> None:
        missing = max(missing, self._arena.code_C.size // 2)
        grown = {}
        for name in ("code_C", "bucket_C", "count_CT"):
            cells = getattr(self._arena, name)
            grown[name] = np.concatenate([cells, np.zeros((missing, *cells.shape[1:]), cells.dtype)])
        self._arena = self._arena._replace(**grown)


def _empty_queue() -> Queue:
    return Queue._make([*(np.zeros(0, dtype) for dtype in _VOTE.values()), np.zeros(2, np.int64)])


def _merged(queue: Queue, votes: Mapping[str, IntArray]) -> Queue:
    """Votes put where their first column belongs, behind equal ones."""
    first, stop = queue.span.tolist()
    place_N = np.searchsorted(queue.at_ms_Q[first:stop], votes["at_ms"], side="right")
    columns = [
        np.insert(each[first:stop], place_N, votes[name].astype(dtype))
        for (name, dtype), each in zip(_VOTE.items(), queue, strict=False)
    ]
    return Queue._make([*columns, np.array([0, columns[0].size])])


def _with_room(queue: Queue, more: int) -> Queue:
    """The same votes from the start on, with room for more behind them."""
    first, stop = queue.span.tolist()
    if stop + more <= queue.user_Q.size and first <= queue.user_Q.size // 2:
        return queue
    held = stop - first
    columns = []
    for each in queue[:-1]:
        grown = np.zeros(held + max(more, held // 2), each.dtype)
        grown[:held] = each[first:stop]
        columns.append(grown)
    return Queue._make([*columns, np.array([0, held])])


def _without(queue: Queue, gone_U: npt.NDArray[np.bool_]) -> Queue:
    first, stop = queue.span.tolist()
    kept = ~gone_U[queue.user_Q[first:stop]]
    columns = [each[first:stop][kept] for each in queue[:-1]]
    return Queue._make([*columns, np.array([0, int(kept.sum())])])


def _ends(parts: list[bytes]) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _parts(joined: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> list[bytes]:
    content, edges = joined.tobytes(), ends.tolist()
    return [content[start:stop] for start, stop in itertools.pairwise(edges)]
