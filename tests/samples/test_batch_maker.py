"""Rows and a view become a batch: by hand, as of now and of the day's start, and in any order."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import DAY_MS, HOUR_MS, START_MS

from interestclock.admission import LabelEvents
from interestclock.events.schema import LogSchema
from interestclock.samples import Batch, BatchMaker, Rows
from interestclock.state import FeatureState, StateConfig

NOON_MS = START_MS + DAY_MS + 12 * HOUR_MS
SCHEMA = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
SHOWN = (  # user, item, genre, shown, finished at
    ("ann", "old", "rock", START_MS, START_MS + HOUR_MS),
    ("bob", "old", "rock", START_MS, START_MS + DAY_MS),
    ("ann", "new", "jazz", START_MS + DAY_MS, NOON_MS - 1),
    ("ann", "last", "soul", START_MS + DAY_MS + HOUR_MS, NOON_MS),
)


@pytest.fixture(scope="module")
def state() -> FeatureState:
    """Ann is slot 1, bob 2; old is slot 1, new 2, last 3; so are rock, jazz and soul."""
    state = FeatureState(SCHEMA, items=None, config=StateConfig())
    users, items, genres, shown_ms, known_ms = zip(*SHOWN, strict=True)
    at_ms = np.array(shown_ms)
    state.ingest(
        pa.table(
            {
                "user_id": users,
                "item_id": items,
                "timestamp_ms": at_ms,
                "second_of_day": (at_ms // 1_000 % 86_400).astype(np.int32),
                "day_of_week": ((at_ms // DAY_MS + 3) % 7).astype(np.int8),
                "attribute.genre": [[genre] for genre in genres],
            }
        )
    )
    state.apply_labels(
        LabelEvents(
            known_ms_E=np.array(known_ms),
            serial_E=np.arange(len(SHOWN)),
            label_E=np.zeros(len(SHOWN), np.int8),
            value_E=np.ones(len(SHOWN), np.int8),
        )
    )
    return state


def rows_of(asked: list[tuple[int, int, int]], **more: dict) -> Rows:
    """Exposures of a request each: user, item, time."""
    user_B, item_B, at_ms_B = np.array(asked, np.int64).reshape(-1, 3).T
    return Rows(
        user_B=user_B.astype(np.int32),
        item_B=item_B.astype(np.int32),
        request_B=np.arange(len(asked)),
        timestamp_ms_B=at_ms_B,
        second_of_day_B=(at_ms_B // 1_000 % 86_400).astype(np.int32),
        day_of_week_B=np.zeros(len(asked), np.int8),
        known_ms_B=at_ms_B + HOUR_MS,
        **more,
    )


def best(batch: Batch) -> list[dict[int, list[int]]]:
    """Of each request the genres by hour, where there are any."""
    return [
        {hour: [n for n in values if n] for hour, values in enumerate(clock) if any(values)}
        for clock in batch.clocks["genre"].tolist()
    ]


def test_by_hand(state: FeatureState) -> None:
    rows = rows_of(
        [(1, 3, NOON_MS), (1, 2, NOON_MS), (2, 1, NOON_MS), (1, 3, NOON_MS + 1)],
        labels={"finish": np.array([1, 0, -1, 1], np.int8)},
        categorical={"device": np.array([3, 0, 1, 2], np.int32)},
        multivalued={"tags": np.array([[1, 2], [0, 0], [4, 0], [1, 1]], np.int32)},
        numeric={"age": np.array([30.0, np.nan, 1.0, 2.0], np.float32)},
    )
    batch = BatchMaker(recent=2, clocks=True, clocks_of_day=False).make(rows, state)
    assert batch.user_B.tolist() == [1, 1, 2, 1]
    assert batch.item_B.tolist() == [3, 2, 1, 3]
    assert batch.request_row_B.tolist() == [0, 0, 1, 2]
    assert batch.first_M.tolist() == [0, 2, 3]
    assert batch.known_behaviours_B.tolist() == [2, 2, 1, 3]  # what is known at noon is known just after it
    assert batch.recent_MK.tolist() == [[1, 2], [1, 0], [2, 3]]
    assert best(batch) == [{0: [2, 1]}, {0: [1]}, {0: [2, 1], 1: [3]}]  # jazz goes before rock
    assert batch.labels["finish"].tolist() == [1, 0, -1, 1]
    assert batch.categorical["device"].tolist() == [3, 0, 1, 2]
    assert batch.multivalued["tags"].tolist() == [[1, 2], [0, 0], [4, 0], [1, 1]]
    torch.testing.assert_close(
        batch.numeric["age"], torch.tensor([30, float("nan"), 1, 2]), equal_nan=True, rtol=0, atol=0
    )
    assert batch.known_ms_B.tolist() == [NOON_MS + HOUR_MS] * 3 + [NOON_MS + HOUR_MS + 1]
    whole = [each.name for each in fields(Batch) if isinstance(getattr(batch, each.name), torch.Tensor)]
    assert {getattr(batch, name).dtype for name in whole} == {torch.int64}


def test_clocks_of_the_day_are_as_of_its_start_and_histories_as_of_now(state: FeatureState) -> None:
    """Bob's label was known at that very midnight: it is not in the clocks of the day that begins."""
    rows = rows_of([(1, 3, NOON_MS), (2, 1, NOON_MS), (2, 1, NOON_MS + DAY_MS), (1, 3, START_MS + DAY_MS)])
    day, now = (
        BatchMaker(recent=3, clocks=True, clocks_of_day=of_day).make(rows, state) for of_day in (True, False)
    )
    assert best(day) == [{0: [1]}, {}, {0: [1]}, {0: [1]}]
    assert best(now) == [{0: [2, 1]}, {0: [1]}, {0: [1]}, {0: [1]}]
    for batch in (day, now):
        assert batch.known_behaviours_B.tolist() == [2, 1, 1, 1]
        assert batch.recent_MK.tolist() == [[1, 2, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_who_is_not_known_has_empty_features(state: FeatureState) -> None:
    rows = rows_of([(0, 0, NOON_MS), (1, 0, NOON_MS), (0, 2, NOON_MS + 1)])
    batch = BatchMaker(recent=2, clocks=True, clocks_of_day=False).make(rows, state)
    assert batch.known_behaviours_B.tolist() == [0, 2, 0]
    assert batch.recent_MK.tolist() == [[0, 0], [1, 2], [0, 0]]
    assert best(batch) == [{}, {0: [2, 1]}, {}]


def test_without_clocks_none_are_read(state: FeatureState) -> None:
    batch = BatchMaker(recent=1, clocks=False).make(rows_of([(1, 3, NOON_MS)]), state)
    assert batch.clocks == {}
    assert batch.recent_MK.tolist() == [[2]]


def test_columns_that_must_not_be_written_to_are_copied(state: FeatureState) -> None:
    """As Arrow gives them; PyTorch would warn of them, which fails this test."""
    rows = rows_of([(1, 3, NOON_MS)])
    at_ms_B = pa.chunked_array([pa.array([NOON_MS])]).to_numpy()
    at_ms_B.flags.writeable = False
    batch = BatchMaker(recent=1, clocks=False).make(replace(rows, timestamp_ms_B=at_ms_B), state)
    batch.timestamp_ms_B[0] = 0
    assert at_ms_B.tolist() == [NOON_MS]


def test_no_rows_make_an_empty_batch(state: FeatureState) -> None:
    batch = BatchMaker(recent=2, clocks=True).make(rows_of([]), state)
    assert len(batch) == 0
    assert batch.recent_MK.shape == (0, 2)
    assert batch.clocks["genre"].shape == (0, 24, 3)


def test_what_makes_a_moment_is_user_time_and_the_clock_on_the_wall(state: FeatureState) -> None:
    rows = rows_of([(1, 3, NOON_MS), (1, 2, NOON_MS), (1, 1, NOON_MS)])
    rows.second_of_day_B[1:] += 3_600
    rows.day_of_week_B[2:] += 1
    assert BatchMaker(recent=1, clocks=False).make(rows, state).first_M.tolist() == [0, 1, 2]


ASKED = st.tuples(
    st.integers(0, 2),
    st.integers(0, 3),
    st.builds(lambda hour, more: START_MS + hour * HOUR_MS + more, st.integers(0, 60), st.integers(-1, 1)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ASKED, max_size=5), max_size=5), st.booleans(), st.randoms())
def test_in_whatever_order_batches_are_made_they_are_the_same(
    state: FeatureState, batches: list[list[tuple[int, int, int]]], of_day: bool, random
) -> None:
    """Reading changes nothing: also not what another batch, or the same one again, is told."""
    maker = BatchMaker(recent=2, clocks=True, clocks_of_day=of_day)
    first = [maker.make(rows_of(asked), state) for asked in batches]
    order = list(range(len(batches)))
    random.shuffle(order)
    for place in order:
        again = maker.make(rows_of(batches[place]), state)
        for each in fields(Batch):
            mine, other = getattr(first[place], each.name), getattr(again, each.name)
            if isinstance(mine, dict):
                mine, other = mine.get("genre"), other.get("genre")
            assert mine is other is None or torch.equal(mine, other), each.name
