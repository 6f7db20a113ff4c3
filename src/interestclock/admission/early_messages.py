"""Labels and outcomes, and those of them that wait for their exposure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.dispositions import Disposition
from interestclock.admission.judged import Dispositions
from interestclock.admission.open_exposures import OPEN
from interestclock.admission.reference_join import AtPlaces
from interestclock.arrays import whole_column, with_room
from interestclock.timeofday import AFTER_ALL_MS

__all__ = ["EarlyMessages", "Found", "NewExposures"]

_NO_ROWS = pa.table({"event_id": pa.array([], pa.string())})
_MOST_CHUNKS = 64  # of the table of those that wait: it grows by a chunk a micro-batch

# Shapes: E messages that something became of or that came, those that waited first; W messages that
# wait, R those whose exposure is there.


@dataclass(frozen=True, kw_only=True)
class Found:
    """Messages that came in time, and whose exposure is there.

    Args:
        table: of them. serial_R: of their exposures. row_R: where each stands among all E.
        disposition_E: of those that waited and wait no more, in order, and of those that came, ``ORPHAN``
            where nothing can come for one any more. waited: how many of E had.
    """

    table: pa.Table
    serial_R: npt.NDArray[np.int64]
    row_R: npt.NDArray[np.int64]
    disposition_E: Dispositions
    waited: int


@dataclass(frozen=True, kw_only=True)
class NewExposures:
    """Exposures that were admitted together with messages that may name them.

    Args:
        first_serial: of the first. event_ids: of all N. place_N: where each stands among all that came.
        at_ms_N: the watermark once each was seen.
    """

    first_serial: int
    event_ids: Sequence[str]
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
        row_R = serial_E[mine] - self.first_serial
        behind_R = place_E[mine] < self.place_N[row_R]
        late_E[mine] = behind_R & (known_ms_E[mine] < self.at_ms_N[row_R])
        return late_E


class EarlyMessages:
    """Messages of one kind that name an exposure which has not come.

    Such a one waits until the watermark has passed the moment at which it was known: if the exposure comes
    only then, it is lost. A micro-batch costs what it brings and what becomes of that, however many wait.

    Example:
        >>> early = EarlyMessages()
        >>> table = pa.table({"event_id": ["a", "b"], "known_ms": [50, 50]})
        >>> both, none = np.arange(2), np.zeros(0, np.int64)
        >>> messages = AtPlaces(table=table, disposition_X=np.zeros(2, np.int8), place_X=both, at_ms_X=both,
        ...     newest_ms_X=both)
        >>> new = NewExposures(first_serial=8, event_ids=[], place_N=none, at_ms_N=none)
        >>> found = early.found(messages, {"a": 7}, new, at_ms=20)
        >>> found.serial_R.tolist(), len(early), early.drop(at_ms=51)
        ([7], 1, 1)
    """

    def __init__(self) -> None:
        self.table = None

    def __len__(self) -> int:
        return self._waiting

    @property
    def table(self) -> pa.Table | None:
        """Those that wait, in order; None: none does."""
        return self._rows.filter(pa.array(self._waits_W[: self._rows.num_rows])) if self._waiting else None

    @table.setter
    def table(self, table: pa.Table | None) -> None:
        self._rows = _NO_ROWS  # also those that wait no more, until they are the most
        self._rows_of: dict[str, list[int]] = {}  # those that wait, by the exposure they name
        self._waits_W, self._known_ms_W = np.zeros(0, np.bool_), np.zeros(0, np.int64)
        self._waiting, self._least_ms = 0, AFTER_ALL_MS  # how many wait; none of them was known before
        if table is not None:
            self._wait(table)

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
        freed = self._freed(new, at_ms)
        waited, table = freed.num_rows, messages.table
        both = pa.concat_tables([freed, table], promote_options="default") if waited else table
        both = both.combine_chunks()
        serial_E = np.array([serial_of.get(each, OPEN) for each in both["event_id"].to_pylist()], np.int64)
        disposition_E = np.concatenate([np.full(waited, Disposition.USED, np.int8), messages.disposition_X])
        place_E = np.concatenate([np.full(waited, -1), messages.place_X])
        in_time_E, alone_E, known_ms_E = (
            disposition_E == Disposition.USED,
            serial_E == OPEN,
            whole_column(both, "known_ms"),
        )
        lost_E = in_time_E & np.where(
            alone_E, known_ms_E < at_ms, new.too_late(serial_E, place_E, known_ms_E)
        )
        disposition_E[lost_E] = Disposition.ORPHAN
        waits_E = alone_E & (disposition_E == Disposition.USED)
        if waits_E.any():
            self._wait(both.filter(pa.array(waits_E)))
        row_R = np.flatnonzero(in_time_E & ~lost_E & ~alone_E)
        return Found(
            table=both.take(pa.array(row_R)),
            serial_R=serial_E[row_R],
            row_R=row_R,
            disposition_E=disposition_E,
            waited=waited,
        )

    def drop(self, *, at_ms: int) -> int:
        """Give up those whose exposure cannot come any more; gives how many."""
        due = self._due(at_ms)
        self._leave(due, self._rows["event_id"].take(pa.array(due)).to_pylist())
        return int(due.size)

    def _freed(self, new: NewExposures, at_ms: int) -> pa.Table:
        """Those that waited for exposures which are there now, or for longer than they may; they leave."""
        if not self._waiting:
            return _NO_ROWS
        named = [row for each in new.event_ids for row in self._rows_of.get(each, ())]
        row_E = np.union1d(np.array(named, np.int64), self._due(at_ms))
        freed = self._rows.take(pa.array(row_E))
        self._leave(row_E, freed["event_id"].to_pylist())
        return freed

    def _due(self, at_ms: int) -> npt.NDArray[np.int64]:
        """Rows of those known before the watermark; they are looked at only where there may be some."""
        if at_ms <= self._least_ms:
            return np.zeros(0, np.int64)
        known_ms_W = np.where(self._waits_W, self._known_ms_W, AFTER_ALL_MS)
        due_W = known_ms_W < at_ms
        self._least_ms = int(known_ms_W[~due_W].min(initial=AFTER_ALL_MS))
        return np.flatnonzero(due_W)

    def _wait(self, table: pa.Table) -> None:
        """These wait, behind those that do."""
        first = self._rows.num_rows
        rows = table if first == 0 else pa.concat_tables([self._rows, table], promote_options="default")
        self._rows = rows.combine_chunks() if rows["event_id"].num_chunks > _MOST_CHUNKS else rows
        known_ms_E = whole_column(table, "known_ms")
        self._waits_W = with_room(self._waits_W, rows.num_rows, used=first)
        self._waits_W[first : rows.num_rows] = True
        self._known_ms_W = with_room(self._known_ms_W, rows.num_rows, used=first)
        self._known_ms_W[first : rows.num_rows] = known_ms_E
        self._waiting += table.num_rows
        self._least_ms = min(self._least_ms, int(known_ms_E.min(initial=AFTER_ALL_MS)))
        for row, event_id in enumerate(table["event_id"].to_pylist(), first):
            self._rows_of.setdefault(event_id, []).append(row)

    def _leave(self, row_E: npt.NDArray[np.int64], event_ids: Sequence[str]) -> None:
        """These wait no more; the others move together once they are the fewer."""
        self._waits_W[row_E] = False
        self._waiting -= row_E.size
        for row, event_id in zip(row_E.tolist(), event_ids, strict=True):
            self._rows_of[event_id].remove(row)
            if not self._rows_of[event_id]:
                del self._rows_of[event_id]
        if 2 * self._waiting < self._rows.num_rows:
            self.table = self.table
