"""What became of a message at admission: one word for each, and the number it is written down as."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Disposition", "count"]


class Disposition(IntEnum):
    """What became of a message; the numbers stand in admitted logs, so one is never given to another word.

    Example:
        >>> Disposition(1).name, Disposition.USED == 0
        ('LATE', True)
    """

    USED = 0
    """It counts: state is made from it."""

    LATE = 1
    """Its time lay behind the watermark when it arrived, or a label was known after the wait."""

    LATE_AFTER_IDLE = 2
    """Late only because its partition had been let go as idle; without that, the watermark had waited."""

    AHEAD = 3
    """Its time lay too far ahead of the moment at which it was taken, and of the newest event's."""

    DUPLICATE = 4
    """Its ``event_id`` was there before, or its exposure had that label already."""

    ORPHAN = 5
    """A label whose exposure did not come."""

    DEAD = 6
    """It could not be read; it stands among the dead letters, with the reason."""

    IN_ARCHIVE = 7
    """Of a stream that follows an archive, and older than what the archive leaves to the stream."""

    ERASED = 8
    """Of a user who was erased before it came, and of a moment until then."""


def count(disposition_X: npt.NDArray[np.int8], disposition: Disposition) -> int:
    """How many messages have a disposition.

    Example:
        >>> count(np.array([0, 4, 4], np.int8), Disposition.DUPLICATE)
        2
    """
    return int(np.count_nonzero(disposition_X == disposition))
