"""Streams so thin that a batch spans more than the wait for labels; tables so small that ids leave in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import DAY_MS, REQUESTS
from live_arrivals import NO_LABELS, apart, pieces, shown
from small_live import LIVE

from interestclock.embeddings import IdPolicy
from interestclock.events.live.messages import LABELS
from interestclock.samples.live import IntakeConfig
from interestclock.training.live import LiveTrainer

MINUTE_MS = 60_000
START_MS = 1_700_000_000_000


class Learned:
    """What was learned of the main task, in order."""

    def __init__(self) -> None:
        self.label: list[int] = []

    def predicted(self, rows, probabilities) -> None:
        pass

    def learned(self, *, label_B, **said) -> None:
        self.label += label_B.tolist()


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
    recorder: Learned, *, wait_s: int, batch: int, lateness_s: int = 0, **policies: IdPolicy
) -> LiveTrainer:
    config = replace(
        LIVE,
        intake=IntakeConfig(lateness_ms=1_000 * lateness_s, label_wait_ms=1_000 * wait_s),
        train=replace(LIVE.train, batch_size=batch),
        **policies,
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
            trainer.take(exposures, NO_LABELS)
    else:
        exposures, labels = apart(events, ("finish",))
        for first in range(0, len(exposures), arrival):
            mine = exposures.slice(first, arrival)
            theirs = labels.filter(pa.compute.is_in(labels["event_id"], mine["event_id"]))
            theirs = theirs.append_column("arrival", pa.array(np.arange(len(theirs)) + len(mine)))
            trainer.take(mine, theirs.select(LABELS.names).cast(LABELS))
    trainer.finish()
    in_time = [value or 0 if s <= 30 else 0 for value, s in zip(finish, after_s, strict=True)]
    assert recorder.label == in_time
    assert trainer.intake.accounts.add_up()


def history_of(trainer: LiveTrainer, user: object) -> list[int]:
    number = int(trainer.features.tables["user"].numbers(pa.array([user]))[0])
    histories = trainer.features.view()
    count = int(trainer.features.histories._arena.blocks.count_U[number]) if number else 0
    start = int(histories.offset_U[number])
    return histories.item_E[start : start + count].tolist()


def clock_of(trainer: LiveTrainer, user: object, minute: int) -> set[str]:
    number = trainer.features.tables["user"].numbers(pa.array([user])).astype(np.int64)
    values = trainer.features.clocks.read(number, np.array([START_MS + minute * MINUTE_MS]))["genre"]
    names = trainer.features.values.vocabularies["genre"].values().to_pylist()
    return {names[value - 1] for value in np.unique(values).tolist() if value}


@pytest.mark.parametrize(
    ("policies", "gap_minutes"),
    [({"users": IdPolicy(most=1)}, 1), ({"users": IdPolicy(unused_days=1)}, 2 * DAY_MS // MINUTE_MS)],
    ids=["a full table", "a gap in the stream"],
)
def test_what_a_user_did_never_goes_to_the_next_of_that_number(policies: dict, gap_minutes: int) -> None:
    """Ann finishes a song and leaves; bob, who gets her number, never finished anything."""
    after = [gap_minutes + step for step in range(4)]
    trainer = trainer_of(Learned(), wait_s=30, batch=1, **policies)
    events = played(
        ["ann", *["bob"] * 4], ["x", "y", "y", "z", "z"], [0, *after], [1, 0, 0, 0, 0], [10, 0, 0, 0, 0]
    )
    for exposures in pieces(events, 5):
        trainer.take(exposures, NO_LABELS)
    assert trainer.features.tables["user"].numbers(pa.array(["ann", "bob"])).tolist() == [0, 1]
    assert history_of(trainer, "bob") == []
    assert clock_of(trainer, "bob", after[-1]) == set()


def test_what_was_done_with_an_item_never_goes_to_the_next_of_that_number() -> None:
    """Ann finishes x; y, which gets its number, is none of her behaviours, and its genre not her taste."""
    trainer = trainer_of(Learned(), wait_s=30, batch=1, items=IdPolicy(most=1))
    events = played(["ann"] * 5, ["x", "y", "y", "y", "y"], list(range(5)), [1, 0, 0, 0, 0], [10, 0, 0, 0, 0])
    for exposures in pieces(events, 5):
        trainer.take(exposures, NO_LABELS)
    assert trainer.features.tables["item"].numbers(pa.array(["x", "y"])).tolist() == [0, 1]
    assert history_of(trainer, "ann") == [-1]
    assert clock_of(trainer, "ann", 4) == {"genre of x"}


def test_nobody_leaves_whose_batch_waits() -> None:
    """A batch that spans days waits for its last label; its first user, long unused, keeps the number."""
    day = DAY_MS // MINUTE_MS
    trainer = trainer_of(Learned(), wait_s=60 * 60 * 12, batch=2, users=IdPolicy(unused_days=1))
    users, minutes = ["ann", "bob", "cat", "dan", "eve", "fay"], [0, *range(2 * day, 2 * day + 5)]
    events = played(users, list("uvwxyz"), minutes, [None] * 6, [0] * 6)
    for exposures in pieces(events, 6):
        trainer.take(exposures, NO_LABELS)
    waiting = trainer.lessons._waiting
    assert [lesson.batch.user_B.tolist() for lesson in waiting] == [[1, 2], [3, 4]]
    assert trainer.features.tables["user"].ids().to_pylist()[:2] == ["ann", "bob"]
