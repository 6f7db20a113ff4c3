"""Batches of what the watermark has passed: by hand, and however the stream is cut."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.live.exposure_queue import ExposureQueue

Row = tuple[str, int, int]  # user, request, time


def table_of(rows: list[Row], first: int = 0) -> pa.Table:
    """Exposures; each one's serial number is its place."""
    return pa.table(
        {
            "user_id": pa.array([user for user, _, _ in rows], pa.string()),
            "request_id": pa.array([request for _, request, _ in rows], pa.int64()),
            "timestamp_ms": pa.array([at_ms for _, _, at_ms in rows], pa.int64()),
            "serial": pa.array(range(first, first + len(rows)), pa.int64()),
        }
    )


def drained(queue: ExposureQueue) -> list[list[int]]:
    """Serial numbers of all batches that are complete."""
    return [batch["serial"].to_pylist() for batch in iter(queue.next_batch, None)]


def at(*times_ms: int) -> list[Row]:
    """Exposures of a request each."""
    return [("ann", request, at_ms) for request, at_ms in enumerate(times_ms)]


def slow_batches(rows: list[Row], *, most: int, fill_ms: int) -> list[list[int]]:
    """The whole stream at once, in lists."""
    order = sorted(range(len(rows)), key=lambda serial: (rows[serial][2], serial))
    batches = []
    while order:
        requests = [list(run) for _, run in itertools.groupby(order, key=lambda serial: rows[serial][:2])]
        until_ms = rows[order[0]][2] + fill_ms
        # Of a request that goes on after the batch is filled, what was shown before that counts as one.
        requests = [[serial for serial in run if rows[serial][2] <= until_ms] for run in requests]
        batch = requests[0]
        for run in requests[1:]:
            if not run or len(batch) + len(run) > most:
                break
            batch = batch + run
        batches.append(batch)
        order = [serial for serial in order if serial not in batch]
    return batches


STREAMS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 2), st.integers(0, 30), st.integers(0, 8)),
    max_size=25,
)


@settings(max_examples=250, deadline=None)
@given(
    drawn=STREAMS,
    most=st.integers(1, 6),
    fill_ms=st.integers(0, 12),
    cuts=st.sets(st.integers(0, 25), max_size=8),
    looked=st.booleans(),
    restored=st.booleans(),
)
def test_batches_do_not_depend_on_how_the_stream_is_cut(
    *, drawn: list, most: int, fill_ms: int, cuts: set[int], looked: bool, restored: bool
) -> None:
    """Exposures arrive up to 8 ms late, and the watermark waits for that."""
    arrived = sorted(drawn, key=lambda each: each[2] + each[3])
    rows = [(user, request, at_ms) for user, request, at_ms, _ in arrived]
    queue, given_out, watermark_ms = ExposureQueue(most=most, fill_ms=fill_ms), [], -100
    for first, stop in itertools.pairwise(sorted({0, len(rows), *(min(each, len(rows)) for each in cuts)})):
        queue.add(table_of(rows[first:stop], first))
        watermark_ms = max(watermark_ms, *(at_ms - 8 for _, _, at_ms in rows[first:stop]))
        queue.advance(watermark_ms)
        if looked:
            given_out += drained(queue)
        if restored:
            state = {name: np.array(each) for name, each in queue.state().items()}
            queue = ExposureQueue(most=most, fill_ms=fill_ms)
            queue.restore(state)
        waits = [serial for serial in range(stop) if not any(serial in batch for batch in given_out)]
        assert len(queue) == len(waits)
        assert queue.first_ms == min((rows[serial][2] for serial in waits), default=None)
    queue.end()
    given_out += drained(queue)
    assert given_out == slow_batches(rows, most=most, fill_ms=fill_ms)
    assert len(queue) == 0


def test_a_full_batch_waits_for_the_request_behind_it() -> None:
    """A request may still grow, until another one follows."""
    queue = ExposureQueue(most=2, fill_ms=1_000)
    queue.add(table_of(at(1, 2, 3)))
    queue.advance(3)
    assert drained(queue) == []  # the second may go on, and the third is not passed
    queue.advance(4)
    assert drained(queue) == [[0, 1]]


def test_a_batch_that_does_not_fill_is_given_out_once_its_time_has_passed() -> None:
    queue = ExposureQueue(most=10, fill_ms=100)
    queue.add(table_of(at(50, 150, 151)))
    queue.advance(150)
    assert drained(queue) == []
    queue.advance(151)  # now nothing of 150 comes any more
    assert drained(queue) == [[0, 1]]
    queue.advance(251)
    assert drained(queue) == []
    queue.advance(252)
    assert drained(queue) == [[2]]


def test_requests_stay_whole() -> None:
    rows = [("ann", 1, 5), ("ann", 1, 5), ("ann", 1, 5), ("bob", 1, 6), ("bob", 2, 7), ("bob", 3, 8)]
    queue = ExposureQueue(most=2, fill_ms=1_000)
    queue.add(table_of(rows))
    queue.end()
    assert drained(queue) == [[0, 1, 2], [3, 4], [5]]  # the first alone is more than a batch


def test_a_request_that_goes_on_after_its_batch_is_filled_is_parted() -> None:
    rows = [("ann", 1, 0), ("bob", 1, 90), ("bob", 1, 100), ("bob", 1, 101), ("eve", 1, 500)]
    queue = ExposureQueue(most=10, fill_ms=100)
    queue.add(table_of(rows))
    queue.advance(101)
    assert drained(queue) == [[0, 1, 2]]
    queue.advance(202)
    assert drained(queue) == [[3]]
    assert queue.first_ms == 500


def test_of_equal_times_the_earlier_admitted_comes_first() -> None:
    queue = ExposureQueue(most=10, fill_ms=0)
    queue.add(table_of(at(7, 5)))
    queue.add(table_of(at(7, 5), first=2))
    queue.advance(8)
    assert drained(queue) == [[1, 3], [0, 2]]


def test_rows_of_one_exposure_count_once() -> None:
    """As of a choice and its candidates."""
    thrice = np.repeat(np.arange(3), 3)
    queue = ExposureQueue(
        most=100,
        fill_ms=2,
        expand=lambda rows: rows.take(pa.array(thrice[: 3 * rows.num_rows])),
    )
    queue.add(table_of(at(5, 6, 9)))
    assert len(queue) == 3
    queue.advance(7)
    assert len(queue) == 3
    queue.advance(8)
    assert drained(queue) == [[0, 0, 0, 1, 1, 1]]
    assert len(queue) == 1


def test_an_empty_queue() -> None:
    queue = ExposureQueue(most=2, fill_ms=10)
    queue.add(table_of([]))
    queue.advance(10**15)
    queue.end()
    assert queue.next_batch() is None
    assert (len(queue), queue.first_ms) == (0, None)
