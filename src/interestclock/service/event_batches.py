"""Bodies of events as messages for the log: all of a batch, or an error for each message at fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from interestclock.client import Fault
from interestclock.errors import RequestError
from interestclock.events.message_json import read_message
from interestclock.events.message_models import AnyMessage, Erase, Exposure, Item, Label, Outcome, Served

__all__ = ["EventBatches", "FaultyBatchError"]

_MOST_FAULTS = 20
_MESSAGE_BYTES = 1 << 18  # the largest that every kind of log takes is several times that
_REASON_CHARACTERS = 500
_ELSEWHERE = {
    Item: "an item; send it to PUT /v1/items/ITEM",
    Erase: "an erasure; send DELETE /v1/users/USER",
    Served: "a served request, which the service writes itself",
}
_messages = msgspec.json.Decoder(list[msgspec.Raw])


class FaultyBatchError(RequestError):
    """Nothing of a batch is logged, for some of its messages are at fault.

    Args:
        faults: which, and why. conflict: whether all of them contradict a request that was answered.

    Example:
        >>> raise FaultyBatchError([Fault(index=3, reason="item_id is missing")], conflict=False)
        Traceback (most recent call last):
        interestclock.service.event_batches.FaultyBatchError: message 3: item_id is missing; nothing of ...
    """

    def __init__(self, faults: Sequence[Fault], *, conflict: bool) -> None:
        first = faults[0]
        others = f", and {len(faults) - 1} others" if len(faults) > 1 else ""
        super().__init__(
            f"message {first.index}: {first.reason}{others}; nothing of the batch is logged: mend these, or "
            "leave them out, and send it again"
        )
        self.faults, self.conflict = list(faults), conflict


@dataclass(frozen=True, kw_only=True)
class EventBatches:
    """Reads batches: JSON lists of exposures, labels and outcomes.

    Args:
        check: refuses a message by names that the log does not have (``ValueError``); None refuses none.
        contradiction: what an exposure says against its request; None: nothing is known of requests.
        most_messages: of a batch.

    Example:
        >>> batches = EventBatches()
        >>> batches.read(b'[{"label_of": "e1", "label": "like", "value": 1, "known_ms": 9}]')
        [b'{"label_of":"e1","label":"like","value":1,"known_ms":9}']
    """

    check: Callable[[AnyMessage], None] | None = None
    contradiction: Callable[[Exposure], str | None] | None = None
    most_messages: int = 1_000

    def read(self, body: bytes) -> list[bytes]:
        """The messages of a batch, as the log will have them.

        Raises:
            FaultyBatchError: messages are at fault; says which.
            RequestError: it is no list, or of none or too many messages.
            msgspec.DecodeError, RecursionError: it is no JSON, or nested too deeply.
        """
        try:
            given = _messages.decode(body)
        except msgspec.ValidationError as error:
            raise RequestError(f"the body is no list ({error}); send [MESSAGE, ...]") from error
        if not 0 < len(given) <= self.most_messages:
            raise RequestError(
                f"the batch has {len(given):,} messages; send 1 to {self.most_messages:,} at a time"
            )
        messages: list[bytes] = []
        wrong: list[Fault] = []
        contradicting: list[Fault] = []
        for index, each in enumerate(given):
            try:
                message = self._read(bytes(each))
            except ValueError as error:
                wrong.append(Fault(index=index, reason=_short(str(error))))
                continue
            if (against := self._against(message)) is not None:
                contradicting.append(Fault(index=index, reason=against))
            messages.append(msgspec.json.encode(message))
        if faults := wrong or contradicting:
            raise FaultyBatchError(faults[:_MOST_FAULTS], conflict=not wrong)
        return messages

    def _read(self, payload: bytes) -> Exposure | Label | Outcome:
        if len(payload) > _MESSAGE_BYTES:
            raise ValueError(f"it has {len(payload):,} bytes; send at most {_MESSAGE_BYTES:,}")
        message = read_message(payload)
        if isinstance(message, Item | Erase | Served):
            raise ValueError(f"it is {_ELSEWHERE[type(message)]}")
        if self.check is not None:
            self.check(message)
        return message

    def _against(self, message: AnyMessage) -> str | None:
        if self.contradiction is None or not isinstance(message, Exposure) or message.request_id is None:
            return None
        return self.contradiction(message)


def _short(reason: str) -> str:
    """A reason quotes what was sent, which may be as long as the message."""
    return reason if len(reason) <= _REASON_CHARACTERS else f"{reason[:_REASON_CHARACTERS]}..."
