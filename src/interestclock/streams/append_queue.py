"""Messages handed over by many callers, bounded, for one thread that writes what has come meanwhile."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from interestclock.errors import QueueFullError, ResultError, own_error

__all__ = ["MOST_MESSAGE_BYTES", "AppendQueue", "HandedOver"]

MOST_MESSAGE_BYTES = 900_000
"""Of a message that every log takes: brokers take records of up to a megabyte, with key and header."""

_MOST_GROUP_BYTES = 1 << 20  # more is another group, so that none waits long for the bytes of others


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """Messages of one call, all of which are written or none.

    Args:
        bytes: with what stands beside each message where it is written. future: done once they are there.
    """

    messages: tuple[bytes, ...]
    bytes: int
    future: Future[Any]


class AppendQueue:
    """What was handed over and is not written yet.

    Nobody waits for a group to fill: a thread draws what has come during its last write.

    Args:
        name: of the log, for errors. most_bytes: that may wait, with those being written; more are refused.
        overhead_bytes: of a message, beside its own. waits_for: what the messages wait for, in words.

    Example:
        >>> queue = AppendQueue("log", most_bytes=100, overhead_bytes=0, waits_for="the disk")
        >>> future = queue.submit([b"one", b"two"])
        >>> [each.messages for each in queue.next_group(0.0)]
        [(b'one', b'two')]
    """

    def __init__(self, name: str, *, most_bytes: int, overhead_bytes: int, waits_for: str) -> None:
        self._name, self._waits_for = name, waits_for
        self._most_bytes, self._overhead_bytes = most_bytes, overhead_bytes
        self._waiting: deque[HandedOver] = deque()
        self._waiting_bytes = 0  # with those being written
        self._changed = threading.Condition()
        self._closing = False
        self._process = os.getpid()

    @property
    def waiting_bytes(self) -> int:
        """Of messages that are not written yet."""
        return self._waiting_bytes

    def submit(self, messages: Sequence[bytes]) -> Future[Any]:
        """Hand messages over; the future is for whoever writes them to settle.

        Raises:
            QueueFullError: too much is waiting already.
            ResultError: it was closed, or this is a fork of its process.
            ValueError: no message, or more bytes than may ever wait.
        """
        handed_over = self._checked(messages)
        with self._changed:
            if self._closing:
                raise ResultError(f"{self._name}: the writer was closed; open another")
            if self._waiting_bytes + handed_over.bytes > self._most_bytes:
                raise QueueFullError(
                    f"{self._name}: {self._waiting_bytes:,} bytes wait for {self._waits_for}, and at most "
                    f"{self._most_bytes:,} may; try again later, or send less"
                )
            self._waiting.append(handed_over)
            self._waiting_bytes += handed_over.bytes
            self._changed.notify()
        return handed_over.future

    def next_group(self, wait_s: float) -> list[HandedOver] | None:
        """What waits, as far as it goes into one group; nothing after a while; None at the end."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(wait_s)
            if not self._waiting:
                return None if self._closing else []
            group = [self._waiting.popleft()]
            group_bytes = group[0].bytes
            while self._waiting and group_bytes + self._waiting[0].bytes <= _MOST_GROUP_BYTES:
                group_bytes += self._waiting[0].bytes
                group.append(self._waiting.popleft())
            return group

    def write(self, group: Sequence[HandedOver], append: Callable[[list[bytes]], Sequence[Any]]) -> None:
        """Have a group written at once, and tell each caller where its first message is, or what went wrong.

        Calls that were given up meanwhile are left out.

        Args:
            group: of ``next_group``. append: writes messages, and gives where each of them is.

        Example:
            >>> queue = AppendQueue("log", most_bytes=100, overhead_bytes=0, waits_for="the disk")
            >>> one, two = queue.submit([b"a", b"b"]), queue.submit([b"c"])
            >>> queue.write(queue.next_group(0.0), lambda messages: range(7, 7 + len(messages)))
            >>> one.result(), two.result(), queue.waiting_bytes
            (7, 9, 0)
        """
        going = [each for each in group if each.future.set_running_or_notify_cancel()]
        if going:
            try:
                places = append([message for each in going for message in each.messages])
            except BaseException as error:  # whoever waits has to know
                for each in going:
                    each.future.set_exception(own_error(error))
            else:
                first = 0
                for each in going:
                    each.future.set_result(places[first])
                    first += len(each.messages)
        self.release(group)

    def release(self, group: Sequence[HandedOver]) -> None:
        """Its messages are written, or were given up."""
        with self._changed:
            self._waiting_bytes -= sum(each.bytes for each in group)

    def close(self) -> bool:
        """Refuse more; whether it was open."""
        with self._changed:
            was_open, self._closing = not self._closing, True
            self._changed.notify()
        return was_open

    def _checked(self, messages: Sequence[bytes]) -> HandedOver:
        if isinstance(messages, bytes | str) or not messages:
            raise ValueError(f"messages are {messages!r}; give a list of one or more, each of bytes")
        if not all(isinstance(message, bytes) for message in messages):
            raise ValueError("a message is no bytes; give JSON in UTF-8, as the writers of messages do")
        handed_over = HandedOver(
            messages=tuple(messages),
            bytes=sum(map(len, messages)) + self._overhead_bytes * len(messages),
            future=Future(),
        )
        if handed_over.bytes > self._most_bytes:
            raise ValueError(
                f"{len(messages):,} messages of {handed_over.bytes:,} bytes; at most "
                f"{self._most_bytes:,} may wait (most_waiting_bytes): hand them over in parts"
            )
        if os.getpid() != self._process:
            raise ResultError(
                f"{self._name} was opened by process {self._process}, and this is {os.getpid()}, a fork of "
                "it: open the log behind the fork, in one process alone"
            )
        return handed_over
