"""A topic's backlog from polls to dispositions: merged, waited for, let go; against each partition alone."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events.schema import LogSchema
from interestclock.streams.merge import PartitionMerge, in_order

SCHEMA = LogSchema(labels=("finish",))
LATENESS_MS = 20
LONG_AFTER_MS = 10**9


@dataclass(frozen=True)
class Shown:
    partition: str
    place: int
    time: int

    @property
    def event(self) -> str:
        return f"{self.partition}/{self.place}"


@st.composite
def topics(draw: st.DrawFn) -> dict[str, list[Shown]]:
    """One to sixteen partitions, skewed in records and in time; within each, some events are late."""
    held: dict[str, list[Shown]] = {}
    for number in range(draw(st.integers(1, 16))):
        at, name = draw(st.integers(0, 200)), f"p{number}"
        steps = draw(st.lists(st.integers(-40, 90), max_size=draw(st.sampled_from([0, 1, 6, 30]))))
        held[name] = [Shown(name, place, at := max(0, at + step)) for place, step in enumerate(steps)]
    return held


class Run:
    """Polls of a topic, which hand over a partition at a time, and the door behind them."""

    def __init__(self, topic: dict[str, list[Shown]]) -> None:
        self.left = {name: list(held) for name, held in topic.items()}
        self.merge: PartitionMerge[str, Shown] = PartitionMerge(lambda shown: shown.time)
        self.merge.start(self.left)
        self.buffer = EventBuffer(SCHEMA, config=AdmissionConfig(lateness_ms=LATENESS_MS))
        self.accepted: list[dict] = []
        self.buffer.tick(awaited=self.left, polled_ms=LONG_AFTER_MS)

    def hand_over(self, name: str, records: int) -> None:
        self.merge.add(name, self.left[name][:records])
        del self.left[name][:records]
        if not self.left[name]:
            self.merge.end(name)

    def take(self, most: int) -> bool:
        shown = [each for _, each in in_order(self.merge.release(most), lambda each: each.time)]
        for admitted in self.buffer.admit(
            {"exposures": table_of(shown), "labels": LABELS}, polled_ms=LONG_AFTER_MS
        ):
            self.accepted += admitted.exposures.to_pylist()
        return bool(shown)

    def drain(self) -> None:
        for name in self.left:
            self.hand_over(name, len(self.left[name]))
        while self.take(1_000):
            pass

    def used(self) -> list[str]:
        """In the order of time, of equal ones as they were admitted."""
        order = sorted(self.accepted, key=lambda row: (row["timestamp_ms"], row["serial"]))
        return [row["event_id"] for row in order]


LABELS = pa.table(
    {
        "event_id": pa.array([], pa.string()),
        "label": pa.array([], pa.string()),
        "value": pa.array([], pa.int8()),
        "known_ms": pa.array([], pa.int64()),
        "arrival": pa.array([], pa.int64()),
        "partition": pa.array([], pa.string()),
    }
)


def table_of(shown: list[Shown]) -> pa.Table:
    return pa.table(
        {
            "event_id": pa.array([each.event for each in shown], pa.string()),
            "user_id": pa.array([each.place for each in shown], pa.int64()),
            "timestamp_ms": pa.array([each.time for each in shown], pa.int64()),
            "arrival": pa.array(range(len(shown)), pa.int64()),
            "label.finish": pa.nulls(len(shown), pa.int8()),
            "known_ms.finish": pa.nulls(len(shown), pa.int64()),
            "partition": pa.array([each.partition for each in shown], pa.string()),
        }
    )


def in_time_alone(held: list[Shown]) -> list[str]:
    """Which of a partition's events are in time in a stream of their own."""
    newest, found = 0, []
    for each in held:
        newest = max(newest, each.time)
        found += [each.event] if each.time >= newest - LATENESS_MS else []
    return found


DRAWS = st.lists(st.tuples(st.integers(0, 15), st.integers(1, 12), st.integers(1, 20)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(topics(), DRAWS, st.booleans())
def test_a_backlog_is_late_only_where_its_partition_is(topic, draws, slow) -> None:
    """However it is polled, also where one partition pauses until all others were handed over."""
    run = Run(topic)
    names = list(topic)
    for which, records, most in draws:
        name = names[which % len(names)]
        if not (slow and name == names[0]):
            run.hand_over(name, records)
        run.take(most)
    run.drain()
    counters, used = run.buffer.counters, run.used()
    assert set(used) >= {event for held in topic.values() for event in in_time_alone(held)}
    assert counters.late_after_idle == 0
    assert counters.received == len(used) + counters.late_exposures == sum(map(len, topic.values()))


@settings(max_examples=100, deadline=None)
@given(topics(), DRAWS, st.integers(0, 400))
def test_what_an_idle_partition_brings_late_is_counted_apart(topic, draws, wakes_ms) -> None:
    """One is let go before it spoke; what it then brings behind the others' watermark is none of theirs."""
    idle = [Shown("idle", place, wakes_ms + 7 * place) for place in range(10)]
    run = Run({"idle": [], **topic})
    run.buffer.tick(awaited=topic, polled_ms=LONG_AFTER_MS)
    names = list(topic)
    run.merge.end("idle")
    for which, records, most in draws:
        run.hand_over(names[which % len(names)], records)
        run.take(most)
    run.left["idle"] = list(idle)
    behind = sum(each.time < run.buffer.watermark_ms for each in idle)
    run.drain()
    counters, used = run.buffer.counters, run.used()
    alone = {event for held in topic.values() for event in in_time_alone(held)}
    assert set(used) >= alone
    assert counters.late_after_idle == behind
    assert sum(event.startswith("idle/") for event in used) == 10 - behind
