"""Admission, and the queue behind it, against a reference that looks at every message on its own."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import AdmissionConfig, Admitted, Disposition, EventBuffer, LabelEvents
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.live.exposure_queue import ExposureQueue

SCHEMA = LogSchema(labels=("finish", "like"))
LATENESS_MS, WAIT_MS = 20, 50


@dataclass(frozen=True)
class Shown:
    event: int
    time: int
    finish: int | None = None


@dataclass(frozen=True)
class Labelled:
    event: int
    label: str
    value: int
    known: int


def exposure_table(messages: list[tuple[int, Shown]]) -> pa.Table:
    return pa.table(
        {
            "event_id": pa.array([f"e{m.event}" for _, m in messages], pa.string()),
            "user_id": pa.array([m.event % 3 for _, m in messages], pa.int64()),
            "timestamp_ms": pa.array([m.time for _, m in messages], pa.int64()),
            "arrival": pa.array([at for at, _ in messages], pa.int64()),
            "label.finish": pa.array([m.finish for _, m in messages], pa.int8()),
            "known_ms.finish": pa.array(
                [None if m.finish is None else m.time for _, m in messages], pa.int64()
            ),
            "label.like": pa.nulls(len(messages), pa.int8()),
            "known_ms.like": pa.nulls(len(messages), pa.int64()),
        }
    )


def label_table(messages: list[tuple[int, Labelled]]) -> pa.Table:
    return pa.table(
        {
            "event_id": pa.array([f"e{m.event}" for _, m in messages], pa.string()),
            "label": pa.array([m.label for _, m in messages], pa.string()),
            "value": pa.array([m.value for _, m in messages], pa.int8()),
            "known_ms": pa.array([m.known for _, m in messages], pa.int64()),
            "arrival": pa.array([at for at, _ in messages], pa.int64()),
        }
    )


class Admission:
    """An event buffer, and a queue that gives out one batch of two at a time, full or not."""

    def __init__(self, *, most: int = 2, **config: int) -> None:
        config = config or {"lateness_ms": LATENESS_MS, "label_wait_ms": WAIT_MS}
        self.buffer = EventBuffer(SCHEMA, config=AdmissionConfig(**config))
        self.queue, self.labels = ExposureQueue(most=most, fill_ms=0), LabelEvents.none()
        self.watermarks: list[int] = []
        self.dispositions: list[int] = []  # of messages, in order

    @property
    def counters(self):
        return self.buffer.counters

    def take(self, exposures: pa.Table, labels: pa.Table, **said: int) -> None:
        self.follow(self.buffer.admit({"exposures": exposures, "labels": labels}, **said))

    def take_messages(self, messages: list[Shown | Labelled]) -> None:
        numbered = list(enumerate(messages))
        self.take(
            exposure_table([(at, m) for at, m in numbered if isinstance(m, Shown)]),
            label_table([(at, m) for at, m in numbered if isinstance(m, Labelled)]),
        )
        places = sorted(range(len(messages)), key=lambda at: isinstance(messages[at], Labelled))
        said = [each for kind in ("exposures", "labels") for each in self.buffer.dispositions[kind].tolist()]
        self.dispositions += [disposition for _, disposition in sorted(zip(places, said, strict=True))]

    def tick(self, **said: object) -> None:
        self.follow(self.buffer.tick(**said))

    def end(self) -> None:
        self.follow(self.buffer.end())
        self.queue.end()

    def follow(self, pieces: list[Admitted]) -> None:
        for admitted in pieces:
            if admitted.exposures is not None:
                self.queue.add(admitted.exposures)
            self.labels = self.labels.joined(admitted.labels)
            self.queue.advance(admitted.watermark_ms)
            self.watermarks.append(admitted.watermark_ms)

    def waiting(self) -> int:
        return self.buffer.waiting + len(self.queue)

    def restored(self) -> Admission:
        other = Admission()
        other.buffer.restore({name: np.array(values) for name, values in self.buffer.state().items()})
        other.queue.restore({name: np.array(values) for name, values in self.queue.state().items()})
        other.labels, other.dispositions = self.labels, self.dispositions
        return other

    def batches(self) -> list[dict]:
        rows: list[dict] = []
        while (batch := self.queue.next_batch()) is not None:
            assert batch.num_rows <= self.queue.most
            rows += batch.to_pylist()
        return rows


@dataclass
class Reference:
    """One message at a time, dictionaries only."""

    newest: float = -math.inf
    shown: dict[int, int] = field(default_factory=dict)
    labels: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    early: list[Labelled] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)
    dispositions: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> str:
        self.tally[outcome] = self.tally.get(outcome, 0) + 1
        return outcome

    def take(self, message: Shown | Labelled) -> None:
        self.dispositions.append(self.said(message))

    def said(self, message: Shown | Labelled) -> str:
        time = message.time if isinstance(message, Shown) else message.known
        self.newest = max(self.newest, time)
        late = time < self.newest - LATENESS_MS
        if isinstance(message, Labelled):
            return self.label(message, late=late)
        if message.event in self.shown:
            return self.count("duplicates")
        if late:
            return self.count("late_exposures")
        self.shown[message.event] = message.time
        if message.finish is not None:
            self.labels[message.event, "finish"] = message.time, message.finish
        early, self.early = self.early, []
        for each in early:
            self.label(each, late=False)
        return "shown"

    def label(self, message: Labelled, *, late: bool) -> str:
        if late:
            return self.count("late_labels")
        if message.event not in self.shown:
            self.early.append(message)
            return "early"
        if max(message.known, self.shown[message.event]) > self.shown[message.event] + WAIT_MS:
            return self.count("late_labels")
        if (message.event, message.label) in self.labels:
            return self.count("duplicates")
        self.labels[message.event, message.label] = (
            max(message.known, self.shown[message.event]),
            message.value,
        )
        return self.count("labels_joined")

    def end(self) -> None:
        for _ in self.early:
            self.count("orphan_labels")


def time_of(event: int) -> int:
    """An event's id says when it was: whatever repeats it repeats its time."""
    return event * 37 % 300


DISPOSITIONS = {
    "shown": {Disposition.USED},
    "labels_joined": {Disposition.USED},
    "duplicates": {Disposition.DUPLICATE},
    "late_exposures": {Disposition.LATE},
    "late_labels": {Disposition.LATE},
    # Or what the rest of the same arrival makes of it:
    "early": {Disposition.USED, Disposition.ORPHAN, Disposition.LATE, Disposition.DUPLICATE},
}
EVENTS = st.integers(0, 15)
SHOWN = st.builds(
    lambda event, finish: Shown(event, time_of(event), finish), EVENTS, st.sampled_from([None, 0, 1])
)
LABELLED = st.builds(
    lambda event, label, value, delay: Labelled(event, label, value, time_of(event) + delay),
    EVENTS,
    st.sampled_from(["finish", "like"]),
    st.integers(0, 1),
    st.integers(0, WAIT_MS + 10),
)


def roughly_in_order(messages: list[Shown | Labelled]) -> list[Shown | Labelled]:
    """Sorted by time, then shaken: some fall behind the lateness, most do not."""
    moved = [
        ((m.time if isinstance(m, Shown) else m.known) + place * 7 % 31, place, m)
        for place, m in enumerate(messages)
    ]
    return [m for _, _, m in sorted(moved, key=lambda each: each[:2])]  # a label may come before its exposure


@settings(max_examples=200, deadline=None)
@given(st.lists(SHOWN | LABELLED, max_size=60), st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_every_message_ends_as_the_reference_says(messages: list[Shown | Labelled], sizes: list[int]) -> None:
    messages = roughly_in_order(messages)
    intake, reference = Admission(), Reference()
    given_out: list[dict] = []
    at, turn = 0, 0
    while at < len(messages):
        size = sizes[turn % len(sizes)]
        intake.take_messages(messages[at : at + size])
        given_out += intake.batches()
        intake = intake.restored() if turn % 3 == 2 else intake
        at, turn = at + size, turn + 1
    for message in messages:
        reference.take(message)
    intake.end()
    reference.end()
    given_out += intake.batches()
    check(intake, reference, given_out, len(messages))
    assert [
        disposition in DISPOSITIONS[said]
        for disposition, said in zip(intake.dispositions, reference.dispositions, strict=True)
    ] == [True] * len(messages)
    assert intake.dispositions.count(Disposition.ORPHAN) <= intake.counters.orphan_labels


def check(intake: Admission, reference: Reference, given_out: list[dict], messages: int) -> None:
    order = sorted((time, place, event) for place, (event, time) in enumerate(reference.shown.items()))
    assert [row["event_id"] for row in given_out] == [f"e{event}" for _, _, event in order]
    counts = intake.counters.counts()
    names = ("duplicates", "late_exposures", "late_labels", "labels_joined", "orphan_labels")
    assert {name: counts[name] for name in names} == {name: reference.tally.get(name, 0) for name in names}
    intake.counters.learned = len(given_out)
    intake.counters.waiting = intake.waiting()
    assert intake.counters.received == messages
    assert intake.counters.add_up()
    known = intake.labels
    event_of = {row["serial"]: int(row["event_id"][1:]) for row in given_out}
    said = {
        (event_of[serial], SCHEMA.labels[label]): (known_ms, value)
        for serial, label, known_ms, value in zip(
            known.serial_E.tolist(),
            known.label_E.tolist(),
            known.known_ms_E.tolist(),
            known.value_E.tolist(),
            strict=True,
        )
    }
    assert said == reference.labels
    assert known.known_ms_E.tolist() == sorted(known.known_ms_E.tolist())


def test_what_is_given_out_is_never_overtaken() -> None:
    intake = Admission()
    intake.take_messages([Shown(1, 100), Shown(2, 130), Shown(3, 110)])
    assert [row["event_id"] for row in intake.batches()] == ["e1"]  # 130 - 20 has passed no other
    intake.take_messages([Shown(4, 109), Shown(5, 200)])
    assert [row["event_id"] for row in intake.batches()] == ["e3", "e2"]
    assert intake.counters.late_exposures == 1  # e4: 109 < 130 - 20
    assert intake.waiting() == 1


def test_the_wait_ends_with_its_last_millisecond() -> None:
    intake = Admission()
    intake.take_messages([Shown(1, 100), Labelled(1, "finish", 1, 150), Labelled(1, "like", 1, 151)])
    assert (intake.counters.labels_joined, intake.counters.late_labels) == (1, 1)
    assert intake.labels.known_ms_E.tolist() == [150]


def test_each_message_of_an_arrival_has_its_disposition() -> None:
    """By hand: ahead of 1,260 + 240, of the newest as well; late behind 1,200 - 20; across a midnight too."""
    for start in (0, 86_400_000 - 1_150):
        intake = Admission(lateness_ms=20, label_wait_ms=50, ahead_ms=240)
        shown = {0: (1, 1_000), 2: (1, 1_010), 4: (2, 9_000), 5: (3, 1_200), 7: (4, 1_100), 8: (5, 1_190)}
        shown |= {14: (6, 1_260)}
        labels = {
            1: (1, "finish", 1_005),
            3: (1, "finish", 1_006),  # again
            6: (5, "like", 1_195),  # before its exposure
            9: (5, "finish", 1_245),  # known 55 after it
            10: (9, "like", 1_240),  # of nobody so far
            11: (8, "like", 9_000),
            12: (1, "like", 1_010),
            13: (8, "like", 1_226),  # of nobody, and passed by the next
        }
        intake.take(
            exposure_table([(at, Shown(event, start + time)) for at, (event, time) in shown.items()]),
            label_table([(at, Labelled(of, name, 1, start + ms)) for at, (of, name, ms) in labels.items()]),
            polled_ms=start + 1_260,
        )
        used, duplicate, ahead, late = (
            Disposition.USED,
            Disposition.DUPLICATE,
            Disposition.AHEAD,
            Disposition.LATE,
        )
        assert intake.buffer.dispositions["exposures"].tolist() == [
            used,
            duplicate,
            ahead,
            used,
            late,
            used,
            used,
        ]
        assert intake.buffer.dispositions["labels"].tolist() == [
            *(used, duplicate, used, late, used, ahead, late, Disposition.ORPHAN)
        ]
        intake.take(exposure_table([]), label_table([]))
        assert (
            intake.buffer.dispositions["exposures"].tolist()
            == intake.buffer.dispositions["labels"].tolist()
            == []
        )


def test_memory_does_not_grow_with_the_stream() -> None:
    intake = Admission()
    for turn in range(400):
        intake.take_messages([Shown(4 * turn + each, 100 * turn + each) for each in range(4)])
        intake.batches()
    assert len(intake.buffer._acceptance.serial_of) < 20
    assert intake.buffer._exposures.until_ms().size < 40


def with_partitions(table: pa.Table, names: list[str]) -> pa.Table:
    return table.append_column("partition", pa.array(names, pa.string()))


@pytest.mark.parametrize("partitions", [1, 4, 16])
@pytest.mark.parametrize("size", [7, 100, 400])
def test_a_backlog_is_not_late(partitions: int, size: int) -> None:
    """400 exposures 20 s apart, the n-th in partition n mod so many, handed over one partition at a time."""
    intake = Admission(lateness_ms=0, label_wait_ms=WAIT_MS)
    intake.tick(awaited=[str(each) for each in range(partitions)], polled_ms=10**7)
    order = sorted(range(400), key=lambda event: event % partitions)
    for first in range(0, 400, size):
        events = order[first : first + size]
        table = exposure_table([(at, Shown(event, 20_000 * event)) for at, event in enumerate(events)])
        names = [str(event % partitions) for event in events]
        intake.take(with_partitions(table, names), with_partitions(label_table([]), []), polled_ms=10**7)
    assert set(intake.buffer.active_partitions) <= {str(each) for each in range(partitions)}
    intake.end()
    rows = intake.batches()
    assert [row["event_id"] for row in rows] == [f"e{event}" for event in range(400)]
    assert (intake.counters.late_exposures, intake.counters.late_after_idle) == (0, 0)
    assert not {"partition", "verdict"} & rows[0].keys()


def test_what_comes_after_its_partition_was_let_go_is_counted_apart() -> None:
    intake = Admission()
    empty = with_partitions(label_table([]), [])
    shown = [(0, Shown(1, 100)), (1, Shown(2, 500))]
    intake.take(with_partitions(exposure_table(shown), ["a", "b"]), empty)
    intake.tick(awaited=["b"], polled_ms=600)
    assert intake.batches() != []  # the first: 100 < 500 - 20
    again = with_partitions(exposure_table([(0, Shown(3, 300)), (1, Shown(2, 500))]), ["a", "b"])
    labels = [
        (2, Labelled(2, "like", 1, 290)),
        (3, Labelled(2, "like", 1, 510)),
        (4, Labelled(9, "like", 1, 2)),
    ]
    intake.take(again, with_partitions(label_table(labels), ["a", "b", "a"]))
    counters = intake.counters
    assert counters.late_after_idle == 2  # e3, and the label known at 290: not late in a, whose newest is 300
    assert (counters.late_exposures, counters.late_labels) == (0, 1)  # the last label: it is late in a, too
    assert (counters.duplicates, counters.labels_joined) == (1, 1)
    counters.learned, counters.waiting = 1, intake.waiting()
    assert counters.add_up()


def test_a_quiet_stream_gives_out_what_the_clock_has_passed() -> None:
    """And a label that waits for its exposure is let go when its moment has passed."""
    intake = Admission()
    intake.take_messages([Shown(1, 100), Shown(2, 130), Labelled(7, "like", 1, 125)])
    assert [row["event_id"] for row in intake.batches()] == ["e1"]
    intake.tick(awaited=(), polled_ms=150)
    assert intake.batches() == []
    assert (intake.counters.orphan_labels, intake.waiting()) == (1, 1)
    intake = intake.restored()
    intake.tick(awaited=(), polled_ms=151)
    assert [row["event_id"] for row in intake.batches()] == ["e2"]


def test_requests_stay_together() -> None:
    intake = Admission(most=3, lateness_ms=LATENESS_MS, label_wait_ms=WAIT_MS)
    table = exposure_table([(at, Shown(at, 100)) for at in range(6)])
    table = table.append_column("request_id", pa.array([1, 1, 2, 2, 2, 3]))
    table = table.set_column(1, "user_id", pa.array([7] * 6))
    intake.take(table, label_table([]))
    intake.end()
    sizes = []
    while (batch := intake.queue.next_batch()) is not None:
        sizes.append(batch.num_rows)
    assert sizes == [2, 3, 1]


def test_times_below_zero_are_refused() -> None:
    with pytest.raises(ConfigError, match="lateness_ms is -1; give 0 or more"):
        AdmissionConfig(lateness_ms=-1)


def test_what_lies_far_ahead_is_set_aside() -> None:
    """One event of the next century would put all that comes behind the watermark."""
    intake = Admission(lateness_ms=0, label_wait_ms=1_000, ahead_ms=500)
    shown = [(0, Shown(1, 900)), (1, Shown(2, 10**12)), (2, Shown(3, 1_500)), (3, Shown(4, 1_501))]
    labels = [(4, Labelled(1, "finish", 1, 10**12)), (5, Labelled(1, "like", 1, 950))]
    intake.take(exposure_table(shown), label_table(labels), polled_ms=1_000)
    assert (intake.buffer.newest_ms, intake.counters.ahead) == (1_501, 2)
    assert (intake.counters.late_exposures, intake.counters.late_labels) == (0, 1)
    intake.end()
    assert [row["event_id"] for row in intake.batches()] == ["e1", "e3", "e4"]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    """Events go on from where they were, whatever the clock on the wall says."""
    intake = Admission(lateness_ms=0, label_wait_ms=1_000, ahead_ms=500)
    intake.take(exposure_table([(0, Shown(1, 10_000))]), label_table([]), polled_ms=10_000)
    intake.take(exposure_table([(0, Shown(2, 10_400)), (1, Shown(3, 10_901))]), label_table([]), polled_ms=5)
    assert (intake.buffer.newest_ms, intake.counters.ahead) == (10_400, 1)


def test_a_log_may_be_of_any_time() -> None:
    intake = Admission(ahead_ms=0)
    intake.take(exposure_table([(0, Shown(1, 10**14))]), label_table([]))
    assert intake.counters.ahead == 0


def test_ahead_is_measured_from_the_newest_event_before_it() -> None:
    """With the clock set back, a quiet stream goes on step by step, however it is cut."""
    shown = [(place, Shown(place, 10_000 + 400 * place)) for place in range(5)]
    for size in (1, 2, 5):
        intake = Admission(lateness_ms=0, label_wait_ms=1_000, ahead_ms=500)
        intake.take(exposure_table([(0, Shown(9, 10_000))]), label_table([]), polled_ms=10_000)
        for first in range(0, 5, size):
            intake.take(exposure_table(shown[first : first + size]), label_table([]), polled_ms=5)
        assert (intake.buffer.newest_ms, intake.counters.ahead) == (11_600, 0)


@given(
    known=st.lists(st.integers(1_000, 1_002), min_size=4, max_size=4),
    order=st.permutations(range(4)),
    cuts=st.sets(st.integers(1, 3)),
)
def test_labels_known_at_once_are_in_the_order_of_their_exposures(
    known: list[int], order: list[int], cuts: set[int]
) -> None:
    """Two labels of two exposures, as messages in any order and any cut: always the same order."""
    intake = Admission(lateness_ms=5_000, label_wait_ms=5_000)
    intake.take(exposure_table([(0, Shown(0, 900)), (1, Shown(1, 900))]), label_table([]))
    labels = [Labelled(place // 2, ("finish", "like")[place % 2], 1, known[place]) for place in range(4)]
    edges = [0, *sorted(cuts), 4]
    for first, stop in itertools.pairwise(edges):
        mine = [(at, labels[order[at]]) for at in range(first, stop)]
        intake.take(exposure_table([]), label_table(mine))
    told = intake.labels
    expected = sorted(range(4), key=lambda place: (known[place], place))
    assert [2 * serial + label for serial, label in zip(told.serial_E, told.label_E, strict=True)] == expected


def test_a_midnight_cuts_what_is_admitted_before_the_event_that_passes_it() -> None:
    """Whatever came before it is in the state when the day ends, and it is not."""
    day_ms = 86_400_000
    times = [day_ms - 30, day_ms - 10, day_ms + 5, day_ms + 30, 3 * day_ms + 40, 3 * day_ms + 41]
    for size in (1, 3, 6):
        buffer = EventBuffer(SCHEMA, config=AdmissionConfig(lateness_ms=20, label_wait_ms=WAIT_MS))
        pieces: list[tuple[list[str], int]] = []
        for first in range(0, 6, size):
            shown = [(at, Shown(at, times[at])) for at in range(first, first + size)]
            for admitted in buffer.admit({"exposures": exposure_table(shown), "labels": label_table([])}):
                pieces.append((admitted.exposures["event_id"].to_pylist(), admitted.watermark_ms // day_ms))
        by_day = {day: [each for ids, of in pieces if of == day for each in ids] for _, day in pieces}
        assert by_day == {0: ["e0", "e1", "e2"], 1: ["e3"], 3: ["e4", "e5"]}


@pytest.mark.parametrize("along", [True, False])
def test_labels_that_come_along_count_whenever_they_were_known(along: bool) -> None:
    exposures = exposure_table([(0, Shown(event=1, time=1_000, finish=1)), (1, Shown(event=2, time=2_000))])
    known_ms = pa.array([9_000, None], pa.int64())
    column = exposures.column_names.index("known_ms.finish")
    exposures = exposures.set_column(column, "known_ms.finish", known_ms)
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig(label_wait_ms=0, labels_come_along=along))
    (admitted,) = buffer.admit({"exposures": exposures})
    assert admitted.labels.known_ms_E.tolist() == ([9_000] if along else [])
    assert buffer.counters.given_labels_late == (0 if along else 1)
