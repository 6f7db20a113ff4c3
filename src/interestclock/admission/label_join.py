"""Labels and outcomes are joined to their exposures: each name once, in time, whichever comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.counters import Counters
from interestclock.admission.derived_labels import DerivedLabels, MadeLabels
from interestclock.admission.dispositions import Disposition, count
from interestclock.admission.early_messages import EarlyMessages, Found, NewExposures
from interestclock.admission.judged import Dispositions
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.open_exposures import OPEN, OpenExposures
from interestclock.admission.reference_join import AtPlaces
from interestclock.arrays import Arrays, below, table_from_bytes, table_to_bytes, under, whole_column
from interestclock.events.message_tables import no_messages
from interestclock.events.schema import LogSchema

__all__ = ["LabelJoin"]

# Shapes: N exposures, E labels or outcomes of one micro-batch, R those whose exposure is there.


class LabelJoin:
    """What came of exposures, of all that await labels; what comes before its exposure waits for it.

    Args:
        schema: the log's names. exposures: that await labels, which are noted there.
        counters: count what became of messages.

    Example:
        >>> exposures, counters = OpenExposures(labels=1), Counters()
        >>> join = LabelJoin(LogSchema(labels=("finish",)), exposures, counters=counters)
        >>> serial_N = exposures.append(np.array([1_000]), np.array([61_000]))
        >>> none = join.open(serial_N, np.array([1_000]), [{}])
        >>> labels = AtPlaces(
        ...     table=pa.table({"event_id": ["a"], "label": ["finish"], "value": [1], "known_ms": [9_000],
        ...         "arrival": [0]}),
        ...     disposition_X=np.zeros(1, np.int8), place_X=np.arange(1), at_ms_X=np.zeros(1, np.int64),
        ...     newest_ms_X=np.zeros(1, np.int64))
        >>> new = NewExposures(first_serial=1, event_ids=[], place_N=np.zeros(0, np.int64),
        ...     at_ms_N=np.zeros(0, np.int64))
        >>> joined = join.join({"labels": labels}, {"a": 0}, new, at_ms=0)
        >>> joined.serial_E.tolist(), joined.known_ms_E.tolist(), counters.labels_joined
        ([0], [9000], 1)
    """

    def __init__(self, schema: LogSchema, exposures: OpenExposures, *, counters: Counters) -> None:
        self._schema, self._exposures, self._counters = schema, exposures, counters
        self._derived = DerivedLabels(schema)
        self._early = {kind: EarlyMessages() for kind in ("labels", "outcomes")}  # wait for their exposure
        self._empty = no_messages(schema)

    @property
    def waiting(self) -> int:
        """Labels and outcomes whose exposure has not come."""
        return sum(len(each) for each in self._early.values())

    def may_wait(self, kind: str) -> bool:
        """Whether messages of a kind may come before their exposure."""
        return kind in self._early

    def open(
        self,
        serial_N: npt.NDArray[np.int64],
        timestamp_ms_N: npt.NDArray[np.int64],
        raw: list[Any],
    ) -> LabelEvents:
        """Exposures await labels from now on; gives those that follow from what came with them.

        Args:
            serial_N: of the next exposures. timestamp_ms_N: when they were.
            raw: values of each, by name, that labels are made of; ``OF_A_LOG`` where they are made already.
        """
        return self._record_new(self._derived.open(serial_N, timestamp_ms_N, raw))

    def note(self, labels: LabelEvents) -> LabelEvents:
        """Labels that exposures came with."""
        self._exposures.set_labels(labels)
        return labels

    def join(
        self, part: Mapping[str, AtPlaces], serial_of: Mapping[str, int], new: NewExposures, *, at_ms: int
    ) -> LabelEvents:
        """Labels that came, that waited, and that are made of outcomes, as far as their exposure is there.

        Args:
            part: messages by kind, whose dispositions are settled. serial_of: exposures by id.
            new: those of them that came together with the messages. at_ms: the watermark behind them.
        """
        made = self._join_outcomes(self._found("outcomes", part, serial_of, new, at_ms), part.get("outcomes"))
        return self._join_labels(self._found("labels", part, serial_of, new, at_ms), part.get("labels"), made)

    def drop(self, *, at_ms: int) -> None:
        """Give up what waits for exposures that cannot come any more."""
        for early in self._early.values():
            self._counters.orphan_labels += early.drop(at_ms=at_ms)

    def forget_raw(self, serial_N: npt.NDArray[np.int64]) -> None:
        """What exposures brought along for labels to be made of goes; no label of them comes any more."""
        self._derived.forget_raw(serial_N)

    def close_before(self, serial: int) -> None:
        """No label comes any more of exposures before this one."""
        self._exposures.close_before(serial)
        self._derived.close_before(serial)

    def state(self) -> Arrays:
        """For a checkpoint."""
        state = under("derived", self._derived.state())
        for kind, early in self._early.items():
            if (waiting := early.table) is not None:
                state[f"early/{kind}"] = table_to_bytes(waiting)
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, which others' names may stand among."""
        self._derived.restore(below("derived", state))
        for kind, early in self._early.items():
            early.table = table_from_bytes(state[f"early/{kind}"]) if f"early/{kind}" in state else None

    def _join_labels(self, found: Found | None, labels: AtPlaces | None, made: MadeLabels) -> LabelEvents:
        """Of a label that comes itself and one that is made, the first is the label."""
        if found is None:
            return self._record_new(made.labels)
        names = pc.index_in(found.table["label"], pa.array(self._schema.labels))
        known_ms_R, disposition_R = self._in_time(found)
        events = LabelEvents(
            known_ms_E=known_ms_R,
            serial_E=found.serial_R,
            label_E=names.to_numpy().astype(np.int8),
            value_E=found.table["value"].to_numpy().astype(np.int8),
        )
        slot_R, made_slot_E = self._slots(events), self._slots(made.labels)
        given_R = self._given(events) | made.before(made_slot_E, slot_R, whole_column(found.table, "arrival"))
        joined = _firsts(disposition_R, given_R, slot_R)
        self._counters.labels_joined += joined.size
        self._record_dispositions(found, disposition_R, labels)
        rest = made.labels.select(np.flatnonzero(~np.isin(made_slot_E, slot_R[joined])))
        return self.note(events.select(joined)).joined(self._record_new(rest))

    def _join_outcomes(self, found: Found | None, outcomes: AtPlaces | None) -> MadeLabels:
        """Gives the labels that could be made with them."""
        if found is None:
            return MadeLabels.none()
        names = pc.index_in(found.table["outcome"], pa.array(self._schema.outcomes)).to_numpy()
        known_ms_R, disposition_R = self._in_time(found)
        given_R = self._derived.known(found.serial_R, names)
        joined = _firsts(disposition_R, given_R, found.serial_R * len(self._schema.outcomes) + names)
        self._counters.outcomes_joined += joined.size
        self._record_dispositions(found, disposition_R, outcomes)
        if not joined.size:
            return MadeLabels.none()
        return self._derived.apply(
            serial_E=found.serial_R[joined],
            outcome_E=names[joined],
            value_E=found.table["value"].to_numpy()[joined],
            known_ms_E=known_ms_R[joined],
            arrival_E=whole_column(found.table, "arrival")[joined],
        )

    def _slots(self, labels: LabelEvents) -> npt.NDArray[np.int64]:
        """One number for each label of each exposure."""
        slot_E: npt.NDArray[np.int64] = labels.serial_E * len(self._schema.labels) + labels.label_E
        return slot_E

    def _found(
        self,
        kind: str,
        part: Mapping[str, AtPlaces],
        serial_of: Mapping[str, int],
        new: NewExposures,
        at_ms: int,
    ) -> Found | None:
        """Messages of a kind, those that waited first, whose exposure is there; None: none came or waited."""
        early, messages = self._early[kind], part.get(kind)
        if messages is None and not len(early):
            return None
        return early.found(messages or AtPlaces.none(self._empty[kind]), serial_of, new, at_ms=at_ms)

    def _in_time(self, found: Found) -> tuple[npt.NDArray[np.int64], Dispositions]:
        """When each was known, at its exposure or later; and ``LATE`` where that is after the wait."""
        timestamp_ms_R = self._exposures.column("timestamp_ms", found.serial_R)
        known_ms_R = np.maximum(whole_column(found.table, "known_ms"), timestamp_ms_R)
        after_R = known_ms_R > self._exposures.column("until_ms", found.serial_R)
        return known_ms_R, np.where(after_R, Disposition.LATE, Disposition.DUPLICATE).astype(np.int8)

    def _record_dispositions(
        self, found: Found, disposition_R: Dispositions, messages: AtPlaces | None
    ) -> None:
        """Count what became of labels or outcomes, and note it with those that came."""
        found.disposition_E[found.row_R] = disposition_R
        self._counters.late_labels += count(found.disposition_E, Disposition.LATE)
        self._counters.late_after_idle += count(found.disposition_E, Disposition.LATE_AFTER_IDLE)
        self._counters.in_archive += count(found.disposition_E, Disposition.IN_ARCHIVE)
        self._counters.duplicates += count(found.disposition_E, Disposition.DUPLICATE)
        self._counters.orphan_labels += count(found.disposition_E, Disposition.ORPHAN)
        if messages is not None:
            messages.disposition_X[:] = found.disposition_E[found.waited :]

    def _given(self, labels: LabelEvents) -> npt.NDArray[np.bool_]:
        """Which labels their exposures have already."""
        given_E: npt.NDArray[np.bool_] = (
            self._exposures.label_NJ(labels.serial_E)[np.arange(len(labels)), labels.label_E] != OPEN
        )
        return given_E

    def _record_new(self, made: LabelEvents) -> LabelEvents:
        """Labels that follow from what came, but for those that came themselves."""
        return self.note(made.select(np.flatnonzero(~self._given(made)))) if len(made) else made


def _firsts(
    disposition_R: Dispositions, given_R: npt.NDArray[np.bool_], slot_R: npt.NDArray[np.integer]
) -> npt.NDArray[np.int64]:
    """The first in each slot that is neither late nor given, in order; they are ``USED`` from now on."""
    candidates = np.flatnonzero((disposition_R != Disposition.LATE) & ~given_R)
    _, first = np.unique(slot_R[candidates], return_index=True)
    joined: npt.NDArray[np.int64] = candidates[np.sort(first)]
    disposition_R[joined] = Disposition.USED
    return joined
