"""Messages for those who send them: checked as a reader would, with the reader's reasons."""

from __future__ import annotations

from typing import Any

from interestclock.events.message_json import write_message
from interestclock.events.message_models import Erase, Exposure, Item, Label, Outcome, Served

__all__ = [
    "erase_message",
    "exposure_message",
    "item_message",
    "label_message",
    "outcome_message",
    "served_message",
]


def exposure_message(**fields: Any) -> bytes:
    """An exposure as a message; the fields are those of ``Exposure``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> exposure_message(event_id="e1", user_id=7, item_id=3, timestamp_ms=0, zone="UTC")
        b'{"event_id":"e1","user_id":7,"item_id":3,"timestamp_ms":0,"zone":"UTC"}'
        >>> exposure_message(request_id="r1", item_id=3, position=0)  # of a served request; its event: r1/3
        b'{"item_id":3,"request_id":"r1","position":0}'
    """
    return write_message(Exposure, fields)


def label_message(**fields: Any) -> bytes:
    """A label as a message; the fields are those of ``Label``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> label_message(label_of="e1", label="finish", value=1, known_ms=9)
        b'{"label_of":"e1","label":"finish","value":1,"known_ms":9}'
    """
    return write_message(Label, fields)


def item_message(**fields: Any) -> bytes:
    """An item as a message; the fields are those of ``Item``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> item_message(item=3, attributes={"genre": ["rock"]}, from_ms=9)
        b'{"item":3,"attributes":{"genre":["rock"]},"from_ms":9}'
    """
    return write_message(Item, fields)


def outcome_message(**fields: Any) -> bytes:
    """An outcome as a message; the fields are those of ``Outcome``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> outcome_message(outcome_of="e1", name="played_ms", value=181_000, known_ms=9)
        b'{"outcome_of":"e1","name":"played_ms","value":181000.0,"known_ms":9}'
    """
    return write_message(Outcome, fields)


def served_message(**fields: Any) -> bytes:
    """A served request as a message; the fields are those of ``Served``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> served_message(served="r1", user_id=7, timestamp_ms=9, items=[{"item_id": 3, "score": 0.5}])
        b'{"served":"r1","user_id":7,"timestamp_ms":9,"items":[{"item_id":3,"score":0.5}]}'
    """
    return write_message(Served, fields)


def erase_message(**fields: Any) -> bytes:
    """An erasure as a message; the fields are those of ``Erase``.

    Raises:
        ValueError: a reader would refuse it; with the reader's reason.

    Example:
        >>> erase_message(erase=7, timestamp_ms=9)
        b'{"erase":7,"timestamp_ms":9}'
    """
    return write_message(Erase, fields)
