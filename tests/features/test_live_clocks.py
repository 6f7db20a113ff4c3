"""The live clocks against the batch expression on DuckDB, and against themselves however they are used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.events.schema import EQ3_ROLES
from interestclock.features import ClockFeatureConfig, Eq3Weights, LiveClocks, stream_clocks

# Shapes: N exposures, I items, V values, M moments.

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ATTRIBUTES = ("genre", "mood")
NAMES = {"genre": ["rock", "jazz", "Äther", "a", "Z", "zz"], "mood": ["sad", "calm", "~"]}
CONFIG = ClockFeatureConfig(buckets_per_day=6, window_days=2, weights=Eq3Weights(skip=0.3, dislike=1.7))


class Stream:
    """Exposures of few users over a few days, with labels known up to a day later."""

    def __init__(self, seed: int, *, rows: int = 200, users: int = 4, items: int = 9, days: int = 6) -> None:
        random = np.random.default_rng(seed)
        self.user = random.integers(1, users + 1, rows)
        self.item = random.integers(1, items + 1, rows)
        self.timestamp_ms = np.sort(random.integers(-DAY_MS, (days - 1) * DAY_MS, rows) // 977 * 977)
        self.second_of_day = random.integers(0, 86_400, rows)
        self.label = {role: random.random(rows) < 0.5 for role in EQ3_ROLES}
        delay_ms = random.choice([0, 1, HOUR_MS, DAY_MS, 3 * DAY_MS], (len(EQ3_ROLES), rows))
        self.known_ms = dict(zip(EQ3_ROLES, self.timestamp_ms + delay_ms, strict=True))
        self.values = {
            name: np.concatenate([[[0] * 3], random.integers(0, len(NAMES[name]) + 1, (items, 3))])
            for name in ATTRIBUTES
        }

    def batch(self, moments: list[int]) -> dict[tuple, list[str]]:
        """The best values' names, best first, by moment, user, attribute and bucket."""
        columns = {
            "user": self.user,
            "item": self.item,
            "timestamp_ms": self.timestamp_ms,
            "second_of_day": self.second_of_day.astype(np.int32),
        }
        for role in EQ3_ROLES:
            columns |= {role: self.label[role].astype(np.int8), f"known_ms_{role}": self.known_ms[role]}
        carried = [
            {"item": item, "attribute": name, "value": NAMES[name][value - 1]}
            for name in ATTRIBUTES
            for item, values in enumerate(self.values[name].tolist())
            for value in values
            if value
        ]
        found: dict[tuple, list[tuple[int, str]]] = {}
        for rows in stream_clocks(pa.table(columns), pa.Table.from_pylist(carried), moments, config=CONFIG):
            for row in rows.to_pylist():
                key = (row["as_of_ms"], row["user"], row["attribute"], row["bucket"])
                found.setdefault(key, []).append((row["rank"], row["value"]))
        return {key: [value for _, value in sorted(ranked)] for key, ranked in found.items()}

    def votes(self) -> Iterator[tuple[int, int]]:
        """Row and term of each label that is 1."""
        for term, role in enumerate(EQ3_ROLES):
            yield from ((int(row), term) for row in np.flatnonzero(self.label[role]))

    def add(self, clocks: LiveClocks, votes: list[tuple[int, int]]) -> None:
        row, term = (
            (np.array(each, np.int64) for each in zip(*votes, strict=True))
            if votes
            else (np.zeros(0, int),) * 2
        )
        known_ms = np.array([self.known_ms[EQ3_ROLES[t]][r] for r, t in votes], np.int64)
        clocks.add(
            user_N=self.user[row],
            values_NV={name: self.values[name][self.item[row]] for name in ATTRIBUTES},
            timestamp_ms_N=self.timestamp_ms[row],
            second_of_day_N=self.second_of_day[row],
            known_ms_N=known_ms,
            term_N=term.astype(np.int8),
        )


def fresh() -> LiveClocks:
    clocks = LiveClocks(attributes=ATTRIBUTES, config=CONFIG)
    for name in ATTRIBUTES:
        clocks.name_values(name, pa.array(NAMES[name]))
    return clocks


def named(clocks: LiveClocks, user: np.ndarray, time_ms: np.ndarray) -> dict[tuple, list[str]]:
    """What is read, as ``Stream.batch`` has it."""
    found = {}
    for name, value_MHK in clocks.read(user, time_ms).items():
        for m, h in zip(*value_MHK.any(axis=2).nonzero(), strict=True):
            values = [NAMES[name][value - 1] for value in value_MHK[m, h].tolist() if value]
            found[int(time_ms[m]), int(user[m]), name, int(h)] = values
    return found


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), shuffle=st.booleans())
def test_any_moment_is_what_the_batch_expression_says(*, seed: int, shuffle: bool) -> None:
    stream, random = Stream(seed), np.random.default_rng(seed)
    edges = stream.timestamp_ms[::20]
    moments = np.unique(
        np.concatenate(
            [
                edges,
                edges + 1,
                edges + CONFIG.window_ms,
                edges + CONFIG.window_ms + 1,
                random.integers(-DAY_MS, 9 * DAY_MS, 20),
            ]
        )
    )
    users = np.tile(np.arange(1, 5), moments.size)
    times = np.repeat(moments, 4)
    clocks, votes = fresh(), list(stream.votes())
    if shuffle:
        random.shuffle(votes)
    stream.add(clocks, votes)
    assert named(clocks, users, times) == stream.batch(moments.tolist())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), restored=st.booleans())
def test_a_stream_in_pieces_is_the_stream_at_once(*, seed: int, restored: bool) -> None:
    """Votes come when they are known; reads stand between them; the state may be taken and given back."""
    stream = Stream(seed, rows=120)
    votes = sorted(stream.votes(), key=lambda vote: int(stream.known_ms[EQ3_ROLES[vote[1]]][vote[0]]))
    known = [int(stream.known_ms[EQ3_ROLES[term]][row]) for row, term in votes]
    whole, pieces = fresh(), fresh()
    stream.add(whole, votes)
    for first in range(0, len(votes), 17):
        stream.add(pieces, votes[first : first + 17])
        now_ms = known[min(first + 17, len(votes) - 1)]
        if first + 17 >= len(votes):
            now_ms += 3 * DAY_MS
        users, times = np.arange(5), np.full(5, now_ms)
        assert named(pieces, users, times) == named(whole, users, times)
        if restored:
            other = LiveClocks(attributes=ATTRIBUTES, config=CONFIG)
            other.restore({name: np.array(each) for name, each in pieces.state().items()})
            pieces = other


def test_equal_scores_go_to_the_smaller_bytes() -> None:
    clocks = fresh()
    one = np.array([1])
    clocks.add(
        user_N=one,
        values_NV={"genre": np.array([[1, 5, 3, 6]]), "mood": np.array([[0]])},
        timestamp_ms_N=one,
        second_of_day_N=one,
        known_ms_N=one,
        term_N=one,
    )
    assert [NAMES["genre"][value - 1] for value in clocks.read(one, 2 * one)["genre"][0, 0]] == [
        "Z",
        "rock",
        "zz",
    ]


def test_the_windows_edges() -> None:
    """An exposure counts from the next millisecond on, and still when it is as old as the window is long."""
    clocks, one = fresh(), np.array([1])
    clocks.add(
        user_N=one,
        values_NV={"genre": one[None], "mood": one[None]},
        timestamp_ms_N=100 * one,
        second_of_day_N=one,
        known_ms_N=100 * one,
        term_N=one,
    )
    moments = np.array([100, 101, 100 + CONFIG.window_ms, 101 + CONFIG.window_ms])
    assert clocks.read(np.full(4, 1), moments)["genre"][:, 0, 0].tolist() == [0, 1, 1, 0]
    assert clocks.users == 0


def test_a_number_used_again_starts_empty() -> None:
    stream, clocks = Stream(3), fresh()
    votes = list(stream.votes())
    stream.add(clocks, votes)
    half_ms = int(np.median(stream.timestamp_ms))
    clocks.read(np.array([1]), np.array([half_ms]))
    clocks.forget_users(np.array([1, 99_999]))
    for time_ms in (half_ms, half_ms + DAY_MS, half_ms + 9 * DAY_MS):
        assert not clocks.read(np.array([1]), np.array([time_ms]))["genre"].any()
    others = fresh()
    stream.add(others, [vote for vote in votes if stream.user[vote[0]] != 1])
    assert {key for key in clocks.state() if key.startswith("active")}
    assert clocks.users == 0


def test_memory_is_flat_while_users_come_and_go() -> None:
    clocks, sizes = fresh(), []
    for turn in range(40):
        stream = Stream(turn, rows=300, users=20, days=2)
        stream.timestamp_ms = stream.timestamp_ms + turn * 2 * DAY_MS
        stream.known_ms = {role: each + turn * 2 * DAY_MS for role, each in stream.known_ms.items()}
        stream.add(clocks, list(stream.votes()))
        clocks.read(np.arange(1, 21), np.full(20, int(stream.timestamp_ms[-1])))
        clocks.forget_users(np.arange(1, 21))
        sizes.append(clocks.bytes_used)
    assert max(sizes[20:]) <= max(sizes[:20])


def test_nobody_is_read() -> None:
    none = np.zeros(0, np.int64)
    assert fresh().read(none, none)["genre"].shape == (0, 6, 3)


def test_time_does_not_run_backwards() -> None:
    clocks = fresh()
    clocks.read(np.array([1]), np.array([500]))
    with pytest.raises(ValueError, match="moments must ascend, from 500 on"):
        clocks.read(np.array([1]), np.array([499]))
    with pytest.raises(ConfigError, match="no attribute feeds the clocks"):
        LiveClocks(attributes=(), config=CONFIG)
