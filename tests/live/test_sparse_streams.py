"""Streams so thin that a batch spans more than the wait for labels; tables so small that ids leave in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import DAY_MS, REQUESTS
from micro_batches import NO_LABELS, apart, pieces, shown
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.embeddings import IdPolicy
from interestclock.live import LiveTrainer
from interestclock.streams.messages import LABELS

MINUTE_MS = 60_000
START_MS = 1_700_000_000_000


class Learned:
    """What was learned of the main task, in order."""

    def __init__(self) -> None:
        self.label: list[int] = []

    def predicted(self, predicted) -> None:
        pass

    def learned(self, batch) -> None:
        self.label += batch.labels["finish"].tolist()


def played(
    users: list, items: list, minutes: list[int], finish: list[int | None], known_after_s: list[int]
) -> pa.Table:
    """Exposures at ascending minutes, and the label ``finish`` where it comes."""
    time_ms = START_MS + np.array(minutes, np.int64) * MINUTE_MS
    genres = [[f"genre of {item}"] for item in items]
    table = shown(time_ms, users=users, items=items, genres=genres)
    for label in REQUESTS.labels:
        value = finish if label == "finish" else [None] * len(users)
        table[f"label.{label}"] = pa.array(value, pa.int8())
        table[f"known_ms.{label}"] = time_ms + 1_000 * np.array(known_after_s)
    return pa.table(table)


def trainer_of(
    recorder: Learned, *, wait_s: int, batch: int, lateness_s: int = 0, **changes: object
) -> LiveTrainer:
    config = replace(
        LIVE,
        admission=AdmissionConfig(lateness_ms=1_000 * lateness_s, label_wait_ms=1_000 * wait_s),
        train=replace(LIVE.train, batch_size=batch),
        **changes,
    )
    return LiveTrainer(REQUESTS, items=None, config=config, recorder=recorder)


# Minutes since the one before, the label, and after how many seconds it is known.
ROW = st.tuples(st.integers(1, 3), st.none() | st.integers(0, 1), st.integers(0, 40))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 3), st.none() | st.integers(0, 1), st.integers(0, 40)),
        min_size=1,
        max_size=40,
    ),
    batch=st.integers(1, 9),
    arrival=st.integers(1, 12),
    along=st.booleans(),
)
def test_what_is_learned_is_what_was_sent(rows: list, batch: int, arrival: int, *, along: bool) -> None:
    """An exposure every few minutes, a wait of half a minute: labels later than that are 0."""
    minutes = np.cumsum([step for step, _, _ in rows]).tolist()
    finish, after_s = [value for _, value, _ in rows], [seconds for _, _, seconds in rows]
    events = played([1] * len(rows), [n % 7 for n in range(len(rows))], minutes, finish, after_s)
    recorder = Learned()
    trainer = trainer_of(recorder, wait_s=30, batch=batch, lateness_s=0 if along else 3_600)
    if along:
        for exposures in pieces(events, arrival):
            trainer.process(exposures, NO_LABELS)
    else:
        exposures, labels = apart(events, ("finish",))
        for first in range(0, len(exposures), arrival):
            mine = exposures.slice(first, arrival)
            theirs = labels.filter(pa.compute.is_in(labels["event_id"], mine["event_id"]))
            theirs = theirs.append_column("arrival", pa.array(np.arange(len(theirs)) + len(mine)))
            trainer.process(mine, theirs.select(LABELS.names).cast(LABELS))
    trainer.finish()
    in_time = [value or 0 if s <= 30 else 0 for value, s in zip(finish, after_s, strict=True)]
    assert recorder.label == in_time
    assert trainer.buffer.counters.add_up()


def history_of(trainer: LiveTrainer, user: object) -> list[str | None]:
    state = trainer.features
    slot = int(state.slots("user", pa.array([user]))[0])
    return state.items.ids(state.user_histories.of_user(slot)["item"]).to_pylist() if slot else []


def clock_of(trainer: LiveTrainer, user: object, minute: int) -> set[str]:
    state, at_ms = trainer.features, np.array([START_MS + minute * MINUTE_MS])
    values = state.read(state.slots("user", pa.array([user])), at_ms, clocks_at_ms_M=at_ms).clocks["genre"]
    names = state.values.named("genre").to_pylist()
    return {names[value - 1] for value in np.unique(values).tolist() if value}


@pytest.mark.parametrize(
    ("leaves", "slots"),
    [({"most_state_users": 1}, [0, 2, 1]), ({"forget_users_after_days": 1.0}, [0, 0, 1])],
    ids=["too many", "unseen for long"],
)
def test_what_a_user_did_never_goes_to_the_next_in_that_slot(leaves: dict, slots: list[int]) -> None:
    """Ann finishes a song and leaves; cat, who gets her slot, never finished anything."""
    day = DAY_MS // MINUTE_MS
    minutes = [0, 2 * day, 2 * day + 1, 4 * day, 4 * day + 1, 4 * day + 2]
    users, finish = ["ann", "bob", "bob", "cat", "cat", "cat"], [1, 0, 0, 0, 0, 0]
    events = played(users, list("xyyzzz"), minutes, finish, [10, 0, 0, 0, 0, 0])
    trainer = trainer_of(Learned(), wait_s=30, batch=1, **leaves)
    for exposures in pieces(events, 6):
        trainer.process(exposures, NO_LABELS)
    assert trainer.features.slots("user", pa.array(["ann", "bob", "cat"])).tolist() == slots
    assert history_of(trainer, "cat") == []
    assert clock_of(trainer, "cat", minutes[-1]) == set()


def test_losing_a_row_removes_no_history_and_no_count() -> None:
    """Ann finishes x, whose row goes to y and back: her history has it throughout, and so has her clock."""
    trainer = trainer_of(Learned(), wait_s=30, batch=1, items=IdPolicy(most=1), users=IdPolicy(most=1))
    users, items = ["ann", "bob", "ann", "bob", "ann", "bob"], ["x", "y", "y", "x", "x", "x"]
    events = played(users, items, list(range(6)), [1, 0, 0, 0, 0, 0], [10, 0, 0, 0, 0, 0])
    for exposures in pieces(events, 6):
        trainer.process(exposures, NO_LABELS)
    for kind in ("user", "item"):
        assert trainer.rows.ledgers[kind].statistics.evictions > 1
        assert trainer.rows.ledgers[kind].statistics.size == 1
    assert history_of(trainer, "ann") == ["x"]
    assert clock_of(trainer, "ann", 5) == {"genre of x"}


def test_nobodys_row_goes_whose_batch_waits() -> None:
    """A batch that waits for days for its last label; its first user, long unused, keeps the row."""
    day = DAY_MS // MINUTE_MS
    keeps = {"users": IdPolicy(unused_days=1), "keep_hours": 72, "batch_minutes": 72 * 60}
    trainer = trainer_of(Learned(), wait_s=60 * 60 * 12, batch=2, **keeps)
    users, minutes = ["ann", "bob", "cat", "dan", "eve", "fay"], [0, *range(2 * day, 2 * day + 5)]
    events = played(users, list("uvwxyz"), minutes, [None] * 6, [0] * 6)
    for exposures in pieces(events, 6):
        trainer.process(exposures, NO_LABELS)
    waiting = trainer.pending._waiting
    assert [batch.user_B.tolist() for batch in waiting] == [[1, 2], [3, 4]]
    ann = trainer.features.slots("user", pa.array(["ann"]))
    assert trainer.rows.ledgers["user"].is_admitted(ann).tolist() == [True]
