"""What a message says of the local time where it was made."""

from __future__ import annotations

import numpy as np

from interestclock.events.message_models import Exposure, Served
from interestclock.events.message_numbers import offset_in_minutes
from interestclock.timeofday import zone_offset_minutes

__all__ = ["given_offset", "given_zone", "minutes"]


def minutes(message: Exposure | Served) -> int | None:
    """The offset that it says; numbers too small for minutes are hours, as in a log."""
    offset = message.utc_offset_minutes
    return None if offset is None else offset_in_minutes(offset)


def given_zone(message: Exposure) -> str | None:
    """The zone that it says, where no offset goes before it."""
    return None if message.utc_offset_minutes is not None else message.zone or None


def given_offset(message: Exposure) -> int | None:
    """Of an exposure that leaves the rest to its request; it has a zone only beside a time."""
    if message.utc_offset_minutes is not None or not message.zone or message.timestamp_ms is None:
        return minutes(message)
    return int(zone_offset_minutes(np.array([message.timestamp_ms]), message.zone)[0])
