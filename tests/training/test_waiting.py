from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import DAY_MS

from interestclock.samples import Batch
from interestclock.training import Prediction
from interestclock.training.waiting import DailyShuffle, InOrder, Lesson

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
        moment_of_B=rows,
        first_M=rows,
        recent_MN=zeros.unsqueeze(1),
        labels={},
    )


def items(lessons: Iterable[Lesson]) -> list[list[int]]:
    return [lesson.item_B.tolist() for lesson, _ in lessons]


def flat(lessons: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(lessons))


class TestInOrder:
    def test_a_batch_is_due_once_its_last_label_was_known_before_now(self) -> None:
        waiting = InOrder()
        waiting.add(batch([0, 1], [30, 20]), FRESH)
        assert items(waiting.due(30)) == []
        assert items(waiting.due(31)) == [[1, 2]]
        assert items(waiting.due(99)) == []

    def test_batches_are_learned_in_the_order_they_were_shown(self) -> None:
        waiting = InOrder()
        waiting.add(batch([0], [50], 1), FRESH)
        waiting.add(batch([1], [10], 2), FRESH)
        assert items(waiting.due(40)) == []
        assert items(waiting.due(51)) == [[1], [2]]

    def test_only_a_prediction_nothing_is_learned_after_is_kept(self) -> None:
        waiting = InOrder()
        waiting.add(batch([0], [5]), FRESH)
        waiting.add(batch([1], [6]), FRESH)
        kept, dropped = (prediction for _, prediction in waiting.due(10))
        assert kept is FRESH
        assert dropped is None

    def test_the_rest_comes_when_the_stream_ends(self) -> None:
        waiting = InOrder()
        waiting.add(batch([0], [10**15], 1), FRESH)
        waiting.add(batch([1], [5], 2), FRESH)
        assert items(waiting.rest()) == [[1], [2]]
        assert items(waiting.rest()) == []


class TestDailyShuffle:
    def test_a_day_is_learned_when_the_next_has_begun(self) -> None:
        waiting = DailyShuffle(batch_size=8, seed=0)
        assert items(waiting.due(0)) == []
        waiting.add(batch([0, 1], [2, 3], 1), FRESH)
        assert items(waiting.due(DAY_MS - 1)) == []
        waiting.add(batch([DAY_MS - 1], [DAY_MS - 1], 3), FRESH)
        (day,) = items(waiting.due(DAY_MS))
        assert sorted(day) == [1, 2, 3]
        assert items(waiting.due(DAY_MS + 1)) == []

    def test_late_labels_go_to_the_next_day(self) -> None:
        waiting = DailyShuffle(batch_size=8, seed=0)
        list(waiting.due(0))
        waiting.add(batch([1, 2, 3], [5, DAY_MS, 2 * DAY_MS + 1], 1), FRESH)
        assert items(waiting.due(DAY_MS)) == [[1]]
        assert items(waiting.due(2 * DAY_MS)) == [[2]]
        assert items(waiting.rest()) == [[3]]

    def test_a_batch_across_midnight_is_learned_in_parts(self) -> None:
        waiting = DailyShuffle(batch_size=8, seed=0)
        list(waiting.due(DAY_MS - 5))
        waiting.add(batch([DAY_MS - 5, DAY_MS + 5], [DAY_MS - 5, DAY_MS + 5], 1), FRESH)
        assert items(waiting.due(DAY_MS + 9)) == [[1]]
        assert items(waiting.rest()) == [[2]]

    def test_days_are_shuffled_by_seed(self) -> None:
        def day(seed: int) -> list[list[int]]:
            waiting = DailyShuffle(batch_size=10, seed=seed)
            waiting.add(batch([0] * 50, [0] * 50), FRESH)
            return items(waiting.rest())

        assert day(0) == day(0)
        assert day(0) != day(1)
        assert flat(day(0)) != sorted(flat(day(0)))
        assert [len(lesson) for lesson in day(0)] == [10] * 5

    def test_labels_that_are_never_known_are_learned_at_the_end(self) -> None:
        waiting = DailyShuffle(batch_size=8, seed=0)
        waiting.add(batch([0], [torch.iinfo(torch.int64).max]), FRESH)
        assert items(waiting.rest()) == [[1]]

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
        waiting, learned = DailyShuffle(batch_size=3, seed=1), []
        for start in range(0, len(exposures), per_batch):
            part = exposures[start : start + per_batch]
            today_ms = part[0][0] // DAY_MS * DAY_MS
            for lesson in items(waiting.due(part[0][0])):
                assert all(known[item] < today_ms for item in lesson)
                learned += lesson
            times = [time for time, _ in part]
            waiting.add(batch(times, [time + late for time, late in part], start), FRESH)
        learned += flat(items(waiting.rest()))
        assert sorted(learned) == sorted(known)


@pytest.mark.parametrize("waiting", [InOrder(), DailyShuffle(batch_size=2, seed=0)])
def test_nothing_waits_at_first(waiting: InOrder | DailyShuffle) -> None:
    assert items(waiting.due(5)) == []
    assert items(waiting.rest()) == []
