"""What a stream does where nothing comes: it goes on by the clock, and silent partitions are let go."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from interestclock.streams.micro_batch import LiveSource

__all__ = ["Tick", "Ticks"]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Nothing came for a while: what is waited for from there on.

    Args:
        awaited: partitions that may still bring something of earlier moments; none, where the stream is
            quiet. polled_ms: when, by the source's clock, UTC milliseconds.

    Example:
        >>> Tick(awaited=("web",), polled_ms=9_000).awaited
        ('web',)
    """

    awaited: tuple[str, ...]
    polled_ms: int


class Ticks:
    """Says when a stream has been silent, and which partitions are awaited from there on.

    The first names all partitions that there are. A later one comes where some have been silent for so long:
    they are let go, and awaited again once they speak. Where all have been silent, one comes every so often
    and awaits none. A partition is only silent if the source, asked at that moment, has nothing of it: a
    backlog that is slow to come, or brokers that are away, let nobody go.

    A log has no ticks.

    Args:
        source: whose partitions. idle_s: how long silence lasts. monotonic_s: a clock that no one sets.

    Example:
        >>> from interestclock.streams import RedisSource
        >>> from interestclock.events.schema import LogSchema
        >>> streams = ["app", "web"]
        >>> source = RedisSource(host="h", port=1, streams=streams, schema=LogSchema(labels=("finish",)))
        >>> ticks = Ticks(source, idle_s=1.0)
        >>> ticks.opening().awaited, ticks.opening(), ticks.due()
        (('app', 'web'), None, None)
    """

    def __init__(
        self, source: LiveSource, *, idle_s: float, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._idle_s, self._now_s = source, idle_s, monotonic_s
        self._last_message_s: dict[str, float] = {}  # of each partition, from the opening on
        self._let_go: set[str] = set()
        self._checked_s = -math.inf

    def opening(self) -> Tick | None:
        """The tick before a run's first messages, once the partitions are known."""
        if self._source.clock is None or self._last_message_s:
            return None
        self._last_message_s = dict.fromkeys(self._source.partitions(), self._now_s())
        return self._tick(self._source.clock.now_ms()) if self._last_message_s else None

    def received_from(self, partitions: Iterable[str]) -> None:
        """These brought messages that may be used; before the opening it is an archive that did."""
        if not self._last_message_s:
            return  # its partition is none of the stream's: no broker says that it is at its end
        active_partitions = set(partitions)
        self._last_message_s |= dict.fromkeys(active_partitions, self._now_s())
        self._let_go -= active_partitions

    def due(self) -> Tick | None:
        """A tick, where silence has lasted."""
        now_s = self._now_s()
        silent = {
            name
            for name, last_message_s in self._last_message_s.items()
            if now_s - last_message_s >= self._idle_s
        }
        quiet = silent == self._last_message_s.keys()
        if self._source.clock is None or not silent or not (quiet or silent - self._let_go):
            return None
        if now_s - self._checked_s < self._idle_s:
            return None  # asking has a price
        self._checked_s = now_s
        polled_ms = self._source.clock.now_ms()  # before it is asked: what comes later is of later
        at_end = self._source.at_end(silent)
        gone = self._let_go | at_end
        everyone = gone == self._last_message_s.keys()
        if everyone and at_end != gone:
            return None  # one that was let go before has something on its way
        if not everyone and gone == self._let_go:
            return None
        self._let_go = gone
        return self._tick(polled_ms)

    def _tick(self, polled_ms: int) -> Tick:
        return Tick(awaited=tuple(sorted(self._last_message_s.keys() - self._let_go)), polled_ms=polled_ms)
