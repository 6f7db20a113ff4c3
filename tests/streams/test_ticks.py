"""Who is silent is let go, if the source has nothing of it; a quiet stream goes on by the clock."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from in_memory import REQUESTS, MemorySource, requests_log

from interestclock.streams import ReplaySource, Tick, Ticks


class Stub:
    """A source of three partitions; ``left`` are those that have something that was not polled."""

    name = "stub"

    def __init__(self) -> None:
        self.now_s = 100.0
        self.left: set[str] = set()
        self.asked = 0
        self.names: tuple[str, ...] = ("a", "b", "c")
        self.clock = self

    def now_ms(self) -> int:
        return round(1_000 * self.now_s)

    def partitions(self) -> tuple[str, ...]:
        return self.names

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        self.asked += 1
        return frozenset(partitions) - self.left


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def ticks(stub: Stub) -> Ticks:
    return Ticks(stub, idle_s=1.0, monotonic_s=lambda: stub.now_s)


def after(ticks: Ticks, stub: Stub, seconds: float, *active_partitions: str) -> tuple[str, ...] | None:
    """Who is awaited from then on, or None where there is no tick."""
    stub.now_s += seconds
    ticks.received_from(active_partitions)
    tick = ticks.due()
    assert tick is None or tick.polled_ms == stub.now_ms()
    return None if tick is None else tick.awaited


def test_who_is_silent_is_let_go_until_it_speaks(ticks: Ticks, stub: Stub) -> None:
    opening = ticks.opening()
    assert opening is not None
    assert opening == Tick(awaited=("a", "b", "c"), polled_ms=100_000)
    assert ticks.opening() is None
    assert after(ticks, stub, 0.9, "a") is None
    assert after(ticks, stub, 0.2, "a", "b") == ("a", "b")
    assert after(ticks, stub, 0.9, "a", "b") is None
    assert after(ticks, stub, 0.9, "a", "b", "c") is None
    assert after(ticks, stub, 1.0, "a") == ("a",)  # b and c
    assert after(ticks, stub, 0.5, "a") is None
    assert after(ticks, stub, 0.5, "c") is None  # the clock asks once a second
    assert after(ticks, stub, 0.5, "c") == ("c",)


def test_a_quiet_stream_ticks_once_a_while(ticks: Ticks, stub: Stub) -> None:
    ticks.opening()
    assert after(ticks, stub, 1.0) == ()
    assert after(ticks, stub, 0.5) is None
    assert after(ticks, stub, 0.5) == ()
    assert after(ticks, stub, 7.0) == ()


def test_nobody_is_let_go_who_has_something_left(ticks: Ticks, stub: Stub) -> None:
    """A backlog that is slow to come, or brokers that are away, are no silence."""
    stub.left = {"a", "b", "c"}
    ticks.opening()
    assert [after(ticks, stub, 1.0) for _ in range(5)] == [None] * 5
    stub.left = {"b"}
    assert after(ticks, stub, 1.0) == ("b",)
    assert after(ticks, stub, 1.0) is None
    stub.left = set()
    assert after(ticks, stub, 1.0) == ()
    stub.left = {"a"}  # let go before, and something is on its way: the clock must not overtake it
    assert after(ticks, stub, 1.0) is None


def test_asking_has_a_price(ticks: Ticks, stub: Stub) -> None:
    stub.left = {"a", "b", "c"}
    ticks.opening()
    for _ in range(100):
        after(ticks, stub, 0.1)
    assert stub.asked <= 10


def test_it_opens_once_the_partitions_are_known(ticks: Ticks, stub: Stub) -> None:
    stub.names = ()
    assert ticks.opening() is None
    assert after(ticks, stub, 5.0) is None
    stub.names = ("a",)
    opening = ticks.opening()
    assert opening is not None
    assert opening.awaited == ("a",)


def test_a_log_has_none() -> None:
    source = ReplaySource(MemorySource(schema=REQUESTS, events=requests_log(4, requests=3)))
    ticks = Ticks(source, idle_s=0.0)
    assert ticks.opening() is None
    ticks.received_from(["0"])
    assert ticks.due() is None


def test_an_archives_partition_is_none_of_the_streams(ticks: Ticks, stub: Stub) -> None:
    """Else a broker, which does not know it, would never say that all are at their end."""
    streams, stub.names = stub.names, ()
    assert ticks.opening() is None
    assert after(ticks, stub, 5.0, "archive/0") is None
    assert after(ticks, stub, 5.0) is None
    assert stub.asked == 0
    stub.names = streams  # the archive has ended
    opening = ticks.opening()
    assert opening is not None
    assert opening.awaited == ("a", "b", "c")
    assert after(ticks, stub, 1.0) == ()
