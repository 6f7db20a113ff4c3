"""Admission: which events count, each once, and what belongs to what; decided as they come, and once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.acceptance import Acceptance
from interestclock.admission.admitted import Admitted
from interestclock.admission.clocks_ahead import bounded, too_far_ahead, with_ahead
from interestclock.admission.config import AdmissionConfig
from interestclock.admission.counters import Counters
from interestclock.admission.early_messages import NewExposures
from interestclock.admission.erased_users import ErasedUsers, Erasures
from interestclock.admission.judged import Dispositions, Judged, Tables
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.label_join import LabelJoin
from interestclock.admission.open_exposures import OpenExposures
from interestclock.admission.pieces import items_among, part_of
from interestclock.admission.reference_join import AtPlaces
from interestclock.admission.served_requests import ServedRequests
from interestclock.admission.user_hashes import UserHashes
from interestclock.admission.watermark import Watermark
from interestclock.admission.whole_exposures import WholeExposures
from interestclock.arrays import below, under
from interestclock.events.schema import LogSchema
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["EventBuffer"]

# Shapes: N exposures of one micro-batch, X messages of one kind, T messages of all kinds.

_NONE: Dispositions = np.zeros(0, np.int8)


class EventBuffer:
    """Takes messages in any order within the lateness, and says what is used of them.

    The *watermark* is the newest event time so far, less the lateness; of several partitions, that of the one
    that is furthest behind (see ``Watermark``). What is older when it arrives is late: counted, never used,
    so that what was said of a moment stays true. A label is used if it was known within the wait after its
    exposure and arrived before the watermark passed that moment; one that comes before its exposure waits for
    it as long. A second exposure of one ``event_id`` is a duplicate, and so is a second label of one name for
    it; ids are remembered until the wait and the lateness are over. Outcomes are held to the same rules, and
    labels that are made of them follow from the last of them (see ``DerivedLabels``). An exposure that leaves
    who and when to its served request is joined to it first (see ``ServedRequests``). An item message holds
    from its moment on, but not for exposures that are older than something that came before it.

    No label and no outcome was known later than it arrived: a producer's clock that runs ahead is bounded by
    the time at which the message is polled (or the newest event before it, where all clocks are ahead), and
    how far it was ahead is counted. What lies too far ahead of that moment is set aside: one such event would
    put all others behind the watermark. An event no further ahead of the newest before it is let pass all the
    same, so that a clock on the wall that is set back stops nothing. None of the rest depends on how the
    stream was batched, but for the order of arrival itself, as long as an ``event_id`` is not used
    again after it was forgotten. (Whether a label that comes long after the wait is late, or an orphan since
    its exposure is forgotten, does follow from the batches; it is not used either way.)

    Where an *archive* comes first, its messages have no time at which they were polled, and the first
    message or tick that has one begins the stream: from then on the archive's partitions are not waited for,
    and what lies before the moment at which the stream takes over is counted as being in the archive, not as
    late. From that moment on, a message that the archive has is a duplicate.

    An erasure takes all that came of its user before it, and of what comes behind it what is of moments until
    its time.

    Args:
        schema: the log's names. config: how long to wait.
        hashes: of users who are erased; None: of a stream that nobody goes on from.

    Example:
        >>> buffer = EventBuffer(
        ...     LogSchema(labels=("finish",)), config=AdmissionConfig(label_wait_ms=60_000))
        >>> exposures = pa.table({
        ...     "event_id": ["a", "a", "b"], "timestamp_ms": [1_000, 1_000, 9_000], "arrival": [0, 1, 2],
        ...     "label.finish": pa.nulls(3, pa.int8()), "known_ms.finish": pa.nulls(3, pa.int64())})
        >>> labels = pa.table({
        ...     "event_id": ["a"], "label": ["finish"], "value": [1], "known_ms": [9_000], "arrival": [3]})
        >>> (admitted,) = buffer.admit({"exposures": exposures, "labels": labels})
        >>> admitted.exposures["event_id"].to_pylist(), admitted.labels.serial_E.tolist()
        (['a', 'b'], [0])
        >>> buffer.counters.duplicates, admitted.watermark_ms
        (1, 9000)
        >>> from interestclock.admission import Disposition
        >>> used, duplicate = Disposition.USED, Disposition.DUPLICATE
        >>> buffer.dispositions["exposures"].tolist() == [used, duplicate, used]
        True
    """

    def __init__(
        self, schema: LogSchema, *, config: AdmissionConfig, hashes: UserHashes | None = None
    ) -> None:
        self.schema, self.config = schema, config
        self.counters = Counters()
        self.active_partitions: tuple[str, ...] = ()  # partitions of the messages last taken
        self.dispositions: dict[str, Dispositions] = {}  # of each of these, by kind and row; see ``admit``
        self.erased = ErasedUsers(hashes or UserHashes())
        self._exposures = OpenExposures(labels=len(schema.labels))
        self._labels = LabelJoin(schema, self._exposures, counters=self.counters)
        self._acceptance = Acceptance(
            schema, config=config, exposures=self._exposures, labels=self._labels, counters=self.counters
        )
        self._requests = ServedRequests(wait_ms=config.request_wait_ms)
        self._whole = WholeExposures(
            schema, self._requests, self._acceptance, counters=self.counters, erased=self.erased
        )
        self._watermark = Watermark(lateness_ms=config.lateness_ms)
        self._first_arrival = 0  # of the messages last taken, among all that ever came
        self._in_archive_before_ms: int | None = None  # None: there is no archive, or it has not ended

    @property
    def watermark_ms(self) -> int:
        """No exposure and no label of an earlier moment is used any more."""
        return self._watermark.at_ms

    @property
    def newest_ms(self) -> int:
        """The newest event time so far, of all partitions."""
        return self._watermark.newest_ms

    @property
    def waiting(self) -> int:
        """Labels and outcomes whose exposure, and exposures whose request has not come."""
        return len(self._requests) + self._labels.waiting

    @property
    def disagreeing(self) -> int:
        """Of the duplicates, exposures that gave labels which neither the first nor a label message has."""
        return self._acceptance.disagreeing

    @disagreeing.setter
    def disagreeing(self, count: int) -> None:
        self._acceptance.disagreeing = count

    def admit(self, tables: Tables, *, bad: int = 0, polled_ms: int | None = None) -> list[Admitted]:
        """Admit one micro-batch.

        Args:
            tables: kind -> messages, as ``MicroBatch`` has them; a kind that is left out has none.
            bad: how many messages were unreadable. polled_ms: when, UTC milliseconds; None: long after.

        Returns:
            What is used, in order; a midnight (UTC) that the watermark passes cuts it in two. The
            ``Disposition`` of each row then stands in ``dispositions``. What waits for its exposure or its
            request is ``USED``, whatever becomes of it: that follows from what comes later.
        """
        if polled_ms is not None:
            self._begin_stream()
        self._first_arrival = self.counters.received
        self.counters.received += bad + sum(table.num_rows for table in tables.values())
        self.counters.dead_letters += bad
        self.dispositions, self.active_partitions = dict.fromkeys(tables, _NONE), ()
        some = {kind: table for kind, table in tables.items() if table.num_rows}
        if not some:
            return []
        if polled_ms is None:
            return self._admit_those(some)
        times = {"polled_ms": polled_ms, "newest_ms": self.newest_ms}
        newest_ms = max(times.values())
        ahead = too_far_ahead(some, newest_ms=newest_ms, ahead_ms=self.config.ahead_ms)
        if ahead is None:
            return self._admit_those(bounded(some, **times, counters=self.counters))
        self.counters.ahead += sum(int(each.sum()) for each in ahead.values())
        those = {kind: each.filter(pa.array(~ahead[kind])) for kind, each in some.items()}
        pieces = self._admit_those(bounded(those, **times, counters=self.counters))
        for kind, ahead_X in ahead.items():
            self.dispositions[kind] = with_ahead(ahead_X, self.dispositions[kind])
        return pieces

    def tick(self, *, awaited: Iterable[str], polled_ms: int) -> list[Admitted]:
        """Nothing came for a while: wait for these partitions alone, as ``Watermark.tick`` does.

        Args:
            awaited: partitions that may bring something of earlier moments; none, where the stream is quiet.
            polled_ms: when, UTC milliseconds.
        """
        self._begin_stream()
        self._watermark.tick(awaited=awaited, polled_ms=polled_ms)
        return [self._nothing_more()]

    def erase(self, until_ms: Mapping[bytes, int]) -> list[Admitted]:
        """Users who were erased elsewhere, or before what is gone on from: they are here, too.

        Args:
            until_ms: by their hashes, UTC milliseconds.
        """
        erasures = self.erased.note_hashes(until_ms)
        self._forget(erasures)
        at_ms, none = min(self.watermark_ms, self._watermark.reached_ms), LabelEvents.none()
        if at_ms == BEFORE_ALL_MS:
            return []  # nothing came, and nobody is known
        # It must pass no midnight: behind the end of a log the watermark is behind all time.
        return [Admitted(exposures=None, labels=none, items=None, watermark_ms=at_ms, erasures=erasures)]

    def end(self) -> list[Admitted]:
        """The stream is over."""
        self._watermark.end()
        return [self._nothing_more()]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        state = self._acceptance.state() | self._labels.state()
        state |= under("watermark", self._watermark.state()) | under("exposures", self._exposures.state())
        state |= under("counters", self.counters.state()) | under("requests", self._requests.state())
        state |= under("erased", self.erased.state())
        if self._in_archive_before_ms is not None:
            state["in_archive_before_ms"] = np.array(self._in_archive_before_ms)
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._acceptance.restore(state)
        self._labels.restore(state)
        self._watermark.restore(below("watermark", state))
        self._exposures.restore(below("exposures", state))
        self._requests.restore(below("requests", state))
        self.counters.restore(below("counters", state))
        self.erased.restore(below("erased", state))
        before_ms = state.get("in_archive_before_ms")
        self._in_archive_before_ms = None if before_ms is None else int(before_ms)

    def _begin_stream(self) -> None:
        """Once, where an archive came first: it has ended here, and this decides what it leaves."""
        if self.config.archive_first and self._in_archive_before_ms is None:
            from_ms = self.config.then_from_ms
            self._in_archive_before_ms = self.watermark_ms if from_ms is None else from_ms
            self._watermark.let_all_go()

    def _admit_those(self, tables: Tables) -> list[Admitted]:
        tables = {kind: table for kind, table in tables.items() if table.num_rows}
        if not tables:
            return []
        before_ms = self.watermark_ms
        judged = Judged.of(tables, self._watermark, in_archive_before_ms=self._in_archive_before_ms)
        self.active_partitions = judged.active_partitions
        self.dispositions |= judged.dispositions
        return [self._admit_piece(tables, judged, piece) for piece in judged.pieces(before_ms)]

    def _admit_piece(self, tables: Tables, judged: Judged, piece: slice) -> Admitted:
        """Admit what lies between two midnights; its dispositions become what they are in the end."""
        at_ms = int(judged.at_ms_T[piece.stop - 1])
        arrival, waits = self._first_arrival, self._labels.may_wait
        part = {
            kind: part_of(kind, table, judged, piece, first_arrival=arrival if waits(kind) else None)
            for kind, table in tables.items()
        }
        erasures = self._erase(part.get("erasures"))
        first_serial = self._exposures.stop
        accepted, labels, place_N = self._whole.accept(
            part, at_ms=at_ms, in_archive_before_ms=self._in_archive_before_ms
        )
        awaited = accepted if self._labels.waiting else None  # what may have been waited for
        new = NewExposures(
            first_serial=first_serial,
            event_ids=[] if awaited is None else awaited["event_id"].to_pylist(),
            place_N=place_N,
            at_ms_N=judged.at_ms_T[place_N],
        )
        labels = labels.joined(self._labels.join(part, self._acceptance.serial_of, new, at_ms=at_ms))
        self._acceptance.compare()
        for kind, each in part.items():
            mine_X = judged.within(kind, piece)
            judged.dispositions[kind][... if mine_X is None else mine_X] = each.disposition_X
        self._acceptance.forget(known_before_ms=at_ms - self.config.lateness_ms)
        items = part.get("items")
        self.counters.items += 0 if items is None else items.table.num_rows
        return Admitted(
            exposures=accepted,
            labels=labels,
            items=None if items is None else items_among(items, place_N, first_serial=first_serial),
            watermark_ms=at_ms,
            erasures=erasures,
        )

    def _erase(self, messages: AtPlaces | None) -> Erasures | None:
        """Erasures that begin a piece: what waits of their users goes, before all else of the piece comes."""
        if messages is None or not messages.table.num_rows:
            return None
        erasures = self.erased.admit(messages.table, messages.disposition_X, counters=self.counters)
        self._forget(erasures)
        return erasures

    def _forget(self, erasures: Erasures) -> None:
        self.counters.erased += self._requests.erase(erasures)
        self._acceptance.erase(erasures)

    def _nothing_more(self) -> Admitted:
        """The watermark moved, and nothing came with it: what nothing can come for is given up."""
        at_ms = self.watermark_ms
        self._labels.drop(at_ms=at_ms)
        self.counters.orphan_exposures += self._requests.forget(at_ms)
        self._acceptance.forget(known_before_ms=at_ms - self.config.lateness_ms)
        return Admitted(exposures=None, labels=LabelEvents.none(), items=None, watermark_ms=at_ms)
