from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import DAY_MS

from interestclock.samples import Batch
from interestclock.training import ORDERS, Prediction, TrainConfig
from interestclock.training.pending import LabelsAlong, PendingBatch, PendingBatches

FRESH = Prediction(logits={"finish": torch.zeros(1)}, step=0)


def batch(time_ms: list[int], known_ms: list[int], first_item: int = 1) -> Batch:
    """Exposures with numbered items, each a request and a moment of its own."""
    rows = torch.arange(len(time_ms))
    zeros = torch.zeros_like(rows)
    return Batch(
        user_B=zeros,
        item_B=rows + first_item,
        request_B=rows,
        timestamp_ms_B=torch.tensor(time_ms),
        second_of_day_B=zeros,
        day_of_week_B=zeros,
        known_ms_B=torch.tensor(known_ms),
        known_behaviours_B=zeros,
        request_row_B=rows,
        first_M=rows,
        recent_MK=zeros.unsqueeze(1),
        labels={},
    )


def in_order() -> PendingBatches:
    return PendingBatches(LabelsAlong(), config=TrainConfig())


def shuffled(*, batch_size: int = 8, seed: int = 0) -> PendingBatches:
    config = TrainConfig(order="daily-shuffled", batch_size=batch_size, seed=seed)
    return PendingBatches(LabelsAlong(), config=config)


def items(lessons: Iterable[PendingBatch]) -> list[list[int]]:
    return [lesson.item_B.tolist() for lesson, _ in lessons]


def flat(lessons: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(lessons))


class TestInOrder:
    def test_a_batch_is_due_once_its_last_label_was_known_before_now(self) -> None:
        waiting = in_order()
        waiting.add(batch([0, 1], [30, 20]), FRESH)
        assert items(waiting.due(30)) == []
        assert items(waiting.due(31)) == [[1, 2]]
        assert items(waiting.due(99)) == []

    def test_batches_are_learned_in_the_order_they_were_shown(self) -> None:
        waiting = in_order()
        waiting.add(batch([0], [50], 1), FRESH)
        waiting.add(batch([1], [10], 2), FRESH)
        assert items(waiting.due(40)) == []
        assert items(waiting.due(51)) == [[1], [2]]

    def test_only_a_prediction_nothing_is_learned_after_is_kept(self) -> None:
        waiting = in_order()
        waiting.add(batch([0], [5]), FRESH)
        waiting.add(batch([1], [6]), FRESH)
        kept, dropped = (prediction for _, prediction in waiting.due(10))
        assert kept is FRESH
        assert dropped is None

    def test_the_rest_comes_when_the_stream_ends(self) -> None:
        waiting = in_order()
        waiting.add(batch([0], [10**15], 1), FRESH)
        waiting.add(batch([1], [5], 2), FRESH)
        assert items(waiting.due(None)) == [[1], [2]]
        assert items(waiting.due(None)) == []


class TestDailyShuffled:
    def test_a_day_is_learned_when_the_next_has_begun(self) -> None:
        waiting = shuffled(batch_size=8, seed=0)
        assert items(waiting.due(0)) == []
        waiting.add(batch([0, 1], [2, 3], 1), FRESH)
        assert items(waiting.due(DAY_MS - 1)) == []
        waiting.add(batch([DAY_MS - 1], [DAY_MS - 1], 3), FRESH)
        (day,) = items(waiting.due(DAY_MS))
        assert sorted(day) == [1, 2, 3]
        assert items(waiting.due(DAY_MS + 1)) == []

    def test_late_labels_go_to_the_next_day(self) -> None:
        waiting = shuffled(batch_size=8, seed=0)
        list(waiting.due(0))
        waiting.add(batch([1, 2, 3], [5, DAY_MS, 2 * DAY_MS + 1], 1), FRESH)
        assert items(waiting.due(DAY_MS)) == [[1]]
        assert items(waiting.due(2 * DAY_MS)) == [[2]]
        assert items(waiting.due(None)) == [[3]]

    def test_a_batch_across_midnight_is_learned_in_parts(self) -> None:
        waiting = shuffled(batch_size=8, seed=0)
        list(waiting.due(DAY_MS - 5))
        waiting.add(batch([DAY_MS - 5, DAY_MS + 5], [DAY_MS - 5, DAY_MS + 5], 1), FRESH)
        assert items(waiting.due(DAY_MS + 9)) == [[1]]
        assert items(waiting.due(None)) == [[2]]

    def test_days_are_shuffled_by_seed(self) -> None:
        def day(seed: int) -> list[list[int]]:
            waiting = shuffled(batch_size=10, seed=seed)
            waiting.add(batch([0] * 50, [0] * 50), FRESH)
            return items(waiting.due(None))

        assert day(0) == day(0)
        assert day(0) != day(1)
        assert flat(day(0)) != sorted(flat(day(0)))
        assert [len(lesson) for lesson in day(0)] == [10] * 5

    def test_labels_that_are_never_known_are_learned_at_the_end(self) -> None:
        waiting = shuffled(batch_size=8, seed=0)
        waiting.add(batch([0], [torch.iinfo(torch.int64).max]), FRESH)
        assert items(waiting.due(None)) == [[1]]

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 4 * DAY_MS), st.integers(0, DAY_MS)), min_size=1, max_size=40),
        st.integers(1, 7),
    )
    def test_each_sample_is_learned_once_and_not_before_it_is_known(
        self, exposures: list[tuple[int, int]], per_batch: int
    ) -> None:
        exposures.sort()
        known = {number: time + late for number, (time, late) in enumerate(exposures)}
        waiting, learned = shuffled(batch_size=3, seed=1), []
        for start in range(0, len(exposures), per_batch):
            part = exposures[start : start + per_batch]
            today_ms = part[0][0] // DAY_MS * DAY_MS
            for lesson in items(waiting.due(part[0][0])):
                assert all(known[item] < today_ms for item in lesson)
                learned += lesson
            times = [time for time, _ in part]
            waiting.add(batch(times, [time + late for time, late in part], start), FRESH)
        learned += flat(items(waiting.due(None)))
        assert sorted(learned) == sorted(known)


def exposures_of(drawn: list[tuple[int, int]], per_batch: int) -> list[Batch]:
    """Batches of exposures, each of a time and how long after it its labels are known."""
    drawn = sorted(drawn)
    parts = [(first, drawn[first : first + per_batch]) for first in range(0, len(drawn), per_batch)]
    return [
        batch([at_ms for at_ms, _ in part], [at_ms + late_ms for at_ms, late_ms in part], first)
        for first, part in parts
    ]


DRAWN = st.lists(st.tuples(st.integers(0, 9 * DAY_MS), st.integers(0, 2 * DAY_MS)), min_size=1, max_size=30)


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=60, deadline=None)
@given(drawn=DRAWN, per_batch=st.integers(1, 7), asked=st.integers(0, 3), restored=st.booleans())
def test_how_often_it_is_asked_and_whether_it_was_restored_changes_nothing(
    *, order: str, drawn: list[tuple[int, int]], per_batch: int, asked: int, restored: bool
) -> None:
    """Asked just before each batch, and also at moments between two: the same batches, in the same turn."""
    config = TrainConfig(order=order, batch_size=3, seed=4)
    plain, often = (PendingBatches(LabelsAlong(), config=config) for _ in range(2))
    last_ms = 0
    for each in exposures_of(drawn, per_batch):
        now_ms = int(each.timestamp_ms_B[0])
        between = [last_ms + (now_ms - last_ms) * turn // (asked + 1) for turn in range(1, asked + 1)]
        learned = [item for moment_ms in [*between, now_ms] for item in items(often.due(moment_ms))]
        assert items(plain.due(now_ms)) == learned
        for queue in (plain, often):
            queue.add(each, FRESH)
        if restored:
            state = {name: np.array(values) for name, values in often.state().items()}
            often = PendingBatches(LabelsAlong(), config=config)
            often.restore(state)
        assert plain.first_ms == often.first_ms
        last_ms = int(each.timestamp_ms_B[-1])
    assert items(plain.due(None)) == items(often.due(None))
    assert plain.first_ms is often.first_ms is None


def test_a_day_without_exposures_ends_all_the_same() -> None:
    """Labels of two days are learned a day at a time, though nobody asked in between."""
    waiting = shuffled(batch_size=100)
    waiting.add(batch([0] * 20, [5] * 20, 1), FRESH)
    waiting.add(batch([6] * 20, [DAY_MS + 5] * 20, 21), FRESH)
    first, second = items(waiting.due(5 * DAY_MS))
    assert (sorted(first), sorted(second)) == (list(range(1, 21)), list(range(21, 41)))


@pytest.mark.parametrize("waiting", [in_order(), shuffled()])
def test_nothing_waits_at_first(waiting: PendingBatches) -> None:
    assert waiting.first_ms is None
    assert items(waiting.due(5)) == []
    assert items(waiting.due(None)) == []
