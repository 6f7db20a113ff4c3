"""Requests that this server answered a while ago, so that exposures which contradict them are refused."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from interestclock.errors import ConfigError
from interestclock.events.message_models import Exposure
from interestclock.timeofday import MINUTE_MS

__all__ = ["RecentRequests"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answered:
    user: str
    at_ms: int
    items: array[int]  # hashes of their ids: one in 2**64 is taken for another, and judged at admission


class RecentRequests:
    """Remembers whose a request was and which items were returned, for a while and up to so many.

    What it does not remember any more, or another server answered, is for admission to judge.

    Args:
        keep_minutes: how long a request is remembered; admission has it for as long, by default.
        most_items: of all requests that are remembered together, 8 bytes each; the oldest go first.

    Raises:
        ConfigError: a number is not above 0.

    Example:
        >>> recent = RecentRequests()
        >>> recent.remember("r1", user="ann", items=["a", 7], at_ms=0)
        >>> recent.contradiction(Exposure(request_id="r1", item_id="7"))
        >>> recent.contradiction(Exposure(request_id="r1", item_id="b"))
        "request 'r1' did not return item 'b'"
    """

    def __init__(self, *, keep_minutes: float = 60.0, most_items: int = 2_000_000) -> None:
        if not keep_minutes > 0 or most_items < 1:
            raise ConfigError(
                f"keep_minutes is {keep_minutes} and most_items {most_items}; give numbers above 0"
            )
        self._keep_ms, self._most_items = round(keep_minutes * MINUTE_MS), most_items
        self._requests: OrderedDict[str, _Answered] = OrderedDict()
        self._items = 0
        self._changing = threading.Lock()

    def __len__(self) -> int:
        """Requests that are remembered."""
        return len(self._requests)

    def remember(self, request_id: str, *, user: int | str, items: Iterable[int | str], at_ms: int) -> None:
        """A request was answered; what is too old by then is forgotten.

        Args:
            items: ids that were returned. at_ms: when, UTC milliseconds.
        """
        answered = _Answered(user=str(user), at_ms=at_ms, items=array("q", map(_hash, items)))
        with self._changing:
            self._forget(request_id)
            self._requests[request_id] = answered
            self._items += len(answered.items)
            while self._requests:
                oldest = next(iter(self._requests))
                if self._items <= self._most_items and self._requests[oldest].at_ms >= at_ms - self._keep_ms:
                    break
                self._forget(oldest)

    def contradiction(self, exposure: Exposure) -> str | None:
        """What an exposure says that its request does not; None where it is not known here, or agrees."""
        answered = self._requests.get(str(exposure.request_id))
        if answered is None:
            return None
        if exposure.user_id is not None and str(exposure.user_id) != answered.user:
            return f"request {exposure.request_id!r} was not of user {exposure.user_id!r}"
        if _hash(exposure.item_id) not in answered.items:
            return f"request {exposure.request_id!r} did not return item {exposure.item_id!r}"
        return None

    def forget_user(self, user: int | str) -> None:
        """Nothing of a user is remembered any more."""
        with self._changing:
            for each in [name for name, answered in self._requests.items() if answered.user == str(user)]:
                self._forget(each)

    def _forget(self, request_id: str) -> None:
        answered = self._requests.pop(request_id, None)
        self._items -= 0 if answered is None else len(answered.items)


def _hash(item: int | str) -> int:
    """Of an id as text, which is how a log has ids."""
    return hash(str(item))
