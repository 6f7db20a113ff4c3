"""The door of a live stream: each event once, in time order, with the labels that came within the wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import table_from_bytes, table_to_bytes
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.samples.live.accounts import Accounts
from interestclock.samples.live.open_exposures import OPEN, OpenExposures
from interestclock.samples.live.watermark import AFTER_IDLE, IN_TIME, LATE, Watermark
from interestclock.samples.sample_maker import REQUEST, run_starts
from interestclock.streams.label_events import LabelEvents

__all__ = ["Intake", "IntakeConfig"]

# Shapes: N exposures of one arrival, E labels of one arrival, R exposures that are ready.

_PARTITION, _ONE_PARTITION = "partition", "0"  # of a source that has no more


@dataclass(frozen=True, kw_only=True)
class IntakeConfig:
    """How long the stream waits for what comes late.

    Args:
        lateness_ms: how far an event's time may stand behind the newest of its partition when it arrives.
        label_wait_ms: how long after its exposure a label may become known.
        ahead_ms: how far an event's time may stand ahead of the moment at which it is taken.

    Raises:
        ConfigError: one is negative.

    Example:
        >>> IntakeConfig(lateness_ms=60_000, label_wait_ms=3_600_000).lateness_ms
        60000
    """

    lateness_ms: int = 0
    label_wait_ms: int = 3_600_000
    ahead_ms: int = 3_600_000

    def __post_init__(self) -> None:
        for name in ("lateness_ms", "label_wait_ms", "ahead_ms"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; give 0 or more milliseconds")


class Intake:
    """Takes what arrives, in any order within the lateness, and gives out exposures in time order.

    The *watermark* is the newest event time so far, less the lateness; of several partitions, that of the one
    that is furthest behind (see ``Watermark``). What is older when it arrives is late: counted, never used,
    so that what was said of a moment stays true. An exposure is given out once the watermark has passed it,
    of equal times the earlier arrival first. A label is used if it was known within the wait after its
    exposure and arrived before the watermark passed that moment; one that comes before its exposure waits for
    it as long. A second exposure of one ``event_id`` is a duplicate, and so is a second label of one name for
    it; ids are remembered until the wait and the lateness are over.

    What lies too far ahead of the moment at which it is taken is set aside: one such event would put all
    others behind the watermark. An event no further ahead of the newest before it is let pass all the same,
    so that a clock on the wall that is set back stops nothing. None of the rest depends on how the stream was
    cut into arrivals, but for the order of arrival itself, as long as an ``event_id`` is not used again after
    it was forgotten, and no label comes both before its exposure and with an earlier time.

    Args:
        schema: the log's names. config: how long to wait.

    Example:
        >>> intake = Intake(LogSchema(labels=("finish",)), config=IntakeConfig(label_wait_ms=60_000))
        >>> exposures = pa.table({
        ...     "event_id": ["a", "a", "b"], "timestamp_ms": [1_000, 1_000, 9_000], "arrival": [0, 1, 2],
        ...     "label.finish": pa.nulls(3, pa.int8()), "known_ms.finish": pa.nulls(3, pa.int64())})
        >>> labels = pa.table({
        ...     "event_id": ["a"], "label": ["finish"], "value": [1], "known_ms": [9_000], "arrival": [3]})
        >>> intake.take(exposures, labels)
        >>> intake.end()
        >>> intake.next_batch(most=1, ended=True)["event_id"].to_pylist(), intake.accounts.duplicates
        (['a'], 1)
        >>> intake.exposures.label_NK(np.array([0])).tolist()
        [[1]]
    """

    def __init__(self, schema: LogSchema, *, config: IntakeConfig) -> None:
        self.schema, self.config = schema, config
        self.accounts = Accounts()
        self.exposures = OpenExposures(labels=len(schema.labels))
        self.labels = LabelEvents.none()
        self.spoke: tuple[str, ...] = ()  # partitions of the messages last taken
        self._watermark = Watermark(lateness_ms=config.lateness_ms)
        self._serial_of: dict[str, int] = {}
        self._ids: deque[str] = deque()  # of the serial numbers from _first_id on
        self._first_id = 0
        self._early: pa.Table | None = None  # labels that wait for their exposure
        self._held: pa.Table | None = None  # exposures that the watermark has not passed
        self._ready: pa.Table | None = None
        self._ends_R = np.zeros(0, np.int64)  # where requests end among those that are ready

    @property
    def watermark_ms(self) -> int:
        """No exposure and no label of an earlier moment is used any more."""
        return self._watermark.at_ms

    @property
    def newest_ms(self) -> int:
        """The newest event time so far, of all partitions."""
        return self._watermark.newest_ms

    def take(
        self, exposures: pa.Table, labels: pa.Table, *, bad: int = 0, taken_ms: int | None = None
    ) -> None:
        """Take one arrival: tables as ``Arrivals`` has them, and how many messages were unreadable.

        Args:
            exposures, labels: as above. bad: as above. taken_ms: when, UTC milliseconds; None: long after.
        """
        self.accounts.received += exposures.num_rows + labels.num_rows + bad
        self.accounts.dead_letters += bad
        if taken_ms is not None:
            exposures, labels = self._not_ahead(exposures, labels, taken_ms)
        exposures, labels = self._judged(exposures, labels)
        self._accept(exposures)
        self._join(labels)
        self._release()
        self._forget_ids()

    def tick(self, *, awaited: Iterable[str], taken_ms: int) -> None:
        """Nothing came for a while: wait for these partitions alone, as ``Watermark.tick`` does.

        Args:
            awaited: partitions that may bring something of earlier moments; none, where the stream is quiet.
            taken_ms: when, UTC milliseconds.
        """
        self._watermark.tick(awaited=awaited, taken_ms=taken_ms)
        self._join(None)
        self._release()
        self._forget_ids()

    def end(self) -> None:
        """The stream is over: whatever waits is given out."""
        self._watermark.end()
        self._join(None)
        self._release()

    def next_batch(self, *, most: int, ended: bool) -> pa.Table | None:
        """The next exposures, whole requests only, as many as fit ``most`` (at least one request).

        Args:
            most: exposures; fewer are given only once the stream has ended.

        Returns:
            Columns of the event table without labels, ``event_id`` and ``serial``; None if too few are ready.
        """
        if self._ready is None or not self._ends_R.size:
            return None
        last = self._ends_R[-1] if ended else (self._ends_R[-2] if self._ends_R.size > 1 else 0)
        if not ended and last < most:  # the last request may still grow
            return None
        fitting = int(np.searchsorted(self._ends_R, most, side="right"))
        stop = int(self._ends_R[max(fitting - 1, 0)])
        batch, self._ready = self._ready.slice(0, stop), self._ready.slice(stop)
        self._ends_R = self._ends_R[self._ends_R > stop] - stop
        return batch.combine_chunks()

    def labels_before(self, before_ms: int) -> LabelEvents:
        """Labels known strictly before a moment, in the order in which they became known, each given once."""
        known, self.labels = self.labels.split(before_ms=before_ms)
        return known

    def close(self, *, needed_from: int) -> None:
        """Forget exposures with serial numbers below one, if no message can name them any more."""
        for table in (self._held, self._ready):
            if table is not None and table.num_rows:
                needed_from = min(needed_from, pc.min(table["serial"]).as_py())
        if len(self.labels):
            needed_from = min(needed_from, int(self.labels.serial_E.min()))
        self.exposures.close_before(min(needed_from, self._first_id))

    def waiting(self) -> int:
        """Exposures not given out yet, and labels whose exposure has not come."""
        tables = (self._held, self._ready, self._early)
        return sum(table.num_rows for table in tables if table is not None)

    def _not_ahead(self, exposures: pa.Table, labels: pa.Table, taken_ms: int) -> tuple[pa.Table, pa.Table]:
        """Without what lies too far ahead of the clock, and of the newest event before it as well."""
        newest_ms, ahead_ms = max(taken_ms, self.newest_ms), self.config.ahead_ms
        latest = pc.max(exposures["timestamp_ms"]).as_py(), pc.max(labels["known_ms"]).as_py()
        if all(each is None or each <= newest_ms + ahead_ms for each in latest):
            return exposures, labels  # as nearly always: no look at each
        times, order = _in_order(exposures, labels)
        kept = np.ones(times.size, np.bool_)
        for place in order.tolist():
            kept[place] = times[place] <= newest_ms + ahead_ms
            newest_ms = max(newest_ms, int(times[place])) if kept[place] else newest_ms
        self.accounts.ahead += int((~kept).sum())
        exposures_N, labels_E = np.split(kept, [exposures.num_rows])
        return exposures.filter(pa.array(exposures_N)), labels.filter(pa.array(labels_E))

    def _judged(self, exposures: pa.Table, labels: pa.Table) -> tuple[pa.Table, pa.Table]:
        """With a column that says which came in time, in place of where they came from."""
        times, order = _in_order(exposures, labels)
        names, partitions = _partitions(exposures, labels)
        self.spoke = tuple(names)
        verdict = np.empty(times.size, np.int8)
        verdict[order] = self._watermark.passed(times[order], names, partitions[order])
        verdict_N, verdict_E = np.split(verdict, [exposures.num_rows])
        return _with_verdict(exposures, verdict_N), _with_verdict(labels, verdict_E)

    def _accept(self, exposures: pa.Table) -> None:
        kept: list[int] = []
        serial = self.exposures.stop
        ids = exposures["event_id"].to_pylist()
        for row, (event_id, verdict) in enumerate(zip(ids, exposures["verdict"].to_pylist(), strict=True)):
            if event_id in self._serial_of:
                self.accounts.duplicates += 1
            elif verdict == LATE:
                self.accounts.late_exposures += 1
            elif verdict == AFTER_IDLE:
                self.accounts.late_after_idle += 1
            else:
                self._serial_of[event_id] = serial + len(kept)
                self._ids.append(event_id)
                kept.append(row)
        accepted = exposures.take(pa.array(kept, pa.int64())) if len(kept) < len(ids) else exposures
        timestamp_ms_N = _whole(accepted, "timestamp_ms")
        serial_N = self.exposures.append(timestamp_ms_N, timestamp_ms_N + self.config.label_wait_ms)
        self._take_given_labels(accepted, serial_N, timestamp_ms_N)
        given = [f"{kind}.{label}" for label in self.schema.labels for kind in ("label", "known_ms")]
        rows = accepted.drop_columns([*given, "arrival", "verdict"]).append_column(
            "serial", pa.array(serial_N)
        )
        self._held = rows if self._held is None else pa.concat_tables([self._held, rows])

    def _take_given_labels(
        self, accepted: pa.Table, serial_N: npt.NDArray[np.int64], timestamp_ms_N: npt.NDArray[np.int64]
    ) -> None:
        for place, label in enumerate(self.schema.labels):
            value_N = accepted[f"label.{label}"].fill_null(OPEN).to_numpy().astype(np.int8)
            known_ms_N = accepted[f"known_ms.{label}"].fill_null(0).to_numpy()
            known_ms_N = np.maximum(known_ms_N, timestamp_ms_N)
            given_N = value_N != OPEN
            in_time_N = given_N & (known_ms_N <= timestamp_ms_N + self.config.label_wait_ms)
            self.accounts.given_labels_late += int((given_N & ~in_time_N).sum())
            self._note(
                LabelEvents(
                    known_ms_E=known_ms_N[in_time_N],
                    serial_E=serial_N[in_time_N],
                    label_E=np.full(int(in_time_N.sum()), place, np.int8),
                    value_E=value_N[in_time_N],
                )
            )

    def _join(self, labels: pa.Table | None) -> None:
        """Give labels, those that waited first, to their exposures."""
        tables = [table for table in (self._early, labels) if table is not None and table.num_rows]
        if not tables:
            return
        table = pa.concat_tables(tables, promote_options="default").combine_chunks()
        serial_E = np.array([self._serial_of.get(each, OPEN) for each in table["event_id"].to_pylist()])
        known_ms_E, verdict_E = _whole(table, "known_ms"), table["verdict"].to_numpy()
        late_E = verdict_E != IN_TIME
        early_E = (serial_E == OPEN) & ~late_E
        lost_E = early_E & (known_ms_E < self.watermark_ms)
        self._early = table.filter(pa.array(early_E & ~lost_E))
        self.accounts.orphan_labels += int(lost_E.sum())
        self.accounts.late_labels += int((verdict_E == LATE).sum())
        self.accounts.late_after_idle += int((verdict_E == AFTER_IDLE).sum())
        found = np.flatnonzero((serial_E != OPEN) & ~late_E)
        label_E = pc.index_in(table["label"], pa.array(self.schema.labels)).to_numpy().astype(np.int8)
        self._settle(
            LabelEvents(
                known_ms_E=known_ms_E[found],
                serial_E=serial_E[found],
                label_E=label_E[found],
                value_E=table["value"].to_numpy().astype(np.int8)[found],
            )
        )

    def _settle(self, labels: LabelEvents) -> None:
        """Of labels whose exposure is there: joined, duplicate, or known after the wait."""
        if not len(labels):
            return
        timestamp_ms_E = self.exposures.column("timestamp_ms", labels.serial_E)
        known_ms_E = np.maximum(labels.known_ms_E, timestamp_ms_E)
        after_E = known_ms_E > self.exposures.column("until_ms", labels.serial_E)
        given_E = self.exposures.label_NK(labels.serial_E)[np.arange(len(labels)), labels.label_E] != OPEN
        slot_E = labels.serial_E * len(self.schema.labels) + labels.label_E
        candidates = np.flatnonzero(~after_E & ~given_E)
        _, first = np.unique(slot_E[candidates], return_index=True)
        joined = candidates[np.sort(first)]
        self.accounts.late_labels += int(after_E.sum())
        self.accounts.labels_joined += joined.size
        self.accounts.duplicates += int((~after_E).sum()) - joined.size
        self._note(
            LabelEvents(
                known_ms_E=known_ms_E[joined],
                serial_E=labels.serial_E[joined],
                label_E=labels.label_E[joined],
                value_E=labels.value_E[joined],
            )
        )

    def _note(self, labels: LabelEvents) -> None:
        for place in range(len(self.schema.labels)):
            mine = labels.taken(np.flatnonzero(labels.label_E == place))
            self.exposures.set_labels(mine.serial_E, place, value_N=mine.value_E, known_ms_N=mine.known_ms_E)
        self.labels = self.labels.joined(labels)

    def _release(self) -> None:
        """Move exposures that the watermark has passed to those that are ready."""
        if self._held is None or not self._held.num_rows:
            return
        held = self._held.combine_chunks()
        timestamp_ms_N = _whole(held, "timestamp_ms")
        passed_N = timestamp_ms_N < self.watermark_ms
        order = np.lexsort((_whole(held, "serial"), timestamp_ms_N))
        released = held.take(pa.array(order[passed_N[order]]))
        self._held = held.filter(pa.array(~passed_N))
        ready = released if self._ready is None else pa.concat_tables([self._ready, released])
        self._ready = ready
        starts = np.flatnonzero(run_starts(ready, REQUEST))
        self._ends_R = np.append(starts[1:], ready.num_rows) if ready.num_rows else starts

    def _forget_ids(self) -> None:
        horizon_ms = self.watermark_ms - self.config.lateness_ms
        while self._ids and self.exposures.span_ms(self._first_id)[1] < horizon_ms:
            del self._serial_of[self._ids.popleft()]
            self._first_id += 1

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        ids = pa.table({"event_id": pa.array(self._ids, pa.string())})
        tables = {"ids": ids, "early": self._early, "held": self._held, "ready": self._ready}
        state: dict[str, npt.NDArray[Any]] = {"first_id": np.array(self._first_id)}
        state |= {f"watermark.{name}": values for name, values in self._watermark.state().items()}
        state |= {f"table.{n}": table_to_bytes(each) for n, each in tables.items() if each is not None}
        state |= {f"labels.{name}": values for name, values in self.labels.state().items()}
        state |= {f"exposures.{name}": values for name, values in self.exposures.state().items()}
        return state | {f"accounts.{name}": values for name, values in self.accounts.state().items()}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._first_id = int(state["first_id"])
        self._watermark.restore(_below(state, "watermark."))
        tables = {name: table_from_bytes(each) for name, each in _below(state, "table.").items()}
        self._early, self._held, self._ready = (tables.get(name) for name in ("early", "held", "ready"))
        self._ids = deque(tables["ids"]["event_id"].to_pylist())
        self._serial_of = {event_id: self._first_id + place for place, event_id in enumerate(self._ids)}
        self.labels = LabelEvents.of_state(_below(state, "labels."))
        self.exposures.restore(_below(state, "exposures."))
        self.accounts.restore(_below(state, "accounts."))
        if self._ready is not None:
            starts = np.flatnonzero(run_starts(self._ready, REQUEST))
            self._ends_R = np.append(starts[1:], self._ready.num_rows) if self._ready.num_rows else starts


def _in_order(exposures: pa.Table, labels: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Times of exposures and labels, end to end, and the order in which they arrived."""
    times = np.concatenate([_whole(exposures, "timestamp_ms"), _whole(labels, "known_ms")])
    arrivals = np.concatenate([_whole(exposures, "arrival"), _whole(labels, "arrival")])
    return times, np.argsort(arrivals, kind="stable")


def _with_verdict(table: pa.Table, verdict: npt.NDArray[np.int8]) -> pa.Table:
    judged = table.append_column("verdict", pa.array(verdict))
    return judged.drop_columns([_PARTITION]) if _PARTITION in table.column_names else judged


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


def _below(state: Mapping[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}
