"""What is said of items, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["Descriptions"]

# Shapes: R descriptions.


@dataclass(frozen=True, kw_only=True)
class Descriptions:
    """What is said of items, in the order in which it came.

    Args:
        item_R: slots. rows: ``item_id`` and ``attribute.NAME`` (list<string>) of each.
        by_message_R: bool, an item message said so, rather than the row that first shows the item.
        first_R: bool, nothing was said of the item before. shown_R: bool, somebody was shown it before.
        stated_ms_R: since when it is so, UTC milliseconds. from_ms_R: since when it counts: of a message, no
            earlier than what it may reach.
        final_R: bool, no later message can be about an earlier moment.
    """

    item_R: npt.NDArray[np.integer]
    rows: pa.Table
    by_message_R: npt.NDArray[np.bool_]
    first_R: npt.NDArray[np.bool_]
    shown_R: npt.NDArray[np.bool_]
    stated_ms_R: npt.NDArray[np.int64]
    from_ms_R: npt.NDArray[np.int64]
    final_R: npt.NDArray[np.bool_]

    @classmethod
    def of_rows(cls, item_R: npt.NDArray[np.integer], rows: pa.Table) -> Descriptions:
        """Rows that each show an item for the first time."""
        no_R, before_R = np.zeros(item_R.size, np.bool_), np.full(item_R.size, BEFORE_ALL_MS)
        return cls(
            item_R=item_R,
            rows=rows,
            by_message_R=no_R,
            first_R=~no_R,
            shown_R=no_R,
            stated_ms_R=before_R,
            from_ms_R=before_R,
            final_R=no_R,
        )
