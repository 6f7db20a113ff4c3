"""Requests that a service answered, until exposures can refer to them no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import Arrays, table_from_bytes, table_to_bytes
from interestclock.streams.reference_join import AtPlaces, ReferenceJoin, Request, Resolved, still_waiting
from interestclock.streams.verdicts import Verdict

__all__ = ["ServedRequests"]


class ServedRequests:
    """Joins exposures to the request that they were served by, whichever of the two comes first.

    A request can be referred to until the watermark has passed its time by ``wait_ms``. An exposure that
    comes before its request waits until the watermark has passed the exposure's own time, or, where it has
    none, the newest event time at its arrival: what comes later than that is late. Its time is its own, or
    else the request's; by that it is late or not. One whose request never comes, did not return the item, or
    was another user's is an orphan.

    What becomes of each follows from the messages in their order, not from how they are cut into arrivals.

    Args:
        wait_ms: how long after a request exposures may refer to it.
    """

    def __init__(self, *, wait_ms: int) -> None:
        self._wait_ms = wait_ms
        self._requests: dict[str, Request] = {}
        self._ids: deque[tuple[str, int]] = deque()  # in order of arrival, with times
        self._waiting: pa.Table | None = None

    def __len__(self) -> int:
        """Exposures whose request has not come."""
        return 0 if self._waiting is None else self._waiting.num_rows

    def admit(
        self, served: AtPlaces, references: AtPlaces, *, at_ms: int, in_archive_before_ms: int | None
    ) -> Resolved:
        """Take the requests and references of a piece of an arrival, and make exposures whole.

        Args:
            served, references: judged by their own times; verdicts become what they are in the end, of a
                reference that waits or that is handed on ``USED``.
            at_ms: the watermark behind the piece. in_archive_before_ms: what is older is in the archive.
        """
        join = ReferenceJoin(self._waiting, references, in_archive_before_ms=in_archive_before_ms)
        for place, kind, row in _steps(served, references):
            if kind == "served":
                self._serve(join, served, row, place)
            else:
                self._refer(join, references, row, place)
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

    def state(self) -> Arrays:
        """For a checkpoint."""
        alive = [(name, self._requests[name]) for name, ms in self._ids if self._is(name, ms)]
        table = pa.table(
            {
                "request_id": pa.array([name for name, _ in alive], pa.string()),
                "user_id": pa.array([each.user_id for _, each in alive], pa.string()),
                "timestamp_ms": pa.array([each.timestamp_ms for _, each in alive], pa.int64()),
                "utc_offset_minutes": pa.array([each.utc_offset_minutes for _, each in alive], pa.int32()),
                "zone": pa.array([each.zone for _, each in alive], pa.string()),
                "item_ids": pa.array([list(each.positions) for _, each in alive], pa.list_(pa.string())),
            }
        )
        state = {"requests": table_to_bytes(table)}
        return state if self._waiting is None else state | {"waiting": table_to_bytes(self._waiting)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._requests, self._ids = {}, deque()
        for each in table_from_bytes(state["requests"]).to_pylist():
            self._keep(each)
        self._waiting = table_from_bytes(state["waiting"]) if "waiting" in state else None

    def _serve(self, join: ReferenceJoin, served: AtPlaces, row: int, place: int) -> None:
        """A request comes: kept, unless too old or known; those that waited for it are made whole.

        One that is too old because an archive came first is no late one: it stays as it was judged.
        """
        said, at_ms = served.table.slice(row, 1).to_pylist()[0], int(served.at_ms_X[row])
        name = said["request_id"]
        if said["timestamp_ms"] + self._wait_ms < at_ms:
            if served.verdict_X[row] != Verdict.IN_ARCHIVE:
                served.verdict_X[row] = Verdict.LATE
        elif self._alive(name, at_ms) is not None:
            served.verdict_X[row] = Verdict.DUPLICATE
        else:
            served.verdict_X[row] = Verdict.USED
            self._keep(said)
            for each in join.waiting_for(name):
                join.settle(each, self._requests[name], place=place, at_ms=at_ms)

    def _refer(self, join: ReferenceJoin, references: AtPlaces, row: int, place: int) -> None:
        """An exposure comes that leaves something to its request."""
        mine, at_ms, verdict = join.waited + row, int(references.at_ms_X[row]), int(references.verdict_X[row])
        request = self._alive(join.request_ids[mine], at_ms)
        if verdict != Verdict.USED:
            join.late(mine, Verdict(verdict), place=place)
        elif request is None:
            join.wait(mine)
        else:
            join.settle(mine, request, place=place, at_ms=at_ms)

    def _keep(self, said: Mapping[str, Any]) -> None:
        name, timestamp_ms = said["request_id"], said["timestamp_ms"]
        self._ids.append((name, timestamp_ms))
        self._requests[name] = Request(
            user_id=said["user_id"],
            timestamp_ms=timestamp_ms,
            utc_offset_minutes=said["utc_offset_minutes"],
            zone=said["zone"],
            positions={item: place for place, item in enumerate(said["item_ids"])},
        )

    def _alive(self, name: str, at_ms: int) -> Request | None:
        request = self._requests.get(name)
        return request if request is not None and request.timestamp_ms + self._wait_ms >= at_ms else None

    def _is(self, name: str, timestamp_ms: int) -> bool:
        """Whether a request is still the one that had this time: its id may have come again since."""
        return name in self._requests and self._requests[name].timestamp_ms == timestamp_ms

    def _forget_requests(self, at_ms: int) -> None:
        while self._ids and self._ids[0][1] + self._wait_ms < at_ms:
            name, timestamp_ms = self._ids.popleft()
            if self._is(name, timestamp_ms):
                del self._requests[name]


def _steps(served: AtPlaces, references: AtPlaces) -> list[tuple[int, str, int]]:
    """Place, kind and row of each message, in order."""
    steps = [(place, "served", row) for row, place in enumerate(served.place_X.tolist())]
    steps += [(place, "references", row) for row, place in enumerate(references.place_X.tolist())]
    return sorted(steps)
