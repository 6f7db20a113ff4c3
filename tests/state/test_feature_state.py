"""The feature state beside loops over the log: whatever is asked, in any order, however the log was cut."""

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
    with_midnights,
)
from fed_state import (
    FOREVER,
    by_name,
    clocks_by_name,
    copied,
    everyone_by_name,
    fed,
    feed,
    history_by_name,
    new_state,
    plain_history,
    slot_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_state import PlainState
from stream_clocks import stream_clocks

from interestclock.clock_features import ClockFeatureConfig
from interestclock.events.schema import EQ3_ROLES
from interestclock.state import FeatureState, StateConfig
from interestclock.timeofday import utc_day_start_ms

CUTS = st.lists(st.integers(0, 120), max_size=12)
GRID_MS = [START_MS + step * STEP_MS for step in range(48)]
MOMENTS = st.builds(
    lambda at_ms, more: at_ms + more, st.sampled_from(GRID_MS), st.sampled_from([-1, 0, 0, 1])
)


def whole_log(log: AdmittedLog) -> PlainState:
    """The reference, given every exposure and label of the log, and no midnight."""
    plain = PlainState(FOREVER)
    for step in log.steps:
        if not isinstance(step, Midnight):
            plain.step(step)
    return plain


def check_reads(state: FeatureState, plain: PlainState, asked: list[tuple[str, int]]) -> None:
    users, at_ms = [user for user, _ in asked], [at_ms for _, at_ms in asked]
    read = clocks_by_name(state, users, at_ms) if asked else []
    for place, (user, when) in enumerate(asked):
        assert read[place] == plain.clock(user, when)
        assert history_by_name(state, user, when) == plain_history(plain, user, when)


@settings(max_examples=120, deadline=None)
@given(admitted_logs(), CUTS, st.data())
def test_features_are_what_loops_say_while_the_log_comes_and_when_it_is_over(
    log: AdmittedLog, cuts: list[int], data: st.DataObject
) -> None:
    """What was known before the watermark is final: the reference has read the whole log already."""
    state, plain = new_state(), whole_log(log)
    asked = data.draw(st.lists(st.tuples(st.sampled_from(["ann", "bob", "eve"]), MOMENTS), max_size=8))
    for stop, piece in micro_batches(log, cuts):
        if not any(isinstance(step, Midnight) for step in piece):
            feed(state, piece, log.watermark_ms[stop - 1])
        known = set(state.users.ids().to_pylist())
        final = [each for each in asked if each[1] <= log.watermark_ms[stop - 1] and each[0] in known]
        check_reads(state, plain, final)
        check_reads(state, plain, [(user, int(utc_day_start_ms(at_ms))) for user, at_ms in final])
    check_reads(state, plain, [each for each in asked if each[0] in plain.users])
    for item, expected in plain.items.items():
        slot = state.slots("item", pa.array([item]))
        for name in SCHEMA.attributes:
            numbers = state.item_values(name, slot, at_ms=1 << 62)[0]
            found = {state.values.named(name)[int(number) - 1].as_py() for number in numbers if number}
            assert found == set(expected.values[name])
    for user, expected in plain.users.items():
        said = state.last_offset(slot_of(state, "user", user))
        assert said == (expected.offset_minutes, expected.seen_ms)


FORGETFUL = st.builds(
    StateConfig,
    clocks=st.just(FOREVER.clocks),
    longest=st.sampled_from([None, 1, 2]),
    waits_ms=st.just(FOREVER.waits_ms),
    keep_hours=st.sampled_from([0.0, 1.0, 24.0]),
    forget_after_days=st.sampled_from([None, 0.5, 2.0]),
    most_users=st.sampled_from([None, 1, 2]),
)


@settings(max_examples=100, deadline=None)
@given(admitted_logs(), CUTS, CUTS, FORGETFUL)
def test_how_a_log_is_cut_changes_nothing(
    log: AdmittedLog, cuts: list[int], others: list[int], config: StateConfig
) -> None:
    times_ms = [at_ms + more for at_ms in GRID_MS for more in (0, 1)]
    assert by_name(fed(log, cuts, config), times_ms) == by_name(fed(log, others, config), times_ms)


@settings(max_examples=60, deadline=None)
@given(admitted_logs(), CUTS, FORGETFUL, st.integers(0, 200))
def test_a_state_that_was_kept_and_restored_goes_on_the_same(
    log: AdmittedLog, cuts: list[int], config: StateConfig, turn: int
) -> None:
    states = [new_state(config), new_state(config)]
    for place, (stop, piece) in enumerate(micro_batches(log, cuts)):
        if place == turn % (len(cuts) + 1):
            kept = {name: np.array(each) for name, each in states[1].state().items()}
            states[1] = copied(states[1])
            for name, each in states[1].state().items():
                np.testing.assert_array_equal(each, kept[name], err_msg=name)
        for state in states:
            feed(state, piece, log.watermark_ms[stop - 1])
    assert by_name(states[0], GRID_MS) == by_name(states[1], GRID_MS)
    assert states[0].users.ids().equals(states[1].users.ids())
    assert states[0].items.ids().equals(states[1].items.ids())


def shown(
    at_ms: int, *, user: str = "ann", item: str = "song", offset: int = 0, genre: str = "rock"
) -> Shown:
    return Shown(user, item, at_ms, offset, (genre,), ())


def test_a_label_known_at_the_very_moment_is_not_known_before_it() -> None:
    """Midnight (UTC) belongs to the day that begins: what is known at it counts as of later moments only."""
    state, midnight_ms = new_state(), START_MS + DAY_MS
    state.ingest(as_table([shown(midnight_ms - HOUR_MS), shown(midnight_ms, user="bob")]))
    state.apply_labels(as_labels([Said(0, "finish", 1, midnight_ms), Said(1, "finish", 1, midnight_ms)]))
    state.pass_midnight(midnight_ms)
    for more, seen in ((-1, 0), (0, 0), (1, 1)):
        for user in ("ann", "bob"):
            (clock,) = clocks_by_name(state, [user], [midnight_ms + more])
            assert sum(map(len, clock["genre"])) == seen
            assert history_by_name(state, user, midnight_ms + more)[0] == seen
    assert everyone_by_name(state) == {midnight_ms: {}}
    state.pass_midnight(midnight_ms + DAY_MS)
    last_day = everyone_by_name(state)[midnight_ms + DAY_MS]  # bob alone was shown in the window
    assert last_day == {("genre", 0, "rock", "finish"): 1}


def test_the_edge_of_the_window_belongs_to_it() -> None:
    state = new_state()
    state.ingest(as_table([shown(START_MS)]))
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS)]))
    for more, seen in ((0, 1), (1, 0)):
        (clock,) = clocks_by_name(state, ["ann"], [START_MS + DAY_MS + more])
        assert sum(map(len, clock["genre"])) == seen


def test_of_two_labels_that_engage_the_one_known_first_counts_whichever_comes_first() -> None:
    """The second exposure was known between them: it stands before, then behind the first."""
    state = new_state()
    state.ingest(as_table([shown(START_MS, item="one"), shown(START_MS, item="two")]))
    state.apply_labels(as_labels([Said(0, "like", 1, START_MS + 9), Said(1, "finish", 1, START_MS + 7)]))
    items = [row[0] for row in history_by_name(state, "ann", START_MS + 10)[1]]
    assert items == ["two", "one"]
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS + 5)]))
    known, rows = history_by_name(state, "ann", START_MS + 6)
    assert (known, [row[0] for row in rows]) == (1, ["one"])
    assert history_by_name(state, "ann", START_MS + 10)[0] == 2


def test_to_read_changes_nothing() -> None:
    state = new_state()
    state.ingest(as_table([shown(START_MS), shown(START_MS + 5, user="bob")]))
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS + 3)]))
    before = {name: np.array(each) for name, each in state.state().items()}
    for at_ms in (START_MS + 9, START_MS, START_MS + 4):
        at_ms_M = np.full(4, at_ms)
        state.read(np.array([2, 0, 1, 99]), at_ms_M, clocks_at_ms_M=at_ms_M)
        state.histories()
    after = state.state()
    assert before.keys() == after.keys()
    for name, each in before.items():
        np.testing.assert_array_equal(each, after[name], err_msg=name)


def test_who_is_not_known_has_empty_features() -> None:
    state = new_state()
    state.ingest(as_table([shown(START_MS)]))
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS)]))
    assert state.slots("user", pa.array(["nobody", None, "ann"])).tolist() == [0, 0, 1]
    assert state.slots("item", pa.array(["nothing", "song"])).tolist() == [0, 1]
    at_ms_M = np.full(3, START_MS + 1)
    features = state.read(np.array([0, 1, 50]), at_ms_M, clocks_at_ms_M=at_ms_M)
    assert features.known_M.tolist() == [0, 1, 0]
    assert features.clocks["genre"].any(axis=(1, 2)).tolist() == [False, True, False]
    assert [state.last_offset(user) for user in (0, 1, 2, 50)] == [None, (0, START_MS), None, None]
    nobody = np.zeros(0, np.int64)
    assert state.read(nobody, nobody, clocks_at_ms_M=nobody).clocks["genre"].shape == (0, 4, 2)
    assert state.read(nobody, nobody, clocks_at_ms_M=None).clocks == {}
    clocks_alone = state.read(np.array([0, 1, 50]), None, clocks_at_ms_M=at_ms_M)
    assert clocks_alone.known_M.tolist() == []
    np.testing.assert_array_equal(clocks_alone.clocks["genre"], features.clocks["genre"])


def test_nothing_is_asked_of_labels_of_exposures_that_are_closed() -> None:
    state = new_state()
    state.ingest(as_table([shown(START_MS), shown(START_MS + 2), shown(START_MS + 1)]))
    state.close_before_ms(START_MS + 2)  # up to the first that was shown no earlier
    state.apply_labels(as_labels([Said(2, "finish", 1, START_MS + 3)]))
    with pytest.raises(ValueError, match="exposures 0 to 0, but 1 to 2 are open"):
        state.apply_labels(as_labels([Said(0, "finish", 1, START_MS + 3)]))


def test_clocks_equal_the_relational_expression() -> None:
    """A few thousand rows, fed day by day, read at moments in any order."""
    random, rows, days = np.random.default_rng(7), 4_000, 9
    config = ClockFeatureConfig(window_days=3)
    log, plays = [], []
    genre_of = [tuple({f"g{each}" for each in random.integers(0, 6, 3)}) for _ in range(40)]
    for serial, step in enumerate(np.sort(random.integers(0, days * 288, rows)).tolist()):
        user, item, at_ms = f"u{random.integers(20)}", int(random.integers(40)), START_MS + step * 300_000
        mine = Shown(user, f"i{item}", at_ms, int(random.choice([-300, 0, 330])), genre_of[item], ("calm",))
        log.append((at_ms, mine))
        play = {"user": user, "item": mine.item, "timestamp_ms": at_ms, "second_of_day": mine.local_second}
        for label in SCHEMA.labels:
            value, known_ms = int(random.random() < 0.5), at_ms + int(random.integers(0, 13)) * HOUR_MS
            log.append((known_ms, Said(serial, label, value, known_ms)))
            play |= {label: value, f"known_ms_{label}": known_ms}
        plays.append(play)
    log.sort(key=lambda each: each[0])
    state_config = StateConfig(clocks=config, waits_ms=12 * HOUR_MS, longest=None, forget_after_days=None)
    admitted = with_midnights([event for _, event in log])
    state = new_state(state_config)
    for stop, piece in micro_batches(admitted, list(range(0, len(admitted.steps), 997))):
        if not any(isinstance(step, Midnight) for step in piece):
            feed(state, piece, admitted.watermark_ms[stop - 1])
    carried = [
        {"item": f"i{item}", "attribute": "genre", "value": g} for item in range(40) for g in genre_of[item]
    ]
    carried += [{"item": f"i{item}", "attribute": "mood", "value": "calm"} for item in range(40)]
    moments = random.permutation(np.arange(1, days + 5)).astype(np.int64) * DAY_MS + START_MS
    moments[::2] += random.integers(0, 24, moments[::2].size) * HOUR_MS  # others stay at midnight
    expected: dict[tuple[int, str], dict[str, list[list[str]]]] = {}
    users = state.users.ids().to_pylist()
    for at_ms in moments.tolist():
        for user in users:
            expected[at_ms, user] = {name: [[] for _ in range(24)] for name in ("genre", "mood")}
    found_rows = 0
    plays_table = pa.Table.from_pylist(plays)
    assert set(EQ3_ROLES) & set(plays_table.column_names) == {"like", "finish", "skip"}
    for batch in stream_clocks(plays_table, pa.Table.from_pylist(carried), moments.tolist(), config=config):
        for row in sorted(batch.to_pylist(), key=lambda row: row["rank"]):
            expected[row["as_of_ms"], row["user"]][row["attribute"]][row["bucket"]].append(row["value"])
            found_rows += 1
    for at_ms in moments.tolist():
        for user, clock in zip(users, clocks_by_name(state, users, [at_ms] * len(users)), strict=True):
            assert clock == expected[at_ms, user]
    assert found_rows > 1_000


def test_a_users_last_zone_is_kept_where_one_told_the_offset() -> None:
    state = new_state()
    rows = as_table(
        [shown(START_MS), shown(START_MS + 5, user="bob", offset=90), shown(START_MS + 9, offset=60)]
    )
    zones = pa.array(["America/New_York", None, "Europe/Berlin"])
    state.ingest(rows.append_column("zone", zones))
    assert [state.last_zone(user) for user in (0, 1, 2, 9)] == [None, "Europe/Berlin", None, None]
    other = copied(state)
    other.ingest(
        as_table([shown(START_MS + 20), shown(START_MS + 3, user="bob")])
    )  # said itself; and earlier
    assert [other.last_zone(1), other.last_offset(1)] == [None, (0, START_MS + 20)]
    assert other.last_offset(2) == (90, START_MS + 5)
