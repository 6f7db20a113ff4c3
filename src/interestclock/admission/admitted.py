"""What was admitted of a stream, in order: the one input of all state."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from interestclock.admission.erased_users import Erasures
from interestclock.admission.label_events import LabelEvents

__all__ = ["Admitted"]


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """Events that are used, and how far the watermark is once they came.

    Midnights (UTC) that the watermark passes with them, it passed just before the first of them.

    Args:
        exposures: columns of the event table without labels, ``event_id`` and ``serial`` (int64, counted up
            from 0 over the whole stream); None where none came.
        labels: each label of an exposure once; none was known before the watermark stood where it stood
            before.
        items: items as they are from ``from_ms`` on, in order of arrival, in columns of ``MicroBatch``; and
            what came before each: ``serial`` int64, of the next exposure, and ``newest_ms`` int64, the newest
            event time. None where none came.
        watermark_ms: UTC milliseconds; nothing of an earlier moment comes any more.
        erasures: users who are erased before all else of this happens, but behind the midnights; None:
            nobody is. All that was made of them goes, whenever it was.
    """

    exposures: pa.Table | None
    labels: LabelEvents
    items: pa.Table | None
    watermark_ms: int
    erasures: Erasures | None = None
