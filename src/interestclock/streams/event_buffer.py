"""Admission: which events count, each once, and which labels are whose; decided as they come, and once."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import below, table_from_bytes, table_to_bytes, under
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.streams.accounts import Accounts
from interestclock.streams.admitted import Admitted
from interestclock.streams.label_events import LabelEvents
from interestclock.streams.open_exposures import OPEN, OpenExposures
from interestclock.streams.verdicts import Verdict
from interestclock.streams.watermark import Watermark
from interestclock.timeofday import DAY_MS

__all__ = ["AdmissionConfig", "EventBuffer"]

# Shapes: N exposures of one arrival, E labels of one arrival, M both of them.

Verdicts = npt.NDArray[np.int8]
_PARTITION, _ONE_PARTITION = "partition", "0"  # of a source that has no more


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """Verdicts on exposures or labels, and each one's place among all messages of the arrival."""

    verdict_X: Verdicts
    place_X: npt.NDArray[np.int64]
    messages: int

    def within(self, piece: slice) -> npt.NDArray[np.bool_] | None:
        """Which stand in a piece of the arrival; None where it is all of it."""
        if piece.stop - piece.start == self.messages:
            return None
        mine_X: npt.NDArray[np.bool_] = (self.place_X >= piece.start) & (self.place_X < piece.stop)
        return mine_X

    def verdicts(self, mine_X: npt.NDArray[np.bool_] | None) -> Verdicts:
        return self.verdict_X if mine_X is None else self.verdict_X[mine_X]

    def settle(self, mine_X: npt.NDArray[np.bool_] | None, verdict_X: Verdicts) -> None:
        """What the verdicts of a piece became."""
        self.verdict_X[... if mine_X is None else mine_X] = verdict_X


@dataclass(frozen=True, kw_only=True)
class AdmissionConfig:
    """How long the stream waits for what comes late.

    Args:
        lateness_ms: how far an event's time may stand behind the newest of its partition when it arrives.
        label_wait_ms: how long after its exposure a label may become known.
        ahead_ms: how far an event's time may stand ahead of the moment at which it is taken.
        archive_first: the stream follows a log, the archive, as ``ThenSource`` gives them.
        then_from_ms: from which moment on (UTC milliseconds) it does; None: from where the watermark stood
            when the archive ended.

    Raises:
        ConfigError: one of the first three is negative, or there is a moment but no archive.

    Example:
        >>> AdmissionConfig(lateness_ms=60_000, label_wait_ms=3_600_000).lateness_ms
        60000
    """

    lateness_ms: int = 0
    label_wait_ms: int = 3_600_000
    ahead_ms: int = 3_600_000
    archive_first: bool = False
    then_from_ms: int | None = None

    def __post_init__(self) -> None:
        for name in ("lateness_ms", "label_wait_ms", "ahead_ms"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; give 0 or more milliseconds")
        if self.then_from_ms is not None and not self.archive_first:
            raise ConfigError("then_from_ms says from when on a stream follows an archive; there is none")


class EventBuffer:
    """Takes messages in any order within the lateness, and says what is used of them.

    The *watermark* is the newest event time so far, less the lateness; of several partitions, that of the one
    that is furthest behind (see ``Watermark``). What is older when it arrives is late: counted, never used,
    so that what was said of a moment stays true. A label is used if it was known within the wait after its
    exposure and arrived before the watermark passed that moment; one that comes before its exposure waits for
    it as long. A second exposure of one ``event_id`` is a duplicate, and so is a second label of one name for
    it; ids are remembered until the wait and the lateness are over.

    What lies too far ahead of the moment at which it is taken is set aside: one such event would put all
    others behind the watermark. An event no further ahead of the newest before it is let pass all the same,
    so that a clock on the wall that is set back stops nothing. None of the rest depends on how the stream was
    cut into arrivals, but for the order of arrival itself, as long as an ``event_id`` is not used again after
    it was forgotten, and no label comes both before its exposure and with an earlier time.

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
        >>> (admitted,) = buffer.admit(exposures, labels)
        >>> admitted.exposures["event_id"].to_pylist(), admitted.labels.serial_E.tolist()
        (['a', 'b'], [0])
        >>> buffer.accounts.duplicates, admitted.watermark_ms
        (1, 9000)
        >>> buffer.exposure_verdicts.tolist() == [Verdict.USED, Verdict.DUPLICATE, Verdict.USED]
        True
    """

    def __init__(self, schema: LogSchema, *, config: AdmissionConfig) -> None:
        self.schema, self.config = schema, config
        self.accounts = Accounts()
        self.spoke: tuple[str, ...] = ()  # partitions of the messages last taken
        self.exposure_verdicts: Verdicts = np.zeros(0, np.int8)  # of each of these, by row; see ``admit``
        self.label_verdicts: Verdicts = np.zeros(0, np.int8)
        self._exposures = OpenExposures(labels=len(schema.labels))
        self._watermark = Watermark(lateness_ms=config.lateness_ms)
        self._serial_of: dict[str, int] = {}
        self._ids: deque[str] = deque()  # of the serial numbers from _first_id on
        self._first_id = 0
        self._early: pa.Table | None = None  # labels that wait for their exposure
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
    def early_labels(self) -> int:
        """Labels whose exposure has not come."""
        return 0 if self._early is None else self._early.num_rows

    def admit(
        self, exposures: pa.Table, labels: pa.Table, *, bad: int = 0, taken_ms: int | None = None
    ) -> list[Admitted]:
        """Take one arrival: tables as ``Arrivals`` has them, and how many messages were unreadable.

        Args:
            exposures, labels: as above. bad: as above. taken_ms: when, UTC milliseconds; None: long after.

        Returns:
            What is used, in order; a midnight (UTC) that the watermark passes cuts it in two. The ``Verdict``
            of each row then stands in ``exposure_verdicts`` and ``label_verdicts``. A label that waits for
            its exposure is ``USED``, whatever becomes of it: that follows from what comes later.
        """
        if taken_ms is not None:
            self._begin_stream()
        self.accounts.received += exposures.num_rows + labels.num_rows + bad
        self.accounts.dead_letters += bad
        if taken_ms is None:
            return self._admit_those(exposures, labels)
        ahead_N, ahead_E = self._ahead(exposures, labels, taken_ms)
        if ahead_N is None or ahead_E is None:
            return self._admit_those(exposures, labels)
        pieces = self._admit_those(exposures.filter(pa.array(~ahead_N)), labels.filter(pa.array(~ahead_E)))
        self.exposure_verdicts = _with_ahead(ahead_N, self.exposure_verdicts)
        self.label_verdicts = _with_ahead(ahead_E, self.label_verdicts)
        return pieces

    def _admit_those(self, exposures: pa.Table, labels: pa.Table) -> list[Admitted]:
        before_ms = self.watermark_ms
        judged_N, judged_E, at_M = self._judge(exposures, labels)
        exposures, labels = _without_partition(exposures), _without_partition(labels)
        pieces = []
        for piece in _between_midnights(before_ms, at_M):
            mine_N, mine_E = judged_N.within(piece), judged_E.within(piece)
            verdict_N, verdict_E = judged_N.verdicts(mine_N), judged_E.verdicts(mine_E)
            pieces.append(
                self._admit(
                    exposures if mine_N is None else exposures.filter(pa.array(mine_N)),
                    labels if mine_E is None else labels.filter(pa.array(mine_E)),
                    verdicts=(verdict_N, verdict_E),
                    at_ms=int(at_M[piece.stop - 1]),
                )
            )
            judged_N.settle(mine_N, verdict_N)
            judged_E.settle(mine_E, verdict_E)
        self.exposure_verdicts, self.label_verdicts = judged_N.verdict_X, judged_E.verdict_X
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
        ids = pa.table({"event_id": pa.array(self._ids, pa.string())})
        state: dict[str, npt.NDArray[Any]] = {"first_id": np.array(self._first_id)}
        state |= under("watermark", self._watermark.state()) | under("exposures", self._exposures.state())
        state |= under("accounts", self.accounts.state()) | {"ids": table_to_bytes(ids)}
        if self._in_archive_before_ms is not None:
            state["in_archive_before_ms"] = np.array(self._in_archive_before_ms)
        return state if self._early is None else state | {"early": table_to_bytes(self._early)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._first_id = int(state["first_id"])
        self._watermark.restore(below("watermark", state))
        self._exposures.restore(below("exposures", state))
        self.accounts.restore(below("accounts", state))
        self._early = table_from_bytes(state["early"]) if "early" in state else None
        before_ms = state.get("in_archive_before_ms")
        self._in_archive_before_ms = None if before_ms is None else int(before_ms)
        self._ids = deque(table_from_bytes(state["ids"])["event_id"].to_pylist())
        self._serial_of = {event_id: self._first_id + place for place, event_id in enumerate(self._ids)}

    def _begin_stream(self) -> None:
        """Once, where an archive came first: it has ended here, and this decides what it leaves."""
        if self.config.archive_first and self._in_archive_before_ms is None:
            from_ms = self.config.then_from_ms
            self._in_archive_before_ms = self.watermark_ms if from_ms is None else from_ms
            self._watermark.let_all_go()

    def _admit(
        self, exposures: pa.Table, labels: pa.Table, *, verdicts: tuple[Verdicts, Verdicts], at_ms: int
    ) -> Admitted:
        """Admit a piece; its verdicts become what they are in the end."""
        accepted, given = self._accept(exposures, verdicts[0])
        joined = given.joined(self._join(labels, verdicts[1], at_ms))
        self._forget_ids(at_ms)
        return Admitted(exposures=accepted, labels=joined, watermark_ms=at_ms)

    def _nothing_more(self) -> Admitted:
        """The watermark moved, and nothing came with it."""
        self._drop_orphans(self.watermark_ms)
        self._forget_ids(self.watermark_ms)
        return Admitted(exposures=None, labels=LabelEvents.none(), watermark_ms=self.watermark_ms)

    def _ahead(
        self, exposures: pa.Table, labels: pa.Table, taken_ms: int
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | tuple[None, None]:
        """What lies too far ahead of the clock, and of the newest event before it as well; None: nothing."""
        newest_ms, ahead_ms = max(taken_ms, self.newest_ms), self.config.ahead_ms
        latest = pc.max(exposures["timestamp_ms"]).as_py(), pc.max(labels["known_ms"]).as_py()
        if all(each is None or each <= newest_ms + ahead_ms for each in latest):
            return None, None  # as nearly always: no look at each
        times, order = _in_order(exposures, labels)
        ahead = np.zeros(times.size, np.bool_)
        for place in order.tolist():
            ahead[place] = times[place] > newest_ms + ahead_ms
            newest_ms = newest_ms if ahead[place] else max(newest_ms, int(times[place]))
        self.accounts.ahead += int(ahead.sum())
        ahead_N, ahead_E = np.split(ahead, [exposures.num_rows])
        return ahead_N, ahead_E

    def _judge(self, exposures: pa.Table, labels: pa.Table) -> tuple[_Judged, _Judged, npt.NDArray[np.int64]]:
        """Which came in time, as ``Watermark`` has it; and where the watermark stood after each message."""
        times, order = _in_order(exposures, labels)
        names, partitions = _partitions(exposures, labels)
        self.spoke = tuple(names)
        verdict, place = np.empty(times.size, np.int8), np.empty(times.size, np.int64)
        verdict[order], at_M = self._watermark.passed(times[order], names, partitions[order])
        if self._in_archive_before_ms is not None:
            verdict[times < self._in_archive_before_ms] = Verdict.IN_ARCHIVE
        place[order] = np.arange(times.size)
        shown = exposures.num_rows
        of_exposures = _Judged(verdict_X=verdict[:shown], place_X=place[:shown], messages=times.size)
        of_labels = _Judged(verdict_X=verdict[shown:], place_X=place[shown:], messages=times.size)
        return of_exposures, of_labels, at_M

    def _accept(self, exposures: pa.Table, verdict_N: Verdicts) -> tuple[pa.Table, LabelEvents]:
        """Exposures that are used, with serial numbers; and the labels that they brought."""
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
        self.accounts.duplicates += _count(verdict_N, Verdict.DUPLICATE)
        self.accounts.late_exposures += _count(verdict_N, Verdict.LATE)
        self.accounts.late_after_idle += _count(verdict_N, Verdict.LATE_AFTER_IDLE)
        self.accounts.in_archive += _count(verdict_N, Verdict.IN_ARCHIVE)
        accepted = exposures.take(pa.array(kept, pa.int64())) if len(kept) < len(ids) else exposures
        timestamp_ms_N = _whole(accepted, "timestamp_ms")
        serial_N = self._exposures.append(timestamp_ms_N, timestamp_ms_N + self.config.label_wait_ms)
        given = self._given_labels(accepted, serial_N, timestamp_ms_N)
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
            in_time_N = given_N & (known_ms_N <= timestamp_ms_N + self.config.label_wait_ms)
            self.accounts.given_labels_late += int((given_N & ~in_time_N).sum())
            of_label = LabelEvents(
                known_ms_E=known_ms_N[in_time_N],
                serial_E=serial_N[in_time_N],
                label_E=np.full(int(in_time_N.sum()), place, np.int8),
                value_E=value_N[in_time_N],
            )
            given = given.joined(self._note(of_label))
        return given

    def _join(self, labels: pa.Table, verdict_E: Verdicts, at_ms: int) -> LabelEvents:
        """Labels, those that waited first, whose exposure is there; settles the verdicts of the others."""
        tables = [table for table in (self._early, labels) if table is not None and table.num_rows]
        if not tables:
            return LabelEvents.none()
        table = pa.concat_tables(tables, promote_options="default").combine_chunks()
        waited = table.num_rows - labels.num_rows
        serial_E = np.array([self._serial_of.get(each, OPEN) for each in table["event_id"].to_pylist()])
        known_ms_E = _whole(table, "known_ms")
        all_E = np.concatenate([np.full(waited, Verdict.USED, np.int8), verdict_E])
        in_time_E, alone_E = all_E == Verdict.USED, serial_E == OPEN
        all_E[in_time_E & alone_E & (known_ms_E < at_ms)] = Verdict.ORPHAN
        self._early = table.filter(pa.array(alone_E & (all_E == Verdict.USED)))
        found = np.flatnonzero(in_time_E & ~alone_E)
        label_E = pc.index_in(table["label"], pa.array(self.schema.labels)).to_numpy().astype(np.int8)
        joined, all_E[found] = self._settle(
            LabelEvents(
                known_ms_E=known_ms_E[found],
                serial_E=serial_E[found],
                label_E=label_E[found],
                value_E=table["value"].to_numpy().astype(np.int8)[found],
            )
        )
        self.accounts.labels_joined += len(joined)
        self.accounts.late_labels += _count(all_E, Verdict.LATE)
        self.accounts.late_after_idle += _count(all_E, Verdict.LATE_AFTER_IDLE)
        self.accounts.in_archive += _count(all_E, Verdict.IN_ARCHIVE)
        self.accounts.duplicates += _count(all_E, Verdict.DUPLICATE)
        self.accounts.orphan_labels += _count(all_E, Verdict.ORPHAN)
        verdict_E[:] = all_E[waited:]
        return joined

    def _drop_orphans(self, at_ms: int) -> None:
        """An exposure that the watermark has passed does not come any more, nor is its label waited for."""
        if self._early is not None:
            lost_E = _whole(self._early, "known_ms") < at_ms
            self._early = self._early.filter(pa.array(~lost_E))
            self.accounts.orphan_labels += int(lost_E.sum())

    def _settle(self, labels: LabelEvents) -> tuple[LabelEvents, Verdicts]:
        """Of labels whose exposure is there those that are used; the rest is duplicate, or known too late."""
        verdict_E = np.full(len(labels), Verdict.DUPLICATE, np.int8)
        if not len(labels):
            return labels, verdict_E
        timestamp_ms_E = self._exposures.column("timestamp_ms", labels.serial_E)
        known_ms_E = np.maximum(labels.known_ms_E, timestamp_ms_E)
        after_E = known_ms_E > self._exposures.column("until_ms", labels.serial_E)
        given_E = self._exposures.label_NK(labels.serial_E)[np.arange(len(labels)), labels.label_E] != OPEN
        slot_E = labels.serial_E * len(self.schema.labels) + labels.label_E
        candidates = np.flatnonzero(~after_E & ~given_E)
        _, first = np.unique(slot_E[candidates], return_index=True)
        joined = candidates[np.sort(first)]
        verdict_E[after_E], verdict_E[joined] = Verdict.LATE, Verdict.USED
        used = LabelEvents(
            known_ms_E=known_ms_E[joined],
            serial_E=labels.serial_E[joined],
            label_E=labels.label_E[joined],
            value_E=labels.value_E[joined],
        )
        return self._note(used), verdict_E

    def _note(self, labels: LabelEvents) -> LabelEvents:
        self._exposures.set_labels(labels)
        return labels

    def _forget_ids(self, at_ms: int) -> None:
        """Ids of exposures whose labels were awaited long enough, up to the first whose were not."""
        stays = self._exposures.until_ms() >= at_ms - self.config.lateness_ms
        gone = int(np.argmax(stays)) if stays.any() else stays.size
        for _ in range(gone):
            del self._serial_of[self._ids.popleft()]
        self._first_id += gone
        self._exposures.close_before(self._first_id)


def _between_midnights(before_ms: int, at_M: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Places of messages, cut where the watermark passes a midnight: the one that moves it comes behind."""
    passes = np.flatnonzero(np.diff(at_M // DAY_MS, prepend=before_ms // DAY_MS)).tolist()
    for start, stop in itertools.pairwise(sorted({0, *passes, at_M.size})):
        yield slice(start, stop)


def _with_ahead(ahead_X: npt.NDArray[np.bool_], verdict_X: Verdicts) -> Verdicts:
    """The verdicts of all, given those of what is not too far ahead."""
    all_X = np.full(ahead_X.size, Verdict.AHEAD, np.int8)
    all_X[~ahead_X] = verdict_X
    return all_X


def _count(verdict_X: Verdicts, verdict: Verdict) -> int:
    return int(np.count_nonzero(verdict_X == verdict))


def _in_order(exposures: pa.Table, labels: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Times of exposures and labels, end to end, and the order in which they arrived."""
    times = np.concatenate([_whole(exposures, "timestamp_ms"), _whole(labels, "known_ms")])
    arrivals = np.concatenate([_whole(exposures, "arrival"), _whole(labels, "arrival")])
    return times, np.argsort(arrivals, kind="stable")


def _without_partition(table: pa.Table) -> pa.Table:
    return table.drop_columns([_PARTITION]) if _PARTITION in table.column_names else table


def _partitions(exposures: pa.Table, labels: pa.Table) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Names of partitions, and which of them each exposure and label came from, end to end."""
    rows = len(exposures) + len(labels)
    if _PARTITION not in exposures.column_names:
        return [_ONE_PARTITION] if rows else [], np.zeros(rows, np.int32)
    columns = [table[_PARTITION].combine_chunks() for table in (exposures, labels)]
    coded = pa.concat_arrays(columns).dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()


def _whole(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)
