"""JSON to messages, and back; what is no message gets a reason that names the field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from interestclock.events.message_faults import find_fault
from interestclock.events.message_models import KINDS, AnyMessage, Exposure
from interestclock.events.message_numbers import as_a_log_has_it

__all__ = ["read_message", "write_message"]

_exposure = msgspec.json.Decoder(Exposure).decode
_others = {field.encode(): msgspec.json.Decoder(kind).decode for field, kind in KINDS.items()}
_mark = re.compile(b'"(' + b"|".join(_others) + b')"').search


def read_message(payload: bytes) -> AnyMessage:
    """The message that some JSON in UTF-8 is.

    Raises:
        ValueError: it is none; says which field is at fault and what was expected.

    Example:
        >>> read_message(b'{"label_of": "e1", "label": "like", "value": 1, "known_ms": 5}').label
        'like'
        >>> read_message(b'{"label_of": "e1", "label": "like", "value": 2, "known_ms": 5}')
        Traceback (most recent call last):
        ValueError: label 'like': value 2 is not 0 or 1; say what it is among the exposure's values, or ...
    """
    mark = _mark(payload)  # a guess: a field's name may stand elsewhere too, or be written with escapes
    try:
        message: AnyMessage = _others[mark[1]](payload) if mark else _exposure(payload)
    except (ValueError, RecursionError) as error:
        return _read_with_care(payload, error)
    return message


def write_message(kind: type[AnyMessage], fields: Mapping[str, Any]) -> bytes:
    """A message of a kind as JSON, checked as it is when it is read.

    Raises:
        ValueError: a reader would refuse it; the reason that the reader would give.

    Example:
        >>> write_message(Exposure, {"event_id": "e1", "user_id": 7, "item_id": 3, "timestamp_ms": 0})
        b'{"event_id":"e1","user_id":7,"item_id":3,"timestamp_ms":0}'
    """
    fields = as_a_log_has_it(dict(fields))
    fault = find_fault(fields, kind)
    if fault is not None:
        raise ValueError(fault)
    return msgspec.json.encode(msgspec.convert(fields, kind))


def _read_with_care(payload: bytes, error: Exception) -> AnyMessage:
    """A message that the first guess could not read: of another kind after all, or none."""
    try:
        fields = json.loads(
            payload
        )  # lets more pass than JSON, so that it can be said which field is at fault
    except (ValueError, RecursionError) as worse:
        raise ValueError(f"no JSON: {worse}") from error
    if not isinstance(fields, dict):
        raise ValueError("no JSON object") from error
    kind: type[AnyMessage] = next((KINDS[field] for field in KINDS if field in fields), Exposure)
    try:
        return msgspec.json.decode(payload, type=kind)
    except (ValueError, RecursionError) as worse:
        read = as_a_log_has_it(fields)
        if repr(read) != repr(fields):  # 7 == 7.0
            with suppress(ValueError, RecursionError):
                text = json.dumps(read, ensure_ascii=False, allow_nan=False)
                return msgspec.json.decode(text.encode(), type=kind)
        raise ValueError(find_fault(fields, kind) or f"no JSON in UTF-8: {worse}") from error
