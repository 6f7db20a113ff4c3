"""Events, items, erasures and served requests on their way to one log: the object behind the routes."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from interestclock.client import ItemChange, Rank, Ranked
from interestclock.client.fields import check_bytes
from interestclock.errors import RequestError
from interestclock.events import erase_message, item_message
from interestclock.events.message_json import read_message
from interestclock.events.schema import LogSchema
from interestclock.service.event_batches import EventBatches
from interestclock.service.recent_requests import RecentRequests
from interestclock.service.served_log import ServedLog
from interestclock.service.served_messages import served_message_of
from interestclock.streams import EventLog, MessageParser
from interestclock.streams.append_queue import MOST_MESSAGE_BYTES
from interestclock.timeofday import TimeSource

__all__ = ["EventService"]

_log = logging.getLogger("interestclock.service")


class EventService:
    """Hands what a service receives and answers to a log, in one order.

    Args:
        log: which it closes at its end.
        schema: names that messages may use, as the store has them; None: all are passed on, and followers
            of the log judge them.
        recent: requests that exposures are held against; None is ``RecentRequests()``.
        most_messages: of a batch of events. time: what time it is.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import open_event_log
        >>> with EventService(open_event_log(f"log://{tempfile.mkdtemp()}")) as events:
        ...     count, future = events.submit(
        ...         b'[{"label_of": "e1", "label": "like", "value": 1, "known_ms": 9}]')
        ...     count, future.result()
        (1, 1)
    """

    def __init__(
        self,
        log: EventLog,
        *,
        schema: LogSchema | None = None,
        recent: RecentRequests | None = None,
        most_messages: int = 1_000,
        time: TimeSource | None = None,
    ) -> None:
        self.log, self.served_log = log, ServedLog(log)
        self.recent = recent or RecentRequests()
        self._time = time or TimeSource()
        # Whether local time may be left out is for the followers' own zone to say, and no name.
        self._parser = None if schema is None else MessageParser(schema, zone="UTC")
        self._batches = EventBatches(
            check=None if self._parser is None else self._parser.check,
            contradiction=self.recent.contradiction,
            most_messages=most_messages,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Append what was handed over, as far as the log takes it."""
        self.served_log.close()
        self.log.close()

    def served(self, call: Rank, answer: Ranked) -> bool:
        """A request is answered: remember it, and have it logged; whether the log is expected to have it."""
        self.recent.remember(
            answer.request_id,
            user=call.user,
            items=[each.item for each in answer.items],
            at_ms=answer.at_ms,
        )
        try:
            message = served_message_of(call, answer)
        except ValueError as error:
            _log.warning("request %s cannot be logged: %s", answer.request_id, error)
            return False
        return self.served_log.append(message)

    def submit(self, body: bytes) -> tuple[int, Future[Any]]:
        """A batch of exposures, labels and outcomes; how many, and a future, done once the log has them.

        Raises:
            FaultyBatchError, RequestError, msgspec.DecodeError: as ``EventBatches.read``.
            QueueFullError: too much waits for the log. ResultError: (also from the future) it is away.
        """
        messages = self._batches.read(body)
        return len(messages), self.log.submit(messages)

    def change_item(self, item: str, change: ItemChange) -> Future[Any]:
        """An item as it is from a moment on.

        Raises:
            RequestError: no message can say that of it, or an attribute is none of the log's.
            QueueFullError, ResultError: as ``submit``.
        """
        from_ms = self._time.now_ms() if change.from_ms is None else change.from_ms
        try:
            message = item_message(item=item, attributes=change.attributes, from_ms=from_ms)
            if self._parser is not None:
                self._parser.check(read_message(message))
        except ValueError as error:
            raise RequestError(str(error)) from error
        if len(message) > MOST_MESSAGE_BYTES:
            raise RequestError(
                f"the item's message has {len(message):,} bytes; send fewer or shorter values, at most "
                f"{MOST_MESSAGE_BYTES:,} bytes together"
            )
        return self.log.submit([message])

    def erase(self, user: str) -> tuple[int, Future[Any]]:
        """Have a user erased; until when, UTC milliseconds.

        Raises:
            RequestError: it is no id. QueueFullError, ResultError: as ``submit``.
        """
        until_ms = self._time.now_ms()
        if not user:
            raise RequestError("user is missing; send DELETE /v1/users/USER")
        try:
            check_bytes("user", [user])
            message = erase_message(erase=user, timestamp_ms=until_ms)
        except ValueError as error:
            raise RequestError(str(error)) from error
        future = self.log.submit([message])
        self.recent.forget_user(user)
        return until_ms, future
