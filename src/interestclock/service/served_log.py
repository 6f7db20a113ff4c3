"""Answers written to the log that events come by, without anybody waiting for it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, takewhile
from typing import Any

from interestclock.errors import ConfigError, ResultError
from interestclock.streams import EventLog
from interestclock.streams.append_queue import MOST_MESSAGE_BYTES

__all__ = ["ServedCounts", "ServedLog"]

_AT_A_TIME_BYTES = 1 << 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_log = logging.getLogger("interestclock.service")


@dataclass(frozen=True, kw_only=True)
class ServedCounts:
    """What became of messages.

    Args:
        appended: that the log has. held: that wait for a log that is away. lost: that it will never have, as
            too much waited, or as it was away to the end.

    Example:
        >>> ServedCounts(appended=2, held=0, lost=1).lost
        1
    """

    appended: int
    held: int
    lost: int


class ServedLog:
    """Appends messages in the order in which they come, and never makes anybody wait.

    A message goes to the log's own queue at once: so one that was appended before an exposure was handed over
    to the same log stands before that. While the log is away, messages are held here, up to so many bytes,
    and appended in order once it is back; what comes then is lost where there is no room. A message that a
    broker had before its answer was lost comes twice: admission counts it once.

    Args:
        log: that exposures come by, too; close it behind this. most_held_bytes: while it is away.

    Raises:
        ConfigError: nothing may be held.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> with EmbeddedLogWriter(tempfile.mkdtemp()) as writer:
        ...     served = ServedLog(writer)
        ...     served.append(b'{"served":"r1","user_id":7,"timestamp_ms":9,"zone":"UTC","items":[]}')
        ...     served.close()
        True
        >>> served.counts().appended
        1
    """

    def __init__(self, log: EventLog, *, most_held_bytes: int = 1 << 24) -> None:
        if most_held_bytes < 1:
            raise ConfigError(f"most_held_bytes is {most_held_bytes}; give a size, for example 16777216")
        self._log, self._most_held_bytes = log, most_held_bytes
        self._held: deque[bytes] = deque()
        self._held_bytes = self._appended = self._lost = 0
        self._away: str | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._catch_up, name="served-log", daemon=True)
        self._thread.start()

    @property
    def away(self) -> str | None:
        """Why the log has no more messages now; None where it has."""
        return self._away

    def counts(self) -> ServedCounts:
        """What became of messages so far."""
        with self._changed:
            return ServedCounts(appended=self._appended, held=len(self._held), lost=self._lost)

    def append(self, message: bytes) -> bool:
        """Have a message appended; whether the log is expected to have it soon.

        Where it is not, it may have it all the same later on.
        """
        with self._changed:
            if len(message) > MOST_MESSAGE_BYTES:  # a log that refuses it for good would stay away for it
                self._lose(1, f"one has {len(message):,} bytes, and at most {MOST_MESSAGE_BYTES:,} may be")
                return False
            if self._away is not None or self._closing:
                self._hold(message)
                return False
        try:
            future = self._log.submit([message])
        except (ResultError, ValueError) as error:  # too much waits, or the log was closed
            with self._changed:
                self._lose(1, str(error))
            return False
        future.add_done_callback(partial(self._settle, message))
        return True

    def close(self) -> None:
        """Try once more to append what is held, and give up the rest."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _settle(self, message: bytes, future: Future[Any]) -> None:
        """The log has a message, or has not."""
        error = future.exception()
        with self._changed:
            if error is None:
                self._appended += 1
                return
            if self._away is None:
                self._away = str(error)
                _log.warning("served requests are not logged for now, and held: %s", error)
            self._hold(message)

    def _hold(self, message: bytes) -> None:
        if self._closing or self._held_bytes + len(message) > self._most_held_bytes:
            self._lose(1, self._away or "it is closed")
            return
        self._held.append(message)
        self._held_bytes += len(message)
        self._changed.notify_all()

    def _lose(self, count: int, reason: str) -> None:
        if count and not self._lost:
            _log.warning("served requests are lost, exposures of them will be orphans: %s", reason)
        self._lost += count

    def _catch_up(self) -> None:
        """Append what is held, again and again, until the log has it."""
        pause_s = _FIRST_PAUSE_S
        while (messages := self._next_held()) is not None:
            try:
                self._log.submit(messages).result()
            except Exception as error:  # whatever it is, requests go on being answered
                with self._changed:
                    self._away = str(error)
                    if not self._closing:
                        self._changed.wait_for(lambda: self._closing, pause_s)
                        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                        continue
                    self._lose(len(self._held), str(error))
                    self._held.clear()
                    return
            self._has(messages)
            pause_s = _FIRST_PAUSE_S

    def _next_held(self) -> list[bytes] | None:
        """The oldest that are held, as many as go into one call; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._closing)
            if not self._held:
                return None
            sizes = accumulate(map(len, self._held))
            count = max(1, sum(1 for _ in takewhile(lambda size: size <= _AT_A_TIME_BYTES, sizes)))
            return [self._held[place] for place in range(count)]

    def _has(self, messages: list[bytes]) -> None:
        with self._changed:
            self._appended += len(messages)
            for each in messages:
                self._held.popleft()
                self._held_bytes -= len(each)
            if not self._held:
                self._away = None
                _log.info("served requests are logged again; %d were lost so far", self._lost)
