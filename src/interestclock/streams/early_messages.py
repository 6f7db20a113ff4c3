"""Labels and outcomes, and those of them that wait for their exposure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.streams.judged import Verdicts, whole
from interestclock.streams.open_exposures import OPEN
from interestclock.streams.reference_join import AtPlaces
from interestclock.streams.verdicts import Verdict

__all__ = ["EarlyMessages", "Found", "NewExposures"]

# Shapes: E messages, those that waited first.


@dataclass(frozen=True, kw_only=True)
class Found:
    """Messages that came in time, and whose exposure is there.

    Args:
        table: of them. serial_F: of their exposures. row_F: where each stands among all E.
        verdict_E: of all, ``ORPHAN`` where nothing can come for one any more. waited: how many of E had.
    """

    table: pa.Table
    serial_F: npt.NDArray[np.int64]
    row_F: npt.NDArray[np.int64]
    verdict_E: Verdicts
    waited: int


@dataclass(frozen=True, kw_only=True)
class NewExposures:
    """Exposures that were admitted together with messages that may name them.

    Args:
        first_serial: of the first. place_N: where each stands among all that came.
        at_ms_N: the watermark once each was seen.
    """

    first_serial: int
    place_N: npt.NDArray[np.int64]
    at_ms_N: npt.NDArray[np.int64]

    def too_late(
        self,
        serial_E: npt.NDArray[np.int64],
        place_E: npt.NDArray[np.int64],
        known_ms_E: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.bool_]:
        """Which exposures came behind their message, when the watermark had passed it."""
        late_E = np.zeros(serial_E.size, np.bool_)
        mine = np.flatnonzero(serial_E >= self.first_serial)
        row_M = serial_E[mine] - self.first_serial
        behind_M = place_E[mine] < self.place_N[row_M]
        late_E[mine] = behind_M & (known_ms_E[mine] < self.at_ms_N[row_M])
        return late_E


class EarlyMessages:
    """Messages of one kind that name an exposure which has not come.

    Such a one waits until the watermark has passed the moment at which it was known: if the exposure comes
    only then, it is lost.

    Example:
        >>> early = EarlyMessages()
        >>> said = pa.table({"event_id": ["a", "b"], "known_ms": [50, 50]})
        >>> both, none = np.arange(2), np.zeros(0, np.int64)
        >>> messages = AtPlaces(table=said, verdict_X=np.zeros(2, np.int8), place_X=both, at_ms_X=both,
        ...     newest_ms_X=both)
        >>> new = NewExposures(first_serial=8, place_N=none, at_ms_N=none)
        >>> found = early.found(messages, {"a": 7}, new, at_ms=20)
        >>> found.serial_F.tolist(), len(early), early.drop(at_ms=51)
        ([7], 1, 1)
    """

    def __init__(self) -> None:
        self.table: pa.Table | None = None

    def __len__(self) -> int:
        return 0 if self.table is None else self.table.num_rows

    def found(
        self,
        messages: AtPlaces,
        serial_of: Mapping[str, int],
        new: NewExposures,
        *,
        at_ms: int,
    ) -> Found:
        """Those that waited and those that come, as far as their exposures are there; the rest waits.

        Args:
            messages: with ``event_id`` and ``known_ms``. serial_of: exposures by id.
            new: those of them that came together with the messages. at_ms: the watermark behind them.
        """
        waited, table = len(self), messages.table
        both = (
            table if self.table is None else pa.concat_tables([self.table, table], promote_options="default")
        )
        both = both.combine_chunks()
        serial_E = np.array([serial_of.get(each, OPEN) for each in both["event_id"].to_pylist()], np.int64)
        verdict_E = np.concatenate([np.full(waited, Verdict.USED, np.int8), messages.verdict_X])
        place_E = np.concatenate([np.full(waited, -1), messages.place_X])
        in_time_E, alone_E, known_ms_E = verdict_E == Verdict.USED, serial_E == OPEN, whole(both, "known_ms")
        lost_E = in_time_E & np.where(
            alone_E, known_ms_E < at_ms, new.too_late(serial_E, place_E, known_ms_E)
        )
        verdict_E[lost_E] = Verdict.ORPHAN
        waits_E = alone_E & (verdict_E == Verdict.USED)
        self.table = both.filter(pa.array(waits_E)) if waits_E.any() else None
        row_F = np.flatnonzero(in_time_E & ~lost_E & ~alone_E)
        return Found(
            table=both.take(pa.array(row_F)),
            serial_F=serial_E[row_F],
            row_F=row_F,
            verdict_E=verdict_E,
            waited=waited,
        )

    def drop(self, *, at_ms: int) -> int:
        """Give up those whose exposure cannot come any more; gives how many."""
        if self.table is None:
            return 0
        before = len(self)
        stays_E = whole(self.table, "known_ms") >= at_ms
        self.table = self.table.filter(pa.array(stays_E)) if stays_E.any() else None
        return before - len(self)
