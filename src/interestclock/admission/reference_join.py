"""One micro-batch's exposures that leave who or when to their served request, each joined to it or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.dispositions import Disposition
from interestclock.admission.item_codes import ItemCodes
from interestclock.admission.judged import NO_TIME_MS, Dispositions, times_of
from interestclock.arrays import with_columns
from interestclock.timeofday import AFTER_ALL_MS, BEFORE_ALL_MS, day_of_week, seconds_of_day

__all__ = ["AtPlaces", "ReferenceJoin", "Request", "Resolved", "still_waiting"]

# Shapes: R exposures that are made whole, X messages of one kind.

Times = npt.NDArray[np.int64]
_UNTIL = "until_ms"  # an exposure that waits for its request is given up once the watermark has passed this


@dataclass(frozen=True, kw_only=True)
class AtPlaces:
    """Messages of one kind and where each stands in its micro-batch.

    Args:
        table: of them. disposition_X: as they were judged; what becomes of them is noted there.
        place_X: int64, order of arrival among all kinds. at_ms_X: the watermark once each was seen.
        newest_ms_X: the newest event time before each.
    """

    table: pa.Table
    disposition_X: Dispositions
    place_X: npt.NDArray[np.int64]
    at_ms_X: Times
    newest_ms_X: Times

    @classmethod
    def none(cls, empty: pa.Table) -> AtPlaces:
        """No messages, in a table that has their columns."""
        whole = np.zeros(0, np.int64)
        return cls(
            table=empty, disposition_X=np.zeros(0, np.int8), place_X=whole, at_ms_X=whole, newest_ms_X=whole
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What exposures may leave to a served request; ``items`` it returned, as ``ItemCodes`` holds them."""

    request_id: str
    user_id: str
    timestamp_ms: int
    utc_offset_minutes: int
    zone: str | None  # that told the offset, if one did
    items: bytes


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Exposures that were made whole, in order.

    Args:
        exposures: columns as exposures that say it all. place_R: where each stands, its own or that of the
            request it waited for. disposition_R: by its time. row_R: its row among the references of the
            micro-batch, -1 for one that waited.
        waiting: references whose request may still come. orphans: how many were given up.
    """

    exposures: pa.Table
    place_R: npt.NDArray[np.int64]
    disposition_R: Dispositions
    row_R: npt.NDArray[np.int64]
    waiting: pa.Table | None
    orphans: int


class ReferenceJoin:
    """Decides, of the references that waited and those that came, what becomes of each, one after the other.

    Args:
        waiting: those that waited. references: those that came. items: of all requests.
        in_archive_before_ms: what is older is in the archive; None: nothing is.
    """

    def __init__(
        self,
        waiting: pa.Table | None,
        references: AtPlaces,
        items: ItemCodes,
        *,
        in_archive_before_ms: int | None,
    ) -> None:
        self.waited = 0 if waiting is None else waiting.num_rows
        self._references, self._items = references, items
        self._in_archive_before_ms = in_archive_before_ms
        arrived = references.table.append_column(_UNTIL, pa.array(_until_ms(references)))
        self._rows = arrived if waiting is None else pa.concat_tables([waiting, arrived]).combine_chunks()
        self.request_ids = self._rows["request_id"].to_pylist()
        self._item_ids, self._user_ids = (self._rows[name].to_pylist() for name in ("item_id", "user_id"))
        self._own_ms, self._until_ms = (self._rows[name].to_pylist() for name in ("timestamp_ms", _UNTIL))
        self._pending: dict[str, list[int]] = {}
        self._orphans: list[int] = []
        self._resolved: list[tuple[int, int, Disposition]] = []  # row, place, disposition
        self._left: list[tuple[Request, int | None]] = []  # of each: its request, its item's position in it
        for row in range(self.waited):
            self.wait(row)

    def wait(self, row: int) -> None:
        """The request of a row is not there."""
        self._pending.setdefault(self.request_ids[row], []).append(row)

    def waiting_for(self, request_id: str) -> list[int]:
        """The rows that waited for a request, which has come."""
        return self._pending.pop(request_id, [])

    def late(self, row: int, disposition: Disposition, *, place: int) -> None:
        """A row's own time tells that it is not used, whatever its request says."""
        self._resolved.append((row, place, disposition))
        self._left.append((_NOBODYS, None))

    def record_disposition(self, row: int, request: Request, *, place: int, at_ms: int) -> None:
        """The request of a row is there, and the watermark stands at ``at_ms``."""
        own_ms, user_id = self._own_ms[row], self._user_ids[row]
        another_users = user_id is not None and user_id != request.user_id
        position = self._items.place(request.items, self._item_ids[row])
        if self._until_ms[row] < at_ms or another_users or position is None:
            self._orphans.append(row)
            return
        time_ms = request.timestamp_ms if own_ms is None else own_ms
        disposition = Disposition.LATE if time_ms < at_ms else Disposition.USED
        if self._in_archive_before_ms is not None and time_ms < self._in_archive_before_ms:
            disposition = Disposition.IN_ARCHIVE
        self._resolved.append((row, place, disposition))
        self._left.append((request, position))

    def close(self, at_ms: int) -> Resolved:
        """All have come; what nothing can come for any more, the watermark being there, is given up."""
        left = sorted(row for each in self._pending.values() for row in each)
        stays = [row for row in left if self._until_ms[row] >= at_ms]
        orphans = [*self._orphans, *(row for row in left if self._until_ms[row] < at_ms)]
        for row in orphans:
            if row >= self.waited:
                self._references.disposition_X[row - self.waited] = Disposition.ORPHAN
        rows = [row for row, *_ in self._resolved]
        return Resolved(
            exposures=_exposures(self._rows.take(pa.array(rows, pa.int64())), self._left),
            place_R=np.array([place for _, place, _ in self._resolved], np.int64),
            disposition_R=np.array([int(disposition) for *_, disposition in self._resolved], np.int8),
            row_R=np.maximum(np.array(rows, np.int64) - self.waited, -1),
            waiting=self._rows.take(pa.array(stays, pa.int64())) if stays else None,
            orphans=len(orphans),
        )


_NOBODYS = Request(request_id="", user_id="", timestamp_ms=0, utc_offset_minutes=0, zone=None, items=b"")


def still_waiting(waiting: pa.Table, *, at_ms: int) -> pa.Table | None:
    """Those whose request can still come once the watermark is there."""
    stays = waiting.filter(pc.greater_equal(waiting[_UNTIL], at_ms))
    return stays if stays.num_rows else None


def _until_ms(references: AtPlaces) -> Times:
    """Its own time, else the newest before it: what comes later than that is late. Nothing yet: the end."""
    own_ms_X = times_of("references", references.table)
    newest_ms_X = references.newest_ms_X
    newest_ms_X = np.where(newest_ms_X == BEFORE_ALL_MS, AFTER_ALL_MS - 1, newest_ms_X)
    return np.where(own_ms_X == NO_TIME_MS, newest_ms_X, own_ms_X)


def _exposures(rows: pa.Table, left: list[tuple[Request, int | None]]) -> pa.Table:
    """References, with what they leave to their requests, in the columns of exposures that say it all."""
    requests, own_offset = [request for request, _ in left], pc.is_valid(rows["utc_offset_minutes"])
    zone = pc.if_else(own_offset, rows["zone"], pa.array([each.zone for each in requests], pa.string()))
    of_request = {
        "user_id": pa.array([each.user_id for each in requests], pa.string()),
        "timestamp_ms": pa.array([each.timestamp_ms for each in requests], pa.int64()),
        "utc_offset_minutes": pa.array([each.utc_offset_minutes for each in requests], pa.int32()),
        "position": pa.array([position for _, position in left], pa.int32()),
    }
    whole = {name: pc.coalesce(rows[name], values) for name, values in of_request.items()}
    rows = with_columns(rows, whole | {"zone": zone})
    at_ms_R, offset_R = (rows[name].to_numpy() for name in ("timestamp_ms", "utc_offset_minutes"))
    local = {
        "second_of_day": pa.array(seconds_of_day(at_ms_R, offset_R)),
        "day_of_week": pa.array(day_of_week(at_ms_R, offset_R)),
    }
    rows = with_columns(rows, local)
    return rows.drop_columns(["utc_offset_minutes", _UNTIL])
