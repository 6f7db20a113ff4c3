"""Exposures that are used: each ``event_id`` once, with a serial number and the labels it came with."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.config import AdmissionConfig
from interestclock.admission.counters import Counters
from interestclock.admission.dispositions import Disposition, count
from interestclock.admission.erased_users import Erasures
from interestclock.admission.judged import Dispositions
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.label_join import LabelJoin
from interestclock.admission.open_exposures import OPEN, OpenExposures
from interestclock.admission.open_users import OpenUsers, users_of
from interestclock.arrays import Arrays, below, texts_as_arrays, texts_in, under, whole_column
from interestclock.events.message_tables import OF_A_LOG
from interestclock.events.schema import LogSchema

__all__ = ["Acceptance"]

# Shapes: N exposures of one micro-batch.

_SET_ASIDE = (Disposition.IN_ARCHIVE, Disposition.ERASED)  # whether they came before or not


class Acceptance:
    """Tells exposures that came before, and numbers the others; ids are remembered until they are forgotten.

    Args:
        schema: the log's names. config: how long to wait. exposures: of those that await labels.
        labels: notes what exposures came with. counters: count what became of messages.

    Example:
        >>> schema, counters, opened = LogSchema(labels=("like",)), Counters(), OpenExposures(labels=1)
        >>> acceptance = Acceptance(schema, config=AdmissionConfig(), exposures=opened,
        ...     labels=LabelJoin(schema, opened, counters=counters), counters=counters)
        >>> disposition_N = np.zeros(2, np.int8)
        >>> table = pa.table({"event_id": ["a", "a"], "timestamp_ms": [1_000, 2_000], "arrival": [0, 1],
        ...     "label.like": [1, None], "known_ms.like": [5_000, None]})
        >>> rows, labels = acceptance.accept(table, disposition_N)
        >>> rows["serial"].to_pylist(), labels.known_ms_E.tolist()
        ([0], [5000])
        >>> disposition_N.tolist() == [Disposition.USED, Disposition.DUPLICATE]
        True
    """

    def __init__(
        self,
        schema: LogSchema,
        *,
        config: AdmissionConfig,
        exposures: OpenExposures,
        labels: LabelJoin,
        counters: Counters,
    ) -> None:
        self._schema, self._config, self._counters = schema, config, counters
        self._exposures, self._labels = exposures, labels
        self.serial_of: dict[str, int] = {}  # by event_id
        self.disagreeing = 0  # exposures that came before and gave labels that the first has not
        self._again: pa.Table | None = None  # those of the last call, with the first one's serial number
        self._ids: deque[str | None] = deque()  # of the serial numbers from _first_id on; None: erased
        self._users = OpenUsers()  # likewise
        self._first_id = 0

    def accept(self, exposures: pa.Table, disposition_N: Dispositions) -> tuple[pa.Table, LabelEvents]:
        """Exposures that are used, with serial numbers; and the labels that are known with them.

        Args:
            exposures: with ``event_id``, ``timestamp_ms``, labels, ``arrival``.
            disposition_N: by their times; of one that came before it becomes ``DUPLICATE``.
        """
        kept: list[int] = []
        again: dict[int, int] = {}  # row -> serial number
        serial = self._exposures.stop
        ids = exposures["event_id"].to_pylist()
        for row, (event_id, disposition) in enumerate(zip(ids, disposition_N.tolist(), strict=True)):
            if disposition in _SET_ASIDE:
                continue
            if event_id in self.serial_of:
                disposition_N[row] = Disposition.DUPLICATE
                again[row] = self.serial_of[event_id]
            elif disposition == Disposition.USED:
                self.serial_of[event_id] = serial + len(kept)
                self._ids.append(event_id)
                kept.append(row)
        self._counters.duplicates += count(disposition_N, Disposition.DUPLICATE)
        self._counters.late_exposures += count(disposition_N, Disposition.LATE)
        self._counters.late_after_idle += count(disposition_N, Disposition.LATE_AFTER_IDLE)
        self._counters.in_archive += count(disposition_N, Disposition.IN_ARCHIVE)
        self._counters.erased += count(disposition_N, Disposition.ERASED)
        self._again = None
        if again and not self._schema.positive_only:
            serials = pa.array(again.values(), pa.int64())
            self._again = exposures.take(pa.array(again)).append_column("serial", serials)
        return self._opened(exposures.take(pa.array(kept, pa.int64())) if len(kept) < len(ids) else exposures)

    def compare(self) -> None:
        """Count those that came before and give labels that nothing else has said by now."""
        if self._again is None:
            return
        known_NJ = self._exposures.label_NJ(whole_column(self._again, "serial"))
        differs_N = np.zeros(len(known_NJ), np.bool_)
        for place, label in enumerate(self._schema.labels):
            given_N = self._again[f"label.{label}"].fill_null(OPEN).to_numpy()
            differs_N |= (given_N != OPEN) & (given_N != known_NJ[:, place])
        self.disagreeing += int(np.count_nonzero(differs_N))
        self._again = None

    def forget(self, *, known_before_ms: int) -> None:
        """Forget exposures whose labels were awaited until before then, up to the first whose were not."""
        stays = self._exposures.until_ms() >= known_before_ms
        gone = int(np.argmax(stays)) if stays.any() else stays.size
        for _ in range(gone):
            if (event_id := self._ids.popleft()) is not None:
                del self.serial_of[event_id]
        self._users.forget(gone)
        self._first_id += gone
        self._labels.close_before(self._first_id)

    def erase(self, erasures: Erasures) -> None:
        """Users' exposures are forgotten: what is said of one names nobody's."""
        place_R = self._users.erase(erasures)
        for place in place_R.tolist():
            event_id, self._ids[place] = self._ids[place], None
            if event_id is not None:
                del self.serial_of[event_id]
        self._labels.forget_raw(self._first_id + place_R)

    def state(self) -> Arrays:
        """For a checkpoint."""
        numbers = {"first_id": np.array(self._first_id), "disagreeing": np.array(self.disagreeing)}
        state = under("ids", texts_as_arrays(list(self._ids))) | under("users", self._users.state())
        return numbers | state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, which others' names may stand among."""
        self._first_id = int(state["first_id"])
        self.disagreeing = int(state["disagreeing"])
        self._ids = deque(texts_in(below("ids", state)).to_pylist())
        self.serial_of = {
            event_id: self._first_id + place
            for place, event_id in enumerate(self._ids)
            if event_id is not None
        }
        self._users.restore(below("users", state))

    def _opened(self, accepted: pa.Table) -> tuple[pa.Table, LabelEvents]:
        timestamp_ms_N = whole_column(accepted, "timestamp_ms")
        serial_N = self._exposures.append(timestamp_ms_N, timestamp_ms_N + self._config.label_wait_ms)
        self._users.append(users_of(accepted))
        given = self._given_labels(accepted, serial_N, timestamp_ms_N)
        raw = [OF_A_LOG] * serial_N.size
        if "values" in accepted.column_names:
            raw = accepted["values"].to_pylist()
        given = given.joined(self._labels.open(serial_N, timestamp_ms_N, raw))
        drop = [f"{kind}.{label}" for label in self._schema.labels for kind in ("label", "known_ms")]
        rows = accepted.drop_columns([*drop, "arrival"])
        return rows.append_column("serial", pa.array(serial_N)), given

    def _given_labels(
        self, accepted: pa.Table, serial_N: npt.NDArray[np.int64], timestamp_ms_N: npt.NDArray[np.int64]
    ) -> LabelEvents:
        given = LabelEvents.none()
        for place, label in enumerate(self._schema.labels):
            unsaid = 1 if self._schema.positive_only else OPEN  # a choice says so by being there
            value_N = accepted[f"label.{label}"].fill_null(unsaid).to_numpy().astype(np.int8)
            known_ms_N = accepted[f"known_ms.{label}"].fill_null(0).to_numpy()
            known_ms_N = np.maximum(known_ms_N, timestamp_ms_N)
            given_N = value_N != OPEN
            in_time_N = given_N & (
                (known_ms_N <= timestamp_ms_N + self._config.label_wait_ms) | self._config.labels_come_along
            )
            self._counters.given_labels_late += int((given_N & ~in_time_N).sum())
            of_label = LabelEvents(
                known_ms_E=known_ms_N[in_time_N],
                serial_E=serial_N[in_time_N],
                label_E=np.full(int(in_time_N.sum()), place, np.int8),
                value_E=value_N[in_time_N],
            )
            given = given.joined(self._labels.note(of_label))
        return given
