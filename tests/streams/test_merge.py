"""Partitions merged by timestamp: nothing overtakes what a partition with records left still holds."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.streams.merge import PartitionMerge, in_order


@dataclass(frozen=True)
class Record:
    partition: int
    place: int
    time: int


def time_of(record: Record) -> int:
    return record.time


@st.composite
def topics(draw: st.DrawFn) -> list[list[Record]]:
    """One to sixteen partitions: skewed in how many records they hold, and in time; some hold none."""
    partitions = []
    for number in range(draw(st.integers(1, 16))):
        steps = draw(st.lists(st.integers(0, 9), max_size=draw(st.sampled_from([0, 1, 5, 25]))))
        at, records = draw(st.integers(0, 40)), []
        for place, step in enumerate(steps):
            at += step
            records.append(Record(number, place, at))
        partitions.append(records)
    return partitions


def polled(topic: list[list[Record]], draws: list[tuple[int, int, int]], most: int) -> list[list[Record]]:
    """Cuts of a topic whose polls hand over one partition after the other, as a broker's do."""
    merge: PartitionMerge[int, Record] = PartitionMerge(time_of)
    merge.start(range(len(topic)))
    left = [list(records) for records in topic]
    cuts = []

    def hand_over(number: int, records: int) -> None:
        merge.add(number, left[number][:records])
        del left[number][:records]
        if not left[number]:
            merge.end(number)

    def release() -> bool:
        parts = merge.release(most)
        cuts.append([record for _, record in in_order(parts, time_of)])
        return bool(parts)

    for first, partitions, records in draws:
        for step in range(partitions):
            hand_over((first + step) % len(topic), records)
        release()
    for number in range(len(topic)):
        hand_over(number, len(topic[number]))
    while release():
        pass
    return cuts


DRAWS = st.lists(st.tuples(st.integers(0, 15), st.integers(1, 4), st.integers(0, 9)), max_size=40)


@settings(max_examples=200, deadline=None)
@given(topics(), DRAWS, st.integers(1, 12))
def test_a_topic_comes_in_the_order_of_its_timestamps(topic, draws, most) -> None:
    """However it is polled; of equal timestamps each partition keeps its order."""
    cuts = polled(topic, draws, most)
    given_out = [record for cut in cuts for record in cut]
    assert sorted(given_out, key=lambda r: (r.partition, r.place)) == [r for p in topic for r in p]
    assert [record.time for record in given_out] == sorted(record.time for record in given_out)
    for number, records in enumerate(topic):
        assert [record for record in given_out if record.partition == number] == records
    assert all(len(cut) <= most for cut in cuts)


@settings(max_examples=200, deadline=None)
@given(topics(), st.integers(0, 40), DRAWS, st.integers(1, 12))
def test_the_order_in_a_cut_follows_from_the_cut(topic, back, draws, most) -> None:
    """Timestamps that go back within a partition stay where they are: what was in a cut says its order."""
    shaken = [
        [Record(r.partition, r.place, r.time - back * (r.place % 3 == 2)) for r in records]
        for records in topic
    ]
    for cut in polled(shaken, draws, most):
        parts: dict[int, list[Record]] = {}
        for record in sorted(cut, key=lambda r: (r.partition, r.place)):
            parts.setdefault(record.partition, []).append(record)
        assert [record for _, record in in_order(parts, time_of)] == cut
        for records in parts.values():
            assert [r.place for r in records] == list(range(records[0].place, records[-1].place + 1))


def test_a_merge_is_what_looking_at_heads_gives() -> None:
    """The slow way: of all partitions' next records the earliest, of equal ones the lowest partition."""
    topic = [[Record(0, 0, 10), Record(0, 1, 5), Record(0, 2, 20)], [Record(1, 0, 10), Record(1, 1, 9)]]
    parts, expected = {0: list(topic[0]), 1: list(topic[1])}, []
    while any(parts.values()):
        number = min((p for p in parts if parts[p]), key=lambda p: (parts[p][0].time, p))
        expected.append(parts[number].pop(0))
    assert [record for _, record in in_order(dict(enumerate(topic)), time_of)] == expected


def test_a_partition_at_its_end_is_waited_for_again_once_it_brings_something() -> None:
    merge: PartitionMerge[str, int] = PartitionMerge(time_ms=lambda record: record)
    merge.start(["a", "b"])
    merge.end("b")
    merge.add("a", [5])
    assert merge.drained("b")
    assert merge.release(9) == {"a": [5]}
    merge.add("b", [6])
    merge.add("a", [7])
    assert not merge.drained("b")
    assert merge.release(9) == {"b": [6]}
    assert not merge.ready()
    assert (merge.held("a"), merge.held("b")) == (1, 0)
    merge.start(["a"])
    assert merge.held("a") == 0
