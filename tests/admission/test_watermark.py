"""The watermark of several partitions, against a reference that looks at every message on its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import Disposition, Watermark

LATENESS_MS = 10
IN_TIME, LATE, AFTER_IDLE = Disposition.USED, Disposition.LATE, Disposition.LATE_AFTER_IDLE


@dataclass(frozen=True)
class Message:
    partition: str
    time: int


@dataclass(frozen=True)
class Tick:
    awaited: tuple[str, ...]
    taken: int


@dataclass
class Reference:
    """One message at a time, dictionaries only."""

    at: float = -math.inf
    reached: dict[str, float] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)

    def message(self, message: Message) -> int:
        self.reached[message.partition] = max(self.reached.get(message.partition, -math.inf), message.time)
        self.awaited.add(message.partition)
        least = min(self.reached.get(name, -math.inf) for name in self.awaited)
        self.at = max(self.at, least - LATENESS_MS)
        if message.time >= self.at:
            return IN_TIME
        return LATE if message.time < self.reached[message.partition] - LATENESS_MS else AFTER_IDLE

    def tick(self, tick: Tick) -> None:
        self.awaited = set(tick.awaited)
        least = min((self.reached.get(name, -math.inf) for name in self.awaited), default=tick.taken)
        self.at = max(self.at, least - LATENESS_MS)


def passed(watermark: Watermark, messages: list[Message]) -> list[int]:
    names = sorted({each.partition for each in messages})
    dispositions, at = watermark.passed(
        np.array([each.time for each in messages], np.int64),
        names,
        np.array([names.index(each.partition) for each in messages], np.int32),
    )
    assert not at.size or at[-1] == watermark.at_ms
    assert (np.diff(at) >= 0).all()
    return dispositions.tolist()


def restored(watermark: Watermark) -> Watermark:
    other = Watermark(lateness_ms=LATENESS_MS)
    other.restore({name: np.array(values) for name, values in watermark.state().items()})
    return other


PARTITIONS = [f"p{number}" for number in range(16)]
MESSAGES = st.builds(Message, st.sampled_from(PARTITIONS[:5]), st.integers(0, 100))
TICKS = st.builds(
    Tick, st.lists(st.sampled_from(PARTITIONS[:6]), unique=True).map(tuple), st.integers(0, 150)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(MESSAGES, max_size=8) | TICKS, max_size=20), st.integers(1, 8))
def test_it_is_what_the_reference_says(sequence: list, size: int) -> None:
    """However messages between ticks are cut, and restored anywhere."""
    watermark, reference = Watermark(lateness_ms=LATENESS_MS), Reference()
    for each in sequence:
        watermark = restored(watermark)
        if isinstance(each, Tick):
            watermark.tick(awaited=each.awaited, polled_ms=each.taken)
            reference.tick(each)
        else:
            found = [
                disposition
                for at in range(0, len(each), size)
                for disposition in passed(watermark, each[at : at + size])
            ]
            assert found == [reference.message(message) for message in each]
        assert reference.at in (watermark.at_ms, -math.inf)


@st.composite
def backlogs(draw: st.DrawFn) -> list[Message]:
    """What 1 to 16 partitions hold, handed over in any order that keeps each partition's own."""
    held = []
    for name in PARTITIONS[: draw(st.integers(1, 16))]:
        at = draw(st.integers(0, 1_000))
        times = draw(st.lists(st.integers(-15, 60), max_size=draw(st.sampled_from([0, 2, 20]))))
        held.append([Message(name, at := at + step) for step in times])
    order = draw(st.permutations([place for place, each in enumerate(held) for _ in each]))
    left = [iter(each) for each in held]
    return [next(left[place]) for place in order]


@settings(max_examples=200, deadline=None)
@given(backlogs())
def test_nothing_is_late_that_was_not_late_in_its_own_partition(messages: list[Message]) -> None:
    """Known from the beginning, the slowest is waited for, whoever is handed over first."""
    watermark = Watermark(lateness_ms=LATENESS_MS)
    watermark.tick(awaited={each.partition for each in messages}, polled_ms=0)
    for disposition, message, own in zip(
        passed(watermark, messages), messages, late_alone(messages), strict=True
    ):
        assert disposition in (IN_TIME, LATE), message
        assert own or disposition == IN_TIME, message


def late_alone(messages: list[Message]) -> list[bool]:
    """Which are late in a stream of their own partition."""
    alone: dict[str, Watermark] = {}
    return [
        passed(alone.setdefault(each.partition, Watermark(lateness_ms=LATENESS_MS)), [each]) == [LATE]
        for each in messages
    ]


def test_a_partition_that_has_not_spoken_holds_it_back_until_it_is_let_go() -> None:
    watermark = Watermark(lateness_ms=LATENESS_MS)
    watermark.tick(awaited=("a", "b"), polled_ms=5_000)
    before_ms = watermark.at_ms
    assert passed(watermark, [Message("a", 100), Message("a", 900)]) == [IN_TIME, IN_TIME]
    assert watermark.at_ms == before_ms
    watermark.tick(awaited=("a",), polled_ms=5_000)
    assert watermark.at_ms == 890
    assert passed(watermark, [Message("b", 880), Message("b", 895)]) == [AFTER_IDLE, IN_TIME]
    assert passed(watermark, [Message("a", 2_000)]) == [IN_TIME]
    assert watermark.at_ms == 890  # b is awaited again


def test_a_quiet_stream_goes_on_by_the_clock_and_never_back() -> None:
    watermark = Watermark(lateness_ms=LATENESS_MS)
    passed(watermark, [Message("a", 100)])
    watermark.tick(awaited=(), polled_ms=500)
    watermark.tick(awaited=(), polled_ms=300)
    assert watermark.at_ms == 490
    assert watermark.newest_ms == 100
    assert passed(watermark, [Message("a", 490), Message("a", 489)]) == [IN_TIME, AFTER_IDLE]


@pytest.mark.parametrize("times", [[5, 100, 89, 90, 200, 189], [7]])
def test_of_one_partition_it_is_the_newest_less_the_lateness(times: list[int]) -> None:
    watermark, newest = Watermark(lateness_ms=LATENESS_MS), -math.inf
    for time in times:
        newest = max(newest, time)
        assert passed(watermark, [Message("0", time)]) == [LATE if time < newest - LATENESS_MS else IN_TIME]
        assert watermark.at_ms == newest - LATENESS_MS
    assert passed(watermark, []) == []


@pytest.mark.parametrize(("time", "unit"), [(1_700_000_000, "seconds"), (20_231_114, "a date")])
def test_what_is_late_for_its_unit_is_said_once(caplog, time, unit):
    watermark = Watermark(lateness_ms=0)
    for _ in range(2):
        times = np.array([1_700_000_000_000, time, 1_699_999_999_000])
        dispositions, _ = watermark.passed(times, ["a"], np.zeros(3, int))
        assert dispositions.tolist()[1:] == [Disposition.LATE, Disposition.LATE]
    (record,) = caplog.records
    fault = f"its time {time} reads as {unit}; give UTC milliseconds"
    assert record.getMessage() == f"a message is late, but its unit is at fault: {fault}"


def test_what_is_merely_late_is_no_fault_of_a_unit(caplog):
    watermark = Watermark(lateness_ms=0)
    watermark.passed(np.array([1_700_000_000_000, 1_600_000_000_000]), ["a"], np.zeros(2, int))
    assert not caplog.records
