"""Labels that are looked up once they are settled, beside a plain list of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.admission import LabelEvents
from interestclock.live.awaited_labels import SERIAL, AwaitedLabels
from interestclock.samples import Batch

WAIT_MS = 100


def batch_of(serials: list[int], labels: dict[str, torch.Tensor] | None = None) -> Batch:
    rows = torch.arange(len(serials))
    zeros = torch.zeros_like(rows)
    return Batch(
        user_B=zeros,
        item_B=zeros,
        request_B=rows,
        timestamp_ms_B=rows,
        second_of_day_B=zeros,
        day_of_week_B=zeros,
        known_ms_B=zeros,
        known_behaviours_B=zeros,
        request_row_B=rows,
        first_M=rows,
        recent_MK=zeros.unsqueeze(1),
        labels=labels or {},
        carried={SERIAL: torch.tensor(serials)},
    )


def events(*said: tuple[int, int, int, int]) -> LabelEvents:
    """Labels by serial number, place of the label, value and when it was known."""
    serial_E, label_E, value_E, known_ms_E = np.array(said, np.int64).reshape(-1, 4).T
    return LabelEvents(
        serial_E=serial_E,
        label_E=label_E.astype(np.int8),
        value_E=value_E.astype(np.int8),
        known_ms_E=known_ms_E,
    )


@pytest.fixture
def labels() -> AwaitedLabels:
    """Three exposures at 0, 10 and 5; the first has both labels, the second one of them."""
    labels = AwaitedLabels(("finish", "like"), missing=("like",), label_wait_ms=WAIT_MS)
    labels.expect(np.array([0, 10, 5]))
    labels.apply(events((0, 0, 1, 7), (1, 0, 1, 20)))
    labels.apply(events((0, 1, 0, 30)))
    return labels


def test_settled_is_all_known_or_the_wait_over(labels: AwaitedLabels) -> None:
    assert labels.settled_ms(batch_of([2, 0, 1])).tolist() == [105, 30, 110]


def test_what_has_not_come_is_a_no_or_missing(labels: AwaitedLabels) -> None:
    labelled = labels.labelled(batch_of([1, 2, 0, 1])).labels
    assert {name: each.tolist() for name, each in labelled.items()} == {
        "finish": [1, 0, 1, 1],
        "like": [-1, -1, 0, -1],
    }
    assert {each.dtype for each in labelled.values()} == {torch.int8}


def test_labels_that_came_along_stay(labels: AwaitedLabels) -> None:
    chosen = {"finish": torch.tensor([0, 1], dtype=torch.int8)}
    assert labels.labelled(batch_of([1, 1], chosen)).labels is chosen


def test_what_is_restored_says_the_same(labels: AwaitedLabels) -> None:
    other = AwaitedLabels(("finish", "like"), missing=("like",), label_wait_ms=WAIT_MS)
    other.restore({name: np.array(values) for name, values in labels.state().items()})
    for each in (labels, other):
        each.apply(events((2, 1, 1, 50), (2, 0, 0, 60)))
    batch = batch_of([0, 1, 2])
    assert torch.equal(labels.settled_ms(batch), other.settled_ms(batch))
    for name, label_B in labels.labelled(batch).labels.items():
        assert torch.equal(label_B, other.labelled(batch).labels[name])


@given(times=st.lists(st.integers(0, 20), max_size=15), first_ms=st.integers(0, 21) | st.none())
def test_only_what_was_shown_before_all_that_waits_is_forgotten(
    times: list[int], first_ms: int | None
) -> None:
    labels = AwaitedLabels(("finish",), missing=(), label_wait_ms=WAIT_MS)
    labels.expect(np.array(times, np.int64))
    labels.close_before_ms(first_ms)
    waiting = [serial for serial, at_ms in enumerate(times) if first_ms is not None and at_ms >= first_ms]
    if waiting:
        assert labels.settled_ms(batch_of(waiting)).tolist() == [times[each] + WAIT_MS for each in waiting]
    if times and waiting[:1] != [0]:
        with pytest.raises(ValueError, match="are open"):
            labels.settled_ms(batch_of([0]))
