"""Messages are sent until the log has them: a service that is away, or has too much to do, is waited for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from interestclock.client import Logged, ServiceError

__all__ = ["Delivery", "EventSink"]

Messages = Sequence[Mapping[str, Any]]

_FOR_NOW = frozenset({0, 502, 503, 504})  # nobody answers, or not now
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_log = logging.getLogger("interestclock.closed_loop")


class EventSink(Protocol):
    """What events are sent to: a ``Client``."""

    def log_events(self, messages: Messages, /) -> Logged:
        """Have events logged; once this returns, the log has them."""


class Delivery:
    """Sends batches until they are acknowledged, or ``give_up`` is set.

    What is sent again counts once: admission knows exposures and labels by their ids.

    Args:
        sink: where to. give_up: ends all tries. repeated: called before each further try.

    Example:
        >>> from interestclock.client import Client, Problem
        >>> with Client("http://127.0.0.1:1") as client:
        ...     stopped = threading.Event(); stopped.set()
        ...     Delivery(client, give_up=stopped).send([{"label_of": "e1"}])
        False
    """

    def __init__(
        self, sink: EventSink, *, give_up: threading.Event, repeated: Callable[[], None] = lambda: None
    ) -> None:
        self._sink, self._give_up, self._repeated = sink, give_up, repeated

    def send(self, messages: Messages, *, again: Messages | None = None) -> bool:
        """Have a batch logged; False where it was given up.

        Args:
            again: what is sent instead where the first try failed: the service may have been killed and have
                lost the answer that these messages refer to.

        Raises:
            ServiceError: the service refuses it for good.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                self._sink.log_events(messages)
            except ServiceError as error:
                if error.problem.status not in _FOR_NOW:
                    _log.warning("a batch of %d messages is refused: %s", len(messages), error)
                    raise
            else:
                return True
            if self._give_up.wait(pause_s):
                return False
            messages, pause_s = again or messages, min(2 * pause_s, _LONGEST_PAUSE_S)
            self._repeated()
