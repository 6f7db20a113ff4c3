"""Requests that a service answered, until exposures can refer to them no more."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.dispositions import Disposition
from interestclock.admission.erased_users import Erasures
from interestclock.admission.item_codes import ItemCodes
from interestclock.admission.reference_join import AtPlaces, ReferenceJoin, Request, Resolved, still_waiting
from interestclock.arrays import Arrays, table_from_bytes, table_to_bytes

__all__ = ["ServedRequests"]

_GIVEN = ("request_id", "user_id", "timestamp_ms", "utc_offset_minutes", "zone")
_AT_ONCE = 1_024  # requests whose item ids are spelled out while a checkpoint is read


class ServedRequests:
    """Joins exposures to the request that they were served by, whichever of the two comes first.

    A request can be referred to until the watermark has passed its time by ``wait_ms``. An exposure that
    comes before its request waits until the watermark has passed the exposure's own time, or, where it has
    none, the newest event time at its arrival: what comes later than that is late. Its time is its own, or
    else the request's; by that it is late or not. One whose request never comes, did not return the item, or
    was another user's is an orphan.

    What becomes of each follows from the messages in their order, not from how they are batched.

    Args:
        wait_ms: how long after a request exposures may refer to it.
    """

    def __init__(self, *, wait_ms: int) -> None:
        self._wait_ms = wait_ms
        self._items = ItemCodes()
        self._requests: dict[str, Request] = {}
        self._held: deque[Request] = deque()  # in order of arrival; one whose id came again, too
        self._waiting: pa.Table | None = None

    def __len__(self) -> int:
        """Exposures whose request has not come."""
        return 0 if self._waiting is None else self._waiting.num_rows

    def admit(
        self, served: AtPlaces, references: AtPlaces, *, at_ms: int, in_archive_before_ms: int | None
    ) -> Resolved:
        """Take the requests and references of a piece of a micro-batch, and make exposures whole.

        Args:
            served, references: judged by their own times; dispositions become what they are in the end, of a
                reference that waits or that is handed on ``USED``.
            at_ms: the watermark behind the piece. in_archive_before_ms: what is older is in the archive.
        """
        join = ReferenceJoin(
            self._waiting, references, self._items, in_archive_before_ms=in_archive_before_ms
        )
        fields = served.table.select(_GIVEN).to_pylist()
        returned = _Returned(served.table, self._items)
        for place, kind, row in _steps(served, references):
            if kind == "served":
                if self._is_used(served, row, fields[row]):
                    self._keep(fields[row], returned.held(row))
                    self._record_dispositions(
                        join, fields[row]["request_id"], place, int(served.at_ms_X[row])
                    )
            else:
                self._refer(join, references, row, place)
        returned.close()
        resolved = join.close(at_ms)
        self._waiting = resolved.waiting
        self._forget_requests(at_ms)
        return resolved

    def forget(self, at_ms: int) -> int:
        """The watermark moved, and nothing came: gives how many exposures are given up."""
        self._forget_requests(at_ms)
        before = len(self)
        if self._waiting is not None:
            self._waiting = still_waiting(self._waiting, at_ms=at_ms)
        return before - len(self)

    def erase(self, erasures: Erasures) -> int:
        """Forget users' requests and exposures that wait for one; gives how many of these were theirs."""
        mine = erasures.among(pa.array([each.user_id for each in self._held], pa.string())).tolist()
        for request, gone in zip(self._held, mine, strict=True):
            if gone:
                self._let_go(request)
        self._held = deque(each for each, gone in zip(self._held, mine, strict=True) if not gone)
        before = len(self)
        if self._waiting is not None:
            stays = self._waiting.filter(pa.array(~erasures.among(self._waiting["user_id"])))
            self._waiting = stays if stays.num_rows else None
        return before - len(self)

    def state(self) -> Arrays:
        """For a checkpoint."""
        alive = [each for each in self._held if self._requests.get(each.request_id) is each]
        fields = {name: [getattr(each, name) for each in alive] for name in _GIVEN}
        table = pa.table(
            {
                "request_id": pa.array(fields["request_id"], pa.string()),
                "user_id": pa.array(fields["user_id"], pa.string()),
                "timestamp_ms": pa.array(fields["timestamp_ms"], pa.int64()),
                "utc_offset_minutes": pa.array(fields["utc_offset_minutes"], pa.int32()),
                "zone": pa.array(fields["zone"], pa.string()),
                "item_ids": self._items.lists([each.items for each in alive]),
            }
        )
        state = {"requests": table_to_bytes(table)}
        return state if self._waiting is None else state | {"waiting": table_to_bytes(self._waiting)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._items, self._requests, self._held = ItemCodes(), {}, deque()
        table = table_from_bytes(state["requests"])
        for first in range(0, table.num_rows, _AT_ONCE):
            part = table.slice(first, _AT_ONCE)
            returned = _Returned(part, self._items)
            for row, fields in enumerate(part.select(_GIVEN).to_pylist()):
                self._keep(fields, returned.held(row))
            returned.close()
        self._waiting = table_from_bytes(state["waiting"]) if "waiting" in state else None

    def _is_used(self, served: AtPlaces, row: int, fields: Mapping[str, Any]) -> bool:
        """A request comes: used, unless too old or known.

        One that is too old because an archive came first is no late one: it stays as it was judged.
        """
        at_ms = int(served.at_ms_X[row])
        if served.disposition_X[row] == Disposition.ERASED:
            return False
        if fields["timestamp_ms"] + self._wait_ms < at_ms:
            disposition = Disposition(int(served.disposition_X[row]))
            disposition = disposition if disposition == Disposition.IN_ARCHIVE else Disposition.LATE
        elif self._alive(fields["request_id"], at_ms) is not None:
            disposition = Disposition.DUPLICATE
        else:
            disposition = Disposition.USED
        served.disposition_X[row] = disposition
        return disposition == Disposition.USED

    def _record_dispositions(self, join: ReferenceJoin, name: str, place: int, at_ms: int) -> None:
        """A request is there: those that waited for it are made whole."""
        for each in join.waiting_for(name):
            join.record_disposition(each, self._requests[name], place=place, at_ms=at_ms)

    def _refer(self, join: ReferenceJoin, references: AtPlaces, row: int, place: int) -> None:
        """An exposure comes that leaves something to its request."""
        mine, at_ms, disposition = (
            join.waited + row,
            int(references.at_ms_X[row]),
            int(references.disposition_X[row]),
        )
        request = self._alive(join.request_ids[mine], at_ms)
        if disposition != Disposition.USED:
            join.late(mine, Disposition(disposition), place=place)
        elif request is None:
            join.wait(mine)
        else:
            join.record_disposition(mine, request, place=place, at_ms=at_ms)

    def _keep(self, fields: Mapping[str, Any], items: bytes) -> None:
        zone = fields["zone"]
        request = Request(
            request_id=fields["request_id"],
            user_id=fields["user_id"],
            timestamp_ms=fields["timestamp_ms"],
            utc_offset_minutes=fields["utc_offset_minutes"],
            zone=None if zone is None else sys.intern(zone),  # one of few
            items=items,
        )
        self._held.append(request)
        self._requests[request.request_id] = request

    def _alive(self, name: str, at_ms: int) -> Request | None:
        request = self._requests.get(name)
        return request if request is not None and request.timestamp_ms + self._wait_ms >= at_ms else None

    def _forget_requests(self, at_ms: int) -> None:
        while self._held and self._held[0].timestamp_ms + self._wait_ms < at_ms:
            self._let_go(self._held.popleft())

    def _let_go(self, request: Request) -> None:
        self._items.give_back(request.items)
        if self._requests.get(request.request_id) is request:  # else its id has come again since
            del self._requests[request.request_id]


class _Returned:
    """The item ids of a table's requests, each id looked up once; held until ``close``."""

    def __init__(self, table: pa.Table, items: ItemCodes) -> None:
        lists = table["item_ids"].combine_chunks()
        named = lists.flatten().dictionary_encode()
        self._items, self._distinct = items, items.acquire(named.dictionary.to_pylist())
        self._code_I = np.frombuffer(self._distinct, np.int32)[named.indices.to_numpy()]
        self._stop_X = np.cumsum([0, *lists.value_lengths().to_pylist()])

    def held(self, row: int) -> bytes:
        """Those of a request, held by themselves from now on."""
        return self._items.hold(self._code_I[self._stop_X[row] : self._stop_X[row + 1]])

    def close(self) -> None:
        self._items.give_back(self._distinct)


def _steps(served: AtPlaces, references: AtPlaces) -> list[tuple[int, str, int]]:
    """Place, kind and row of each message, in order."""
    steps = [(place, "served", row) for row, place in enumerate(served.place_X.tolist())]
    steps += [(place, "references", row) for row, place in enumerate(references.place_X.tolist())]
    return sorted(steps)
