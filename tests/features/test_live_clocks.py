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


def cast(clocks: LiveClocks, user: np.ndarray, values: dict[str, np.ndarray], **other: np.ndarray) -> None:
    """Votes cast and known at moment 1, but for what is said otherwise."""
    one = np.ones_like(user)
    votes = {"timestamp_ms_N": one, "second_of_day_N": one, "known_ms_N": one, "term_N": one} | other
    clocks.add(user_N=user, values_NV=values, **votes)


def named(clocks: LiveClocks, user: np.ndarray, time_ms: np.ndarray) -> dict[tuple, list[str]]:
    """What is read, as ``Stream.batch`` has it."""
    found = {}
    for name, value_MHK in clocks.read(user, time_ms).items():
        for m, h in zip(*value_MHK.any(axis=2).nonzero(), strict=True):
            values = [NAMES[name][value - 1] for value in value_MHK[m, h].tolist() if value]
            found[int(time_ms[m]), int(user[m]), name, int(h)] = values
    return found


@settings(max_examples=8, deadline=None)
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


@pytest.mark.parametrize("seed", range(4))
def test_moments_read_together_are_moments_read_one_by_one(seed: int) -> None:
    stream, random = Stream(seed), np.random.default_rng(seed)
    times = np.sort(random.integers(-DAY_MS, 9 * DAY_MS, 80))
    users, together, alone = random.integers(0, 6, times.size), fresh(), fresh()
    stream.add(together, list(stream.votes()))
    stream.add(alone, list(stream.votes()))
    found = together.read(users, times)
    for moment in range(times.size):
        one = alone.read(users[[moment]], times[[moment]])
        assert all((found[name][moment] == one[name][0]).all() for name in ATTRIBUTES)
    assert any(found[name].any() for name in ATTRIBUTES)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_users_who_were_forgotten_might_never_have_been(seed: int) -> None:
    """Numbers are forgotten and used again all the time; what is read is what the votes since then say."""
    stream, random = Stream(seed, rows=150), np.random.default_rng(seed)
    votes, kept, clocks = list(stream.votes()), [], fresh()
    random.shuffle(votes)
    now_ms = -DAY_MS
    for first in range(0, len(votes), 25):
        stream.add(clocks, votes[first : first + 25])
        kept += votes[first : first + 25]
        now_ms += int(random.integers(0, DAY_MS))
        expected = fresh()
        stream.add(expected, kept)
        users, times = np.arange(6), np.full(6, now_ms)
        assert named(clocks, users, times) == named(expected, users, times)
        gone = random.integers(1, 9, 2)
        clocks.forget_users(gone)
        kept = [vote for vote in kept if stream.user[vote[0]] not in gone]
    clocks.read(np.array([1]), np.array([now_ms + 99 * DAY_MS]))
    assert clocks.users == 0


def test_a_state_given_back_goes_on_to_the_bit() -> None:
    stream = Stream(5)
    votes, clocks, other = list(stream.votes()), fresh(), LiveClocks(attributes=ATTRIBUTES, config=CONFIG)
    half = len(votes) // 2
    stream.add(clocks, votes[:half])
    clocks.read(np.arange(5), np.full(5, DAY_MS))
    clocks.forget_users(np.array([2]))
    other.restore({name: np.array(each) for name, each in clocks.state().items()})
    for each in (clocks, other):
        stream.add(each, votes[half:])
        each.read(np.arange(5), np.full(5, 3 * DAY_MS))
        each.forget_users(np.array([1, 3]))
    expected, found = clocks.state(), other.state()
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert values.dtype == found[name].dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_names_that_come_later_take_their_place_among_equals() -> None:
    clocks, one = LiveClocks(attributes=("genre",), config=CONFIG), np.array([1])
    for names, value in ((["m", "z"], 2), (["m", "z", "ä", "a"], 4)):
        clocks.name_values("genre", pa.array(names))
        cast(clocks, one, {"genre": value * one[None]})
    cast(clocks, one, {"genre": np.array([[1, 3]])})
    assert clocks.read(one, 2 * one)["genre"][0, 0].tolist() == [4, 1, 2]  # of a, m, z, ä


def test_votes_of_the_forgotten_do_not_pile_up() -> None:
    """Nobody's vote grows too old here; still what is held follows those who are left."""
    clocks, hundred = fresh(), np.ones(100, np.int64)
    sizes = []
    for turn in range(60):
        cast(clocks, turn % 9 * hundred, dict.fromkeys(ATTRIBUTES, hundred[:, None]))
        clocks.read(np.array([1]), np.array([2 + turn]))
        if turn >= 5:
            clocks.forget_users(np.array([(turn - 5) % 9]))
        sizes.append(clocks.bytes_used)
    assert max(sizes[30:]) == max(sizes[15:30])
    assert clocks.users == 5


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


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"user": np.array([-1])}, "-1 to -1 as user; give 0 to"),
        ({"second_of_day_N": np.array([86_400])}, "86400 to 86400 as second_of_day; give 0 to 86399"),
        ({"term_N": np.array([4])}, "4 to 4 as term; give 0 to 3"),
        (
            {"values": {"genre": np.array([[7]]), "mood": np.array([[0]])}},
            "as a named value of genre; give 0 to 6",
        ),
    ],
)
def test_numbers_out_of_their_range_reach_no_compiled_loop(
    wrong: dict[str, np.ndarray], message: str
) -> None:
    one, clocks = np.array([1]), fresh()
    with pytest.raises(ValueError, match=message):
        cast(clocks, **{"user": one, "values": dict.fromkeys(ATTRIBUTES, one[None])} | wrong)
    assert not clocks.state()["waiting.key_ms"].size


def test_what_cannot_be_read_or_named() -> None:
    clocks, one = fresh(), np.array([1])
    with pytest.raises(ValueError, match="-1 to -1 as user"):
        clocks.read(-one, one)
    with pytest.raises(ValueError, match="-1 to -1 as user"):
        clocks.forget_users(-one)
    with pytest.raises(ValueError, match="1 users and 2 moments; give one moment for each"):
        clocks.read(one, np.array([1, 2]))
    with pytest.raises(ValueError, match="genre has 1 values, 0 of them null, after 6; give all"):
        clocks.name_values("genre", pa.array(["rock"]))
    with pytest.raises(ValueError, match="1 of them null"):
        clocks.name_values("mood", pa.array(["sad", "calm", "~", None]))
