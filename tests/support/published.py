"""A publication in memory, which goes away, forgets and lies as a test tells it to."""

from __future__ import annotations

from collections.abc import Sequence

from interestclock.relay import LastPublished


class AwayError(Exception):
    """The broker does not answer."""


class MemoryPublication:
    """Keeps what it is given; ``fails`` says how often, from now on, and after how many records of a call."""

    name, away = "memory://records", (AwayError,)

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes]] = []
        self.fails: list[int] = []
        self.down = self.closed = False
        self.asked = 0

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.records]

    def last(self) -> LastPublished | None:
        self.asked += 1
        if self.down:
            raise AwayError("refused")
        if not self.records:
            return None
        return LastPublished(number=self.records[-1][0], record=self.records[-1][1])

    def publish(self, records: Sequence[tuple[int, bytes]]) -> None:
        if self.down:
            raise AwayError("refused")
        kept = self.fails.pop() if self.fails else len(records)
        self.records += records[:kept]
        if kept < len(records):
            raise AwayError("the line broke")

    def close(self) -> None:
        self.closed = True
