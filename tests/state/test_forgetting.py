"""What a state lets go of at midnights, and that nobody who stays is told otherwise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import (
    DAY_MS,
    HOUR_MS,
    SCHEMA,
    START_MS,
    STEP_MS,
    AdmittedLog,
    Midnight,
    Said,
    Shown,
    admitted_logs,
    as_labels,
    as_table,
    micro_batches,
)
from fed_state import (
    CLOCKS,
    FOREVER,
    clocks_by_name,
    everyone_by_name,
    feed,
    history_by_name,
    new_state,
    plain_history,
    slot_of,
    values_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_state import PlainState

from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, Left, StateConfig

CUTS = st.lists(st.integers(0, 120), max_size=12)
CONFIGS = st.builds(
    StateConfig,
    clocks=st.just(CLOCKS),
    longest=st.sampled_from([None, 1, 2]),
    waits_ms=st.just(FOREVER.waits_ms),
    keep_hours=st.sampled_from([0.0, 1.0, 24.0]),
    forget_after_days=st.sampled_from([None, 0.5, 2.0]),
    most_users=st.sampled_from([None, 1, 2]),
)


def check_equal(state: FeatureState, plain: PlainState, until_ms: int) -> None:
    """Who and what is there, and every feature that can be asked for and is final."""
    users, items = sorted(plain.users), sorted(plain.items)
    assert sorted(each for each in state.users.ids().to_pylist() if each is not None) == users
    assert sorted(each for each in state.items.ids().to_pylist() if each is not None) == items
    for item in items:
        assert [values_of(state, item, name) for name in SCHEMA.attributes] == [
            sorted(plain.items[item].values[name]) for name in SCHEMA.attributes
        ]
    assert state.complete_from_ms == plain.complete_from_ms
    assert everyone_by_name(state) == plain.everyone
    first_ms = max(START_MS, plain.complete_from_ms)
    asked = [(user, at_ms) for user in users for at_ms in range(first_ms, until_ms + 1, STEP_MS)]
    clocks = clocks_by_name(state, [user for user, _ in asked], [at_ms for _, at_ms in asked])
    for (user, at_ms), clock in zip(asked, clocks, strict=True):
        assert clock == plain.clock(user, at_ms)
        check_history(state, plain, user, at_ms)
    for user in users:
        expected = plain.users[user]
        slot = slot_of(state, "user", user)
        assert state.last_offset(slot) == (expected.offset_minutes, expected.seen_ms)
        counted_from_ms = min([plain.complete_from_ms, *plain.everyone]) - CLOCKS.window_ms
        votes = [vote for vote in plain.votes if vote.user == user and vote.known_ms >= counted_from_ms]
        assert state.votes.count(np.array([slot])).tolist() == [len(votes)]


def check_history(state: FeatureState, plain: PlainState, user: str, at_ms: int) -> None:
    """As if nothing had been dropped; and what is dropped is what no reader may ask for any more."""
    known, kept = history_by_name(state, user, at_ms)
    expected_known, expected = plain_history(plain, user, at_ms)
    assert known == expected_known
    longest = known if state.config.longest is None else state.config.longest
    assert kept[-longest:] == expected[-longest:]
    assert kept == expected[plain.users[user].dropped :]


@settings(max_examples=120, deadline=None)
@given(admitted_logs(), CUTS, CONFIGS, st.integers(0, 3))
def test_who_stays_has_the_features_of_a_state_that_forgets_nothing(
    log: AdmittedLog, cuts: list[int], config: StateConfig, more: int
) -> None:
    state, plain, watermark_ms = new_state(config), PlainState(config), START_MS
    for stop, piece in micro_batches(log, cuts):
        watermark_ms = log.watermark_ms[stop - 1]
        feed(state, piece, watermark_ms)
        for step in piece:
            plain.step(step)
        check_equal(state, plain, watermark_ms)
    for day in range(more):
        midnight = Midnight((watermark_ms // DAY_MS + 1 + day) * DAY_MS)
        feed(state, [midnight], midnight.at_ms)
        plain.step(midnight)
        check_equal(state, plain, midnight.at_ms)


@settings(max_examples=60, deadline=None)
@given(admitted_logs(), CONFIGS)
def test_a_midnight_says_who_left(log: AdmittedLog, config: StateConfig) -> None:
    state, plain = new_state(config), PlainState(config)
    for stop, piece in micro_batches(log, []):
        plain_before = len(plain.left)
        for step in piece:
            plain.step(step)
        if not isinstance(piece[0], Midnight):
            feed(state, piece, log.watermark_ms[stop - 1])
            assert len(plain.left) == plain_before
            continue
        ids = {
            kind: [None, *each.ids().to_pylist()] for kind, each in (("u", state.users), ("i", state.items))
        }
        left = state.pass_midnight(piece[0].at_ms)
        assert (np.diff(left.users) > 0).all()
        assert (np.diff(left.items) > 0).all()
        names = [
            sorted(ids[kind][slot] for slot in each) for kind, each in (("u", left.users), ("i", left.items))
        ]
        assert tuple(names) == plain.left[-1]


def shown(
    at_ms: int, *, user: str = "ann", item: str = "song", genre: tuple[str, ...] = ("rock",), offset: int = 0
) -> Shown:
    return Shown(user, item, at_ms, offset, genre, ())


def prompt(**changes: object) -> StateConfig:
    """Nothing is waited for, and nothing kept behind a midnight."""
    return StateConfig(**{"clocks": CLOCKS, "keep_hours": 0.0, "forget_after_days": None} | changes)


def show_and_finish(state: FeatureState, *shown: Shown) -> None:
    """Exposures whose label is known at once."""
    first = state._awaiting.stop
    state.ingest(as_table(list(shown)))
    state.apply_labels(
        as_labels([Said(first + place, "finish", 1, each.at_ms) for place, each in enumerate(shown)])
    )


def left_at(state: FeatureState, midnight: int) -> tuple[list[int], list[int]]:
    left: Left = state.pass_midnight(START_MS + midnight * DAY_MS)
    return left.users.tolist(), left.items.tolist()


def test_features_from_before_what_is_kept_are_refused() -> None:
    state = new_state(StateConfig(clocks=CLOCKS, waits_ms=HOUR_MS, keep_hours=2))
    state.ingest(as_table([shown(START_MS)]))
    state.pass_midnight(START_MS + DAY_MS)
    from_ms = START_MS + DAY_MS - 3 * HOUR_MS
    assert state.complete_from_ms == from_ms
    one, edge = np.array([1]), np.array([from_ms])
    said = (
        rf"features as of {from_ms - 1} are asked for, but they are kept from {from_ms} on; "
        r"keep them longer \(--keep-hours\)"
    )
    state.read(one, edge, clocks_at_ms_M=edge)
    with pytest.raises(ValueError, match=said):
        state.read(one, edge - 1, clocks_at_ms_M=None)
    with pytest.raises(ValueError, match=said):
        state.read(one, edge, clocks_at_ms_M=edge - 1)


def test_an_items_identity_stays_while_a_history_names_it() -> None:
    state = new_state(prompt(longest=1, forget_after_days=0.5))
    show_and_finish(state, shown(START_MS, item="old"), shown(START_MS, user="bob", item="old"))
    show_and_finish(state, shown(START_MS + 5, item="new"))
    both_come(state, START_MS + DAY_MS - 1)
    assert left_at(state, 1) == ([], [])  # bob's history names it
    index = state.items.index(state.slots("item", pa.array(["old"])))
    show_and_finish(state, shown(START_MS + DAY_MS, user="bob", item="new"))
    state.ingest(
        as_table([shown(START_MS + DAY_MS, user="eve", item="old")])
    )  # shown, and finished by nobody
    assert state.items.index(state.slots("item", pa.array(["old"]))) == index
    both_come(state, START_MS + 2 * DAY_MS - 1)
    assert left_at(state, 2) == ([3], [1])  # eve, too
    assert state.slots("item", pa.array(["old", "new"])).tolist() == [0, 2]


def both_come(state: FeatureState, at_ms: int) -> None:
    """Ann and Bob are shown a song, and do not finish it."""
    state.ingest(as_table([shown(at_ms, user=user, item="new") for user in ("ann", "bob")]))


def test_an_item_seen_lately_stays() -> None:
    state = new_state(prompt(forget_after_days=1))
    state.ingest(as_table([shown(START_MS, item="once"), shown(START_MS + 1, item="later")]))
    assert left_at(state, 1) == ([], [])
    state.ingest(as_table([shown(START_MS + DAY_MS, item="later")]))
    assert left_at(state, 2) == ([], [1])


def test_nobody_inherits_anything_of_an_item_that_left() -> None:
    state = new_state(prompt(longest=1, forget_after_days=0.5))
    show_and_finish(state, shown(START_MS, item="old", genre=("a", "b")), shown(START_MS + 1, item="kept"))
    state.ingest(as_table([shown(START_MS + DAY_MS - 1, item="kept")]))
    assert left_at(state, 1) == ([], [1])
    state.ingest(as_table([shown(START_MS + DAY_MS, item="next", genre=("zulu",))]))
    assert state.slots("item", pa.array(["next", "old", "kept"])).tolist() == [1, 0, 2]
    assert values_of(state, "next", "genre") == ["zulu"]
    assert state.items.index(np.array([1, 2])).tolist() == [3, 2]
    assert [row[0] for row in history_by_name(state, "ann", START_MS + DAY_MS)[1]] == ["kept"]
    # What she made of the item that left goes on to count, as what it was then.
    (clock,) = clocks_by_name(state, ["ann"], [START_MS + DAY_MS])
    assert clock["genre"][0] == ["a", "b"]
    state.ingest(as_table([shown(START_MS + DAY_MS, item="old", genre=("calm",))]))
    assert values_of(state, "old", "genre") == ["calm"]  # it is a new one


def test_nobody_inherits_anything_of_a_user_who_left() -> None:
    state = new_state(prompt(forget_after_days=1))
    show_and_finish(state, shown(START_MS, user="ann", offset=330), shown(START_MS + 1, user="bob"))
    at_ms = START_MS + DAY_MS + 1
    assert left_at(state, 1) == ([], [])  # seen a day ago, no longer ago than that
    state.ingest(as_table([shown(START_MS + DAY_MS, user="bob")]))
    assert state.slots("user", pa.array(["ann"])).tolist() == [1]  # she leaves at a midnight, not before
    assert left_at(state, 2) == ([1], [])
    assert state.slots("user", pa.array(["ann", "bob"])).tolist() == [0, 2]
    assert state.last_offset(1) is None
    state.ingest(as_table([shown(START_MS + 2 * DAY_MS, user="eve")]))
    assert state.slots("user", pa.array(["eve"])).tolist() == [1]
    assert state.last_offset(1) == (0, START_MS + 2 * DAY_MS)
    assert state.users.index(np.array([1, 2])).tolist() == [3, 2]
    assert history_by_name(state, "eve", START_MS + 3 * DAY_MS) == (0, [])
    assert history_by_name(state, "bob", START_MS + 3 * DAY_MS)[0] == 1
    assert state.votes.count(np.array([1])).tolist() == [0]
    assert at_ms < state.complete_from_ms


def test_those_not_seen_for_longest_leave_where_there_are_too_many() -> None:
    state = new_state(prompt(most_users=2))
    users = ["ann", "bob", "eve", "joe"]
    for place, user in enumerate(users):
        state.ingest(as_table([shown(START_MS + (5, 3, 3, 4)[place], user=user)]))
    assert left_at(state, 1)[0] == [2, 3]
    at_ms = START_MS + DAY_MS
    state.ingest(as_table([shown(at_ms + place, user=f"new {place}") for place in range(3)]))
    assert len(state.users) == 5  # as many as come between midnights
    waiting = new_state(prompt(most_users=1, keep_hours=24.0))
    waiting.ingest(as_table([shown(START_MS, user="ann"), shown(START_MS, user="bob")]))
    assert left_at(waiting, 1)[0] == []  # features of both can still be asked for
    assert left_at(waiting, 2)[0] == [1]


def test_everyones_counts_go_back_as_far_as_features() -> None:
    state = new_state(prompt(keep_hours=36.0))
    for day in range(5):
        show_and_finish(state, shown(START_MS + day * DAY_MS))
        state.pass_midnight(START_MS + (day + 1) * DAY_MS)
    days = [(midnight_ms - START_MS) // DAY_MS for midnight_ms in state.everyone]
    assert days == [3, 4, 5]  # complete from the middle of the fourth day; the third is the last before that


def test_everyones_counts_as_of_the_first_moment_that_can_be_asked_for_are_kept() -> None:
    state = new_state(prompt(keep_hours=24.0))
    for day in range(4):
        state.pass_midnight(START_MS + day * DAY_MS)
    assert [(midnight_ms - START_MS) // DAY_MS for midnight_ms in state.everyone] == [2, 3]


def test_moments_may_lie_before_1970() -> None:
    state = new_state(prompt(forget_after_days=1))
    state.ingest(as_table([shown(-5, offset=90)]))
    assert state.last_offset(1) == (90, -5)
    assert not state.pass_midnight(0).users.size
    assert state.pass_midnight(DAY_MS).users.tolist() == [1]


def test_what_everyone_chose_is_never_forgotten() -> None:
    """A log of choices draws candidates from all of it."""
    schema = LogSchema(labels=("visit",), positive_only=True)
    config = prompt(longest=1, forget_after_days=0.5)
    state = FeatureState(schema, items=None, config=config)
    rows = [shown(START_MS + place, item=f"i{place}") for place in range(3)]
    state.ingest(as_table(rows))
    visits = [Said(place, "finish", 1, START_MS + 5 - place) for place in range(2)]
    state.apply_labels(as_labels(visits))
    assert left_at(state, 1) == ([1], [3])  # who chose; and what was shown, and chosen by nobody
    assert state.slots("item", pa.array(["i0", "i1", "i2"])).tolist() == [1, 2, 0]
    at_ms = START_MS + np.array([4, 5, 6])
    assert state.choices.known_before(at_ms).tolist() == [0, 1, 2]
    assert state.choices.item_at(np.array([0, 1])).tolist() == [2, 1]
    assert state.choices.first_known_ms(np.array([1, 2])).tolist() == [START_MS + 5, START_MS + 4]
    again = FeatureState(schema, items=None, config=config)
    again.restore({name: np.array(each) for name, each in state.state().items()})
    assert again.choices.item_at(np.array([0, 1])).tolist() == [2, 1]
    assert left_at(again, 2) == ([], [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"longest": 0}, "longest is 0; give 1 or more behaviours"),
        ({"keep_hours": -1.0}, r"keep_hours is -1\.0 and waits_ms 0; give 0 or more of each"),
        ({"keep_hours": float("nan")}, "keep_hours is nan; give a finite number"),
        ({"waits_ms": -1}, "waits_ms -1; give 0 or more of each"),
        ({"forget_after_days": 0.0}, r"forget_after_days is 0\.0; give a number above 0"),
        ({"most_users": 0}, "most_users is 0; give a number above 0"),
        ({"keep_hours": 1e300}, r"keep_hours is 1e\+300 .* up to 300 years"),
        ({"forget_after_days": 1e300}, r"forget_after_days is 1e\+300; give a number above 0, up to 109,800"),
    ],
)
def test_settings_are_checked(changes: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        StateConfig(**changes)
