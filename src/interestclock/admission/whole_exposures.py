"""Exposures of a micro-batch as they are accepted: some came whole, others are made whole by a request."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.acceptance import Acceptance
from interestclock.admission.counters import Counters
from interestclock.admission.dispositions import Disposition, count
from interestclock.admission.erased_users import ErasedUsers
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.open_users import users_of
from interestclock.admission.reference_join import AtPlaces
from interestclock.admission.served_requests import ServedRequests
from interestclock.events.message_tables import no_messages
from interestclock.events.schema import LogSchema

__all__ = ["WholeExposures"]

# Shapes: N exposures of one micro-batch, R those that are made whole, X messages of one kind.

_OF_USERS = ("exposures", "references", "served")  # kinds whose messages say whose they are, and when


class WholeExposures:
    """Joins exposures to what was served where they leave something to it, and has them accepted.

    Args:
        schema: the log's names. requests: that were served. acceptance: of exposures that are whole.
        counters: count what became of messages. erased: who was erased so far.

    Example:
        >>> from interestclock.admission import AdmissionConfig, OpenExposures
        >>> from interestclock.admission.user_hashes import UserHashes
        >>> from interestclock.admission.label_join import LabelJoin
        >>> schema, counters, opened = LogSchema(labels=("like",)), Counters(), OpenExposures(labels=1)
        >>> labels = LabelJoin(schema, opened, counters=counters)
        >>> acceptance = Acceptance(
        ...     schema, config=AdmissionConfig(), exposures=opened, labels=labels, counters=counters)
        >>> exposures = WholeExposures(
        ...     schema, ServedRequests(wait_ms=60_000), acceptance, counters=counters,
        ...     erased=ErasedUsers(UserHashes()))
        >>> accepted, _, place_N = exposures.accept({}, at_ms=0, in_archive_before_ms=None)
        >>> accepted, place_N.tolist()
        (None, [])
    """

    def __init__(
        self,
        schema: LogSchema,
        requests: ServedRequests,
        acceptance: Acceptance,
        *,
        counters: Counters,
        erased: ErasedUsers,
    ) -> None:
        self._requests, self._acceptance, self._counters = requests, acceptance, counters
        self._erased = erased
        self._empty = no_messages(schema)

    def accept(
        self, part: Mapping[str, AtPlaces], *, at_ms: int, in_archive_before_ms: int | None
    ) -> tuple[pa.Table | None, LabelEvents, npt.NDArray[np.int64]]:
        """Exposures that are used, in the order in which they came; their labels and their places.

        Args:
            part: messages by kind, whose dispositions are settled. at_ms: the watermark behind them.
            in_archive_before_ms: what is older is ``IN_ARCHIVE``; None: nothing is.
        """
        for each in (part[kind] for kind in _OF_USERS if kind in part):
            self._erased.mark(users_of(each.table), each.table["timestamp_ms"], each.disposition_X)
        direct = part.get("exposures")
        if "references" not in part and "served" not in part:
            self._counters.orphan_exposures += self._requests.forget(at_ms)
            if direct is None and "items" not in part:
                return None, LabelEvents.none(), np.zeros(0, np.int64)
            direct = direct or AtPlaces.none(self._empty["exposures"])
            accepted, labels = self._acceptance.accept(direct.table, direct.disposition_X)
            return accepted, labels, direct.place_X[direct.disposition_X == Disposition.USED]
        return self._joined(part, at_ms, in_archive_before_ms)

    def _joined(
        self, part: Mapping[str, AtPlaces], at_ms: int, in_archive_before_ms: int | None
    ) -> tuple[pa.Table, LabelEvents, npt.NDArray[np.int64]]:
        direct, references, served = (
            part.get(kind) or AtPlaces.none(self._empty[kind])
            for kind in ("exposures", "references", "served")
        )
        resolved = self._requests.admit(
            served, references, at_ms=at_ms, in_archive_before_ms=in_archive_before_ms
        )
        self._counters.served += count(served.disposition_X, Disposition.USED)
        self._counters.late_served += count(served.disposition_X, Disposition.LATE)
        self._counters.duplicates += count(served.disposition_X, Disposition.DUPLICATE)
        self._counters.in_archive += count(served.disposition_X, Disposition.IN_ARCHIVE)
        self._counters.erased += count(served.disposition_X, Disposition.ERASED)
        self._counters.orphan_exposures += resolved.orphans
        both = pa.concat_tables([direct.table, resolved.exposures.select(direct.table.column_names)])
        place_N = np.concatenate([direct.place_X, resolved.place_R])
        order = np.argsort(place_N, kind="stable")
        disposition_N = np.concatenate([direct.disposition_X, resolved.disposition_R])[order]
        both = both.take(pa.array(order))
        self._erased.mark(both["user_id"], both["timestamp_ms"], disposition_N)  # who is in the request, too
        accepted, labels = self._acceptance.accept(both, disposition_N)
        back_N = np.empty_like(disposition_N)
        back_N[order] = disposition_N
        direct.disposition_X[:] = back_N[: direct.disposition_X.size]
        arrived_R = resolved.row_R >= 0
        references.disposition_X[resolved.row_R[arrived_R]] = back_N[direct.disposition_X.size :][arrived_R]
        return accepted, labels, place_N[order][disposition_N == Disposition.USED]
