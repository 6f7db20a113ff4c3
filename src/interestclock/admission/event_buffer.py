"""Admission: which events count, each once, and what belongs to what; decided as they come, and once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.admitted import Admitted
from interestclock.admission.config import AdmissionConfig
from interestclock.admission.counters import Counters
from interestclock.admission.derived_labels import DerivedLabels, MadeLabels
from interestclock.admission.early_messages import EarlyMessages, Found, NewExposures
from interestclock.admission.judged import (
    Judged,
    Tables,
    Verdicts,
    arrival_ms,
    by_kind,
    in_order,
    known_times,
    times_of,
    whole,
)
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.open_exposures import OPEN, OpenExposures
from interestclock.admission.reference_join import AtPlaces
from interestclock.admission.served_requests import ServedRequests
from interestclock.admission.verdicts import Verdict
from interestclock.admission.watermark import Watermark
from interestclock.arrays import (
    below,
    table_from_bytes,
    table_to_bytes,
    texts_as_arrays,
    texts_in,
    under,
    with_columns,
)
from interestclock.events.message_tables import OF_A_LOG, no_messages
from interestclock.events.schema import LogSchema

__all__ = ["EventBuffer"]

# Shapes: N exposures of one arrival, E labels or outcomes of one arrival, X messages of one kind.

_NONE: Verdicts = np.zeros(0, np.int8)


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
    the moment at which the message is taken (or the newest event before it, where all clocks are ahead), and
    how far it was ahead is counted. What lies too far ahead of that moment is set aside: one such event would
    put all others behind the watermark. An event no further ahead of the newest before it is let pass all the
    same, so that a clock on the wall that is set back stops nothing. None of the rest depends on how the
    stream was cut into arrivals, but for the order of arrival itself, as long as an ``event_id`` is not used
    again after it was forgotten. (Whether a label that comes long after the wait is late, or an orphan since
    its exposure is forgotten, does follow from the cuts; it is not used either way.)

    Where an *archive* comes first, its messages have no moment at which they were taken, and the first
    message or tick that has one begins the stream: from then on the archive's partitions are not waited for,
    and what lies before the moment at which the stream takes over is counted as being in the archive, not as
    late. From that moment on, a message that the archive has is a duplicate.

    Args:
        schema: the log's names. config: how long to wait.

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
        >>> buffer.verdicts["exposures"].tolist() == [Verdict.USED, Verdict.DUPLICATE, Verdict.USED]
        True
    """

    def __init__(self, schema: LogSchema, *, config: AdmissionConfig) -> None:
        self.schema, self.config = schema, config
        self.counters = Counters()
        self.active_partitions: tuple[str, ...] = ()  # partitions of the messages last taken
        self.verdicts: dict[str, Verdicts] = {}  # of each of these, by kind and row; see ``admit``
        self._exposures = OpenExposures(labels=len(schema.labels))
        self._derived = DerivedLabels(schema)
        self._requests = ServedRequests(wait_ms=config.request_wait_ms)
        self._watermark = Watermark(lateness_ms=config.lateness_ms)
        self._serial_of: dict[str, int] = {}
        self._ids: deque[str] = deque()  # of the serial numbers from _first_id on
        self._first_id = 0
        self._first_arrival = 0  # of the messages last taken, among all that ever came
        self._early = {kind: EarlyMessages() for kind in ("labels", "outcomes")}  # wait for their exposure
        self._in_archive_before_ms: int | None = None  # None: there is no archive, or it has not ended
        self._empty = no_messages(schema)

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
        return len(self._requests) + sum(len(each) for each in self._early.values())

    def admit(self, tables: Tables, *, bad: int = 0, taken_ms: int | None = None) -> list[Admitted]:
        """Take one arrival.

        Args:
            tables: kind -> messages, as ``MicroBatch`` has them; a kind that is left out has none.
            bad: how many messages were unreadable. taken_ms: when, UTC milliseconds; None: long after.

        Returns:
            What is used, in order; a midnight (UTC) that the watermark passes cuts it in two. The ``Verdict``
            of each row then stands in ``verdicts``. What waits for its exposure or its request is ``USED``,
            whatever becomes of it: that follows from what comes later.
        """
        if taken_ms is not None:
            self._begin_stream()
        self._first_arrival = self.counters.received
        self.counters.received += bad + sum(table.num_rows for table in tables.values())
        self.counters.dead_letters += bad
        self.verdicts, self.active_partitions = dict.fromkeys(tables, _NONE), ()
        some = {kind: table for kind, table in tables.items() if table.num_rows}
        if not some:
            return []
        if taken_ms is None:
            return self._admit_those(some)
        ahead = self._ahead(some, taken_ms)
        if ahead is None:
            return self._admit_those(self._bounded(some, taken_ms))
        those = {kind: each.filter(pa.array(~ahead[kind])) for kind, each in some.items()}
        pieces = self._admit_those(self._bounded(those, taken_ms))
        for kind, ahead_X in ahead.items():
            self.verdicts[kind] = _with_ahead(ahead_X, self.verdicts[kind])
        return pieces

    def tick(self, *, awaited: Iterable[str], taken_ms: int) -> list[Admitted]:
        """Nothing came for a while: wait for these partitions alone, as ``Watermark.tick`` does.

        Args:
            awaited: partitions that may bring something of earlier moments; none, where the stream is quiet.
            taken_ms: when, UTC milliseconds.
        """
        self._begin_stream()
        self._watermark.tick(awaited=awaited, taken_ms=taken_ms)
        return [self._nothing_more()]

    def end(self) -> list[Admitted]:
        """The stream is over."""
        self._watermark.end()
        return [self._nothing_more()]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        state: dict[str, npt.NDArray[Any]] = {"first_id": np.array(self._first_id)}
        state |= under("watermark", self._watermark.state()) | under("exposures", self._exposures.state())
        state |= under("accounts", self.counters.state())
        state |= under("ids", texts_as_arrays(list(self._ids)))
        state |= under("derived", self._derived.state()) | under("requests", self._requests.state())
        if self._in_archive_before_ms is not None:
            state["in_archive_before_ms"] = np.array(self._in_archive_before_ms)
        for kind, early in self._early.items():
            if (waiting := early.table) is not None:
                state[f"early/{kind}"] = table_to_bytes(waiting)
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._first_id = int(state["first_id"])
        self._watermark.restore(below("watermark", state))
        self._exposures.restore(below("exposures", state))
        self._derived.restore(below("derived", state))
        self._requests.restore(below("requests", state))
        self.counters.restore(below("accounts", state))
        for kind, early in self._early.items():
            early.table = table_from_bytes(state[f"early/{kind}"]) if f"early/{kind}" in state else None
        before_ms = state.get("in_archive_before_ms")
        self._in_archive_before_ms = None if before_ms is None else int(before_ms)
        self._ids = deque(texts_in(below("ids", state)).to_pylist())
        self._serial_of = {event_id: self._first_id + place for place, event_id in enumerate(self._ids)}

    def _begin_stream(self) -> None:
        """Once, where an archive came first: it has ended here, and this decides what it leaves."""
        if self.config.archive_first and self._in_archive_before_ms is None:
            from_ms = self.config.then_from_ms
            self._in_archive_before_ms = self.watermark_ms if from_ms is None else from_ms
            self._watermark.let_all_go()

    def _bounded(self, tables: Tables, taken_ms: int) -> Tables:
        """Nothing was known later than it arrived, or than what came before it happened if that is later."""
        names = {
            kind: [each for each in table.column_names if _says_when_known(each)]
            for kind, table in tables.items()
        }
        latest = [pc.max(tables[kind][name]).as_py() for kind, those in names.items() for name in those]
        if all(each is None or each <= taken_ms for each in latest):
            return tables  # as nearly always
        most_ms = arrival_ms(tables, newest_ms=max(taken_ms, self.newest_ms))
        return {
            kind: with_columns(
                table, {name: self._bound(table[name], most_ms[kind], taken_ms) for name in names[kind]}
            )
            for kind, table in tables.items()
        }

    def _bound(self, known_ms: pa.ChunkedArray, most_ms_X: npt.NDArray[np.int64], taken_ms: int) -> pa.Array:
        """When things were known, at most then; counts what is said to be later than it was taken."""
        stated_ms_X, counters = known_ms.fill_null(taken_ms).to_numpy(), self.counters
        ahead_ms_X = stated_ms_X - taken_ms
        counters.known_ahead += int(np.count_nonzero(ahead_ms_X > 0))
        counters.known_ahead_most_ms = max(counters.known_ahead_most_ms, int(ahead_ms_X.max(initial=0)))
        return pa.array(np.minimum(stated_ms_X, most_ms_X), mask=np.asarray(pc.is_null(known_ms)))

    def _ahead(self, tables: Tables, taken_ms: int) -> dict[str, npt.NDArray[np.bool_]] | None:
        """What lies too far ahead of the clock, and of the newest event before it as well; None: nothing."""
        newest_ms, ahead_ms = max(taken_ms, self.newest_ms), self.config.ahead_ms
        if all(times_of(kind, table).max() <= newest_ms + ahead_ms for kind, table in tables.items()):
            return None  # as nearly always: no look at each
        times, order = in_order(tables)
        ahead, known = np.zeros(times.size, np.bool_), known_times(tables)
        for place in order.tolist():
            ahead[place] = times[place] > newest_ms + ahead_ms
            if not ahead[place] and not known[place]:  # what was known is bounded, and moves it no further
                newest_ms = max(newest_ms, int(times[place]))
        self.counters.ahead += int(ahead.sum())
        return by_kind(tables, ahead)

    def _admit_those(self, tables: Tables) -> list[Admitted]:
        tables = {kind: table for kind, table in tables.items() if table.num_rows}
        if not tables:
            return []
        before_ms = self.watermark_ms
        judged = Judged.of(tables, self._watermark, in_archive_before_ms=self._in_archive_before_ms)
        self.active_partitions = judged.active_partitions
        self.verdicts |= judged.verdicts
        return [self._admit_piece(tables, judged, piece) for piece in judged.pieces(before_ms)]

    def _admit_piece(self, tables: Tables, judged: Judged, piece: slice) -> Admitted:
        """Admit what lies between two midnights; its verdicts become what they are in the end."""
        at_ms = int(judged.at_ms_M[piece.stop - 1])
        part = {kind: self._part(kind, table, judged, piece) for kind, table in tables.items()}
        first_serial = self._exposures.stop
        accepted, labels, place_N = self._exposures_of(part, at_ms)
        some_wait = any(len(each) for each in self._early.values())
        new = NewExposures(
            first_serial=first_serial,
            event_ids=accepted["event_id"].to_pylist() if accepted is not None and some_wait else [],
            place_N=place_N,
            at_ms_N=judged.at_ms_M[place_N],
        )
        made = self._join_outcomes(part.get("outcomes"), new, at_ms)
        labels = labels.joined(self._join_labels(part.get("labels"), made, new, at_ms))
        for kind, each in part.items():
            mine_X = judged.within(kind, piece)
            judged.verdicts[kind][... if mine_X is None else mine_X] = each.verdict_X
        self._forget_ids(at_ms)
        return Admitted(
            exposures=accepted,
            labels=labels,
            items=self._items(part.get("items"), first_serial, place_N),
            watermark_ms=at_ms,
        )

    def _part(self, kind: str, table: pa.Table, judged: Judged, piece: slice) -> AtPlaces:
        """The messages of a kind in a piece; what may wait, with its place among all that ever came."""
        mine_X = judged.within(kind, piece)
        verdict_X, place_X = judged.verdicts[kind], judged.places[kind]
        table = table.drop_columns(["partition"]) if "partition" in table.column_names else table
        if kind in self._early:
            arrival_X = pa.array(whole(table, "arrival") + self._first_arrival)
            table = with_columns(table, {"arrival": arrival_X})
        if mine_X is not None:
            table, verdict_X, place_X = table.filter(pa.array(mine_X)), verdict_X[mine_X], place_X[mine_X]
        return AtPlaces(
            table=table,
            verdict_X=verdict_X,
            place_X=place_X,
            at_ms_X=judged.at_ms_M[place_X],
            newest_ms_X=judged.newest_ms_M[place_X],
        )

    def _exposures_of(
        self, part: dict[str, AtPlaces], at_ms: int
    ) -> tuple[pa.Table | None, LabelEvents, npt.NDArray[np.int64]]:
        """Exposures that are used, some made whole by served requests; their labels and their places."""
        direct, references = part.get("exposures"), part.get("references")
        if references is None and "served" not in part:
            self.counters.orphan_exposures += self._requests.forget(at_ms)
            if direct is None and "items" not in part:
                return None, LabelEvents.none(), np.zeros(0, np.int64)
            direct = direct or AtPlaces.none(self._empty["exposures"])
            accepted, labels = self._accept(direct.table, direct.verdict_X)
            return accepted, labels, direct.place_X[direct.verdict_X == Verdict.USED]
        direct, references, served = (
            part.get(kind) or AtPlaces.none(self._empty[kind])
            for kind in ("exposures", "references", "served")
        )
        resolved = self._requests.admit(
            served, references, at_ms=at_ms, in_archive_before_ms=self._in_archive_before_ms
        )
        self.counters.served += _count(served.verdict_X, Verdict.USED)
        self.counters.late_served += _count(served.verdict_X, Verdict.LATE)
        self.counters.duplicates += _count(served.verdict_X, Verdict.DUPLICATE)
        self.counters.in_archive += _count(served.verdict_X, Verdict.IN_ARCHIVE)
        self.counters.orphan_exposures += resolved.orphans
        both = pa.concat_tables([direct.table, resolved.exposures.select(direct.table.column_names)])
        place_N = np.concatenate([direct.place_X, resolved.place_R])
        order = np.argsort(place_N, kind="stable")
        verdict_N = np.concatenate([direct.verdict_X, resolved.verdict_R])[order]
        accepted, labels = self._accept(both.take(pa.array(order)), verdict_N)
        back_N = np.empty_like(verdict_N)
        back_N[order] = verdict_N
        direct.verdict_X[:] = back_N[: direct.verdict_X.size]
        came_R = resolved.row_R >= 0
        references.verdict_X[resolved.row_R[came_R]] = back_N[direct.verdict_X.size :][came_R]
        return accepted, labels, place_N[order][verdict_N == Verdict.USED]

    def _accept(self, exposures: pa.Table, verdict_N: Verdicts) -> tuple[pa.Table, LabelEvents]:
        """Exposures that are used, with serial numbers; and the labels that are known with them."""
        kept: list[int] = []
        serial = self._exposures.stop
        ids = exposures["event_id"].to_pylist()
        for row, (event_id, verdict) in enumerate(zip(ids, verdict_N.tolist(), strict=True)):
            if verdict == Verdict.IN_ARCHIVE:
                continue
            if event_id in self._serial_of:
                verdict_N[row] = Verdict.DUPLICATE
            elif verdict == Verdict.USED:
                self._serial_of[event_id] = serial + len(kept)
                self._ids.append(event_id)
                kept.append(row)
        self.counters.duplicates += _count(verdict_N, Verdict.DUPLICATE)
        self.counters.late_exposures += _count(verdict_N, Verdict.LATE)
        self.counters.late_after_idle += _count(verdict_N, Verdict.LATE_AFTER_IDLE)
        self.counters.in_archive += _count(verdict_N, Verdict.IN_ARCHIVE)
        accepted = exposures.take(pa.array(kept, pa.int64())) if len(kept) < len(ids) else exposures
        timestamp_ms_N = whole(accepted, "timestamp_ms")
        serial_N = self._exposures.append(timestamp_ms_N, timestamp_ms_N + self.config.label_wait_ms)
        given = self._given_labels(accepted, serial_N, timestamp_ms_N)
        raw = [OF_A_LOG] * serial_N.size
        if "values" in accepted.column_names:
            raw = accepted["values"].to_pylist()
        given = given.joined(self._note_new(self._derived.open(serial_N, timestamp_ms_N, raw)))
        drop = [f"{kind}.{label}" for label in self.schema.labels for kind in ("label", "known_ms")]
        rows = accepted.drop_columns([*drop, "arrival"])
        return rows.append_column("serial", pa.array(serial_N)), given

    def _given_labels(
        self, accepted: pa.Table, serial_N: npt.NDArray[np.int64], timestamp_ms_N: npt.NDArray[np.int64]
    ) -> LabelEvents:
        given = LabelEvents.none()
        for place, label in enumerate(self.schema.labels):
            unsaid = 1 if self.schema.positive_only else OPEN  # a choice says so by being there
            value_N = accepted[f"label.{label}"].fill_null(unsaid).to_numpy().astype(np.int8)
            known_ms_N = accepted[f"known_ms.{label}"].fill_null(0).to_numpy()
            known_ms_N = np.maximum(known_ms_N, timestamp_ms_N)
            given_N = value_N != OPEN
            in_time_N = given_N & (
                (known_ms_N <= timestamp_ms_N + self.config.label_wait_ms) | self.config.labels_come_along
            )
            self.counters.given_labels_late += int((given_N & ~in_time_N).sum())
            of_label = LabelEvents(
                known_ms_E=known_ms_N[in_time_N],
                serial_E=serial_N[in_time_N],
                label_E=np.full(int(in_time_N.sum()), place, np.int8),
                value_E=value_N[in_time_N],
            )
            given = given.joined(self._note(of_label))
        return given

    def _join_labels(
        self, labels: AtPlaces | None, made: MadeLabels, new: NewExposures, at_ms: int
    ) -> LabelEvents:
        """Labels, those that waited first, whose exposure is there, and those that were made with them.

        Of one that comes itself and one that is made, the first is the label. Settles the verdicts of those
        that came.
        """
        found = self._found("labels", labels, new, at_ms)
        if found is None:
            return self._note_new(made.labels)
        names = pc.index_in(found.table["label"], pa.array(self.schema.labels))
        known_ms_F, verdict_F = self._in_time(found)
        events = LabelEvents(
            known_ms_E=known_ms_F,
            serial_E=found.serial_F,
            label_E=names.to_numpy().astype(np.int8),
            value_E=found.table["value"].to_numpy().astype(np.int8),
        )
        slot_F, made_slot_E = self._slots(events), self._slots(made.labels)
        given_F = self._given(events) | made.before(made_slot_E, slot_F, whole(found.table, "arrival"))
        joined = _firsts(verdict_F, given_F, slot_F)
        self.counters.labels_joined += joined.size
        self._record_verdicts(found, verdict_F, labels)
        rest = made.labels.taken(np.flatnonzero(~np.isin(made_slot_E, slot_F[joined])))
        return self._note(events.taken(joined)).joined(self._note_new(rest))

    def _join_outcomes(self, outcomes: AtPlaces | None, new: NewExposures, at_ms: int) -> MadeLabels:
        """Outcomes, likewise; gives the labels that could be made with them."""
        found = self._found("outcomes", outcomes, new, at_ms)
        if found is None:
            return MadeLabels.none()
        names = pc.index_in(found.table["outcome"], pa.array(self.schema.outcomes)).to_numpy()
        known_ms_F, verdict_F = self._in_time(found)
        given_F = self._derived.known(found.serial_F, names)
        joined = _firsts(verdict_F, given_F, found.serial_F * len(self.schema.outcomes) + names)
        self.counters.outcomes_joined += joined.size
        self._record_verdicts(found, verdict_F, outcomes)
        if not joined.size:
            return MadeLabels.none()
        return self._derived.apply(
            serial_E=found.serial_F[joined],
            outcome_E=names[joined],
            value_E=found.table["value"].to_numpy()[joined],
            known_ms_E=known_ms_F[joined],
            arrival_E=whole(found.table, "arrival")[joined],
        )

    def _slots(self, labels: LabelEvents) -> npt.NDArray[np.int64]:
        """One number for each label of each exposure."""
        slot_E: npt.NDArray[np.int64] = labels.serial_E * len(self.schema.labels) + labels.label_E
        return slot_E

    def _found(self, kind: str, messages: AtPlaces | None, new: NewExposures, at_ms: int) -> Found | None:
        early = self._early[kind]
        if messages is None and not len(early):
            return None
        messages = messages or AtPlaces.none(self._empty[kind])
        return early.found(messages, self._serial_of, new, at_ms=at_ms)

    def _in_time(self, found: Found) -> tuple[npt.NDArray[np.int64], Verdicts]:
        """When each was known, at its exposure or later; and ``LATE`` where that is after the wait."""
        timestamp_ms_F = self._exposures.column("timestamp_ms", found.serial_F)
        known_ms_F = np.maximum(whole(found.table, "known_ms"), timestamp_ms_F)
        after_F = known_ms_F > self._exposures.column("until_ms", found.serial_F)
        return known_ms_F, np.where(after_F, Verdict.LATE, Verdict.DUPLICATE).astype(np.int8)

    def _record_verdicts(self, found: Found, verdict_F: Verdicts, messages: AtPlaces | None) -> None:
        """Count what became of labels or outcomes, and note it with those that came."""
        found.verdict_E[found.row_F] = verdict_F
        self.counters.late_labels += _count(found.verdict_E, Verdict.LATE)
        self.counters.late_after_idle += _count(found.verdict_E, Verdict.LATE_AFTER_IDLE)
        self.counters.in_archive += _count(found.verdict_E, Verdict.IN_ARCHIVE)
        self.counters.duplicates += _count(found.verdict_E, Verdict.DUPLICATE)
        self.counters.orphan_labels += _count(found.verdict_E, Verdict.ORPHAN)
        if messages is not None:
            messages.verdict_X[:] = found.verdict_E[found.waited :]

    def _given(self, labels: LabelEvents) -> npt.NDArray[np.bool_]:
        """Which labels their exposures have already."""
        given_E: npt.NDArray[np.bool_] = (
            self._exposures.label_NK(labels.serial_E)[np.arange(len(labels)), labels.label_E] != OPEN
        )
        return given_E

    def _note_new(self, made: LabelEvents) -> LabelEvents:
        """Labels that follow from what came, but for those that came themselves."""
        return self._note(made.taken(np.flatnonzero(~self._given(made)))) if len(made) else made

    def _note(self, labels: LabelEvents) -> LabelEvents:
        self._exposures.set_labels(labels)
        return labels

    def _items(
        self, items: AtPlaces | None, first_serial: int, place_N: npt.NDArray[np.int64]
    ) -> pa.Table | None:
        """Items as they are said to be, with what came before each: the newest event time, exposures."""
        if items is None:
            return None
        self.counters.items += items.table.num_rows
        serial_X = first_serial + np.searchsorted(place_N, items.place_X)
        rows = items.table.drop_columns(["arrival"]).append_column("serial", pa.array(serial_X))
        return rows.append_column("newest_ms", pa.array(items.newest_ms_X))

    def _nothing_more(self) -> Admitted:
        """The watermark moved, and nothing came with it: what nothing can come for is given up."""
        at_ms = self.watermark_ms
        for early in self._early.values():
            self.counters.orphan_labels += early.drop(at_ms=at_ms)
        self.counters.orphan_exposures += self._requests.forget(at_ms)
        self._forget_ids(at_ms)
        return Admitted(exposures=None, labels=LabelEvents.none(), items=None, watermark_ms=at_ms)

    def _forget_ids(self, at_ms: int) -> None:
        """Ids of exposures whose labels were awaited long enough, up to the first whose were not."""
        stays = self._exposures.until_ms() >= at_ms - self.config.lateness_ms
        gone = int(np.argmax(stays)) if stays.any() else stays.size
        for _ in range(gone):
            del self._serial_of[self._ids.popleft()]
        self._first_id += gone
        self._exposures.close_before(self._first_id)
        self._derived.close_before(self._first_id)


def _firsts(
    verdict_F: Verdicts, given_F: npt.NDArray[np.bool_], slot_F: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """The first in each slot that is neither late nor given, in order; they are ``USED`` from now on."""
    candidates = np.flatnonzero((verdict_F != Verdict.LATE) & ~given_F)
    _, first = np.unique(slot_F[candidates], return_index=True)
    joined: npt.NDArray[np.int64] = candidates[np.sort(first)]
    verdict_F[joined] = Verdict.USED
    return joined


def _says_when_known(name: str) -> bool:
    return name.partition(".")[0] == "known_ms"


def _with_ahead(ahead_X: npt.NDArray[np.bool_], verdict_X: Verdicts) -> Verdicts:
    """The verdicts of all, given those of what is not too far ahead."""
    all_X = np.full(ahead_X.size, Verdict.AHEAD, np.int8)
    all_X[~ahead_X] = verdict_X
    return all_X


def _count(verdict_X: Verdicts, verdict: Verdict) -> int:
    return int(np.count_nonzero(verdict_X == verdict))
