"""Labels that are made of raw columns and outcomes, once the last of these is known."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.label_events import LabelEvents
from interestclock.admission.serial_columns import Column, SerialColumns
from interestclock.arrays import Arrays, below, texts_as_arrays, texts_in, under
from interestclock.events.label_expressions import LabelExpression, label_expression, raw_columns
from interestclock.events.message_tables import OF_A_LOG
from interestclock.events.schema import LogSchema

__all__ = ["DerivedLabels", "MadeLabels"]

# Shapes: N exposures, E outcomes, C names of outcomes, J labels, G labels that are made, R that came.

IntArray = npt.NDArray[np.integer]
_NEVER = np.iinfo(np.int64).max
_COLUMNS = {
    "number": Column(kind=np.float64, fill=np.nan),
    "text": Column(kind=np.object_, fill=None),
}
_read = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, kw_only=True)
class MadeLabels:
    """Labels that could be made, and which message, among all that came, each was the last to wait for.

    Args:
        labels: in any order. arrival_E: int64 (E,).
    """

    labels: LabelEvents
    arrival_E: npt.NDArray[np.int64]

    @classmethod
    def none(cls) -> MadeLabels:
        """No labels."""
        return cls(labels=LabelEvents.none(), arrival_E=np.zeros(0, np.int64))

    def before(
        self, slot_E: IntArray, slot_R: IntArray, arrival_R: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Which labels that came themselves came behind one that was made for the same slot.

        Args:
            slot_E: of these labels. slot_R, arrival_R: of those that came.
        """
        made_at = dict(zip(slot_E.tolist(), self.arrival_E.tolist(), strict=True))
        never = np.iinfo(np.int64).max
        at_R = np.array([made_at.get(slot, never) for slot in slot_R.tolist()], np.int64)
        return at_R < arrival_R


class DerivedLabels:
    """Outcomes of exposures whose labels may still come, and the labels that follow from them.

    A label with an expression is made when everything it names is known: outcomes that came along with the
    exposure, among its raw columns, are known since then; others when their message says. A raw column that
    an exposure does not have is null. A label that comes out null is not given. A row of a log has the labels
    that its columns made; of an outcome that comes later follows what is made of outcomes alone.

    Of the raw columns, those that expressions name are read once and held; a number that is null is held as
    NaN, which JSON cannot say.

    Args:
        schema: names of outcomes, and the expressions of labels.

    Example:
        >>> schema = LogSchema(labels=("finish",), outcomes=("played",),
        ...     label_expressions={"finish": "played >= 0.8 * length"})
        >>> derived = DerivedLabels(schema)
        >>> len(derived.open(np.array([0]), np.array([100]), ['{"length": 10}']))
        0
        >>> made = derived.apply(serial_E=np.array([0]), outcome_E=np.array([0]), value_E=np.array([9.0]),
        ...     known_ms_E=np.array([150]), arrival_E=np.array([7]))
        >>> made.labels.value_E.tolist(), made.labels.known_ms_E.tolist(), made.arrival_E.tolist()
        ([1], [150], [7])
    """

    def __init__(self, schema: LogSchema) -> None:
        self._outcomes = schema.outcomes
        self._labels = [
            (schema.labels.index(label), label_expression(label, text))
            for label, text in schema.label_expressions.items()
        ]
        width = max(1, len(schema.outcomes))
        self._needed_JC = np.zeros((len(schema.labels), width), np.bool_)
        for label, expression in self._labels:
            self._needed_JC[label, : len(schema.outcomes)] = [
                n in expression.columns for n in schema.outcomes
            ]
        self._raw = {
            name: kind
            for _, expression in self._labels
            for name, kind in expression.columns.items()
            if name not in schema.outcomes
        }
        self._columns = SerialColumns(
            {
                "known_ms": Column(kind=np.int64, fill=_NEVER, width=width),
                "value": Column(kind=np.float64, width=width),
                "of_a_log": Column(kind=np.bool_),  # its raw columns are not here
            }
            | {f"raw.{name}": _COLUMNS[kind] for name, kind in self._raw.items()}
        )

    @property
    def idle(self) -> bool:
        """Whether a log has neither outcomes nor labels made of anything."""
        return not self._outcomes and not self._labels

    def open(
        self, serial_N: IntArray, timestamp_ms_N: IntArray, values_N: Sequence[str | None]
    ) -> LabelEvents:
        """Exposures were admitted; gives the labels that are known with them.

        Args:
            serial_N: as they go on. timestamp_ms_N: UTC milliseconds. values_N: raw columns as JSON text,
                ``OF_A_LOG`` where a log had them.
        """
        if self.idle or not serial_N.size:
            return LabelEvents.none()
        self._columns.append(serial_N.size)
        self._columns.put("of_a_log", serial_N, np.array([each == OF_A_LOG for each in values_N]))
        raw_values = [_read(each) if each else {} for each in values_N] if self._labels else []
        for place, name in enumerate(self._outcomes):
            given = [row for row, each in enumerate(raw_values) if each.get(name) is not None]
            if given:
                amounts = np.array([float(raw_values[row][name]) for row in given])
                self._columns.put("value", serial_N[given], amounts, at=np.full(len(given), place))
                self._columns.put(
                    "known_ms", serial_N[given], timestamp_ms_N[given], at=np.full(len(given), place)
                )
        raw = raw_columns(raw_values, self._raw)
        for name, kind in self._raw.items():
            value_N = _interned(raw[name].to_pylist()) if kind == "text" else raw[name].to_numpy()
            self._columns.put(f"raw.{name}", serial_N, value_N)
        return self._made(serial_N, timestamp_ms_N, new_NC=None)

    def forget_raw(self, serial_N: IntArray) -> None:
        """Raw columns of exposures go; nothing is made of them any more."""
        if self.idle:
            return
        for name, kind in self._raw.items():
            self._columns.put(f"raw.{name}", serial_N, _COLUMNS[kind].fill)

    def known(self, serial_E: IntArray, outcome_E: IntArray) -> npt.NDArray[np.bool_]:
        """Which outcomes of exposures came before."""
        known_E: npt.NDArray[np.bool_] = (
            self._columns.get("known_ms", serial_E)[np.arange(serial_E.size), outcome_E] != _NEVER
        )
        return known_E

    def apply(
        self,
        *,
        serial_E: IntArray,
        outcome_E: IntArray,
        value_E: npt.NDArray[np.float64],
        known_ms_E: npt.NDArray[np.int64],
        arrival_E: npt.NDArray[np.int64],
    ) -> MadeLabels:
        """Outcomes came, each of an exposure once; gives the labels that can be made with the last of them.

        Args:
            arrival_E: place of each message among all that came.
        """
        serial_N, row_E = np.unique(serial_E, return_inverse=True)
        new_NC = np.zeros((serial_N.size, self._needed_JC.shape[1]), np.bool_)
        new_NC[row_E, outcome_E] = True
        self._columns.put("value", serial_E, value_E, at=outcome_E)
        self._columns.put("known_ms", serial_E, known_ms_E, at=outcome_E)
        arrival_NC = np.full(new_NC.shape, -1)
        arrival_NC[row_E, outcome_E] = arrival_E
        made = self._made(serial_N, np.full(serial_N.size, np.iinfo(np.int64).min), new_NC=new_NC)
        row_G = np.searchsorted(serial_N, made.serial_E)
        last_G = np.where(self._needed_JC[made.label_E], arrival_NC[row_G], -1).max(axis=1, initial=-1)
        return MadeLabels(labels=made, arrival_E=last_G)

    def close_before(self, serial: int) -> None:
        """Forget exposures below a serial number."""
        if self.idle:
            return
        self._columns.close_before(serial)

    def state(self) -> Arrays:
        """For a checkpoint."""
        columns = self._columns.state()
        texts = {name: pa.array(columns.pop(name), pa.large_string()) for name in self._texts()}
        state = under("columns", columns)
        for name, value_N in texts.items():
            state |= under(f"texts/{name}", texts_as_arrays(value_N))
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        columns = below("columns", state)
        for name in self._texts():
            columns[name] = _interned(texts_in(below(f"texts/{name}", state)).to_pylist())
        self._columns.restore(columns)

    def _texts(self) -> list[str]:
        return [f"raw.{name}" for name, kind in self._raw.items() if kind == "text"]

    def _made(
        self, serial_N: IntArray, since_ms_N: IntArray, *, new_NC: npt.NDArray[np.bool_] | None
    ) -> LabelEvents:
        """Labels that can be made, none before ``since_ms_N``, and could not without what is new."""
        made = LabelEvents.none()
        for label, expression in self._labels:
            needed = np.flatnonzero(self._needed_JC[label])
            known_NC = self._columns.get("known_ms", serial_N)[:, needed]
            ready_N = (known_NC != _NEVER).all(axis=1)
            ready_N &= True if new_NC is None else new_NC[:, needed].any(axis=1)
            if len(needed) < len(expression.columns):
                ready_N &= ~self._columns.get("of_a_log", serial_N)
            ready = np.flatnonzero(ready_N)
            if ready.size:
                made = made.joined(self._evaluated(label, expression, serial_N[ready], since_ms_N[ready]))
        return made

    def _evaluated(
        self, label: int, expression: LabelExpression, serial_N: IntArray, since_ms_N: IntArray
    ) -> LabelEvents:
        known_ms_N = np.asarray(since_ms_N, np.int64)
        columns = {}
        for name in expression.columns:
            if name in self._outcomes:
                place = self._outcomes.index(name)
                known_ms_N = np.maximum(known_ms_N, self._columns.get("known_ms", serial_N)[:, place])
                columns[name] = pa.array(self._columns.get("value", serial_N)[:, place])
            elif self._raw[name] == "text":
                columns[name] = pa.array(self._columns.get(f"raw.{name}", serial_N), pa.string())
            else:
                columns[name] = pa.array(self._columns.get(f"raw.{name}", serial_N), from_pandas=True)
        value = expression.evaluate(pa.table(columns))
        given = np.flatnonzero(np.asarray(pc.is_valid(value)))
        return LabelEvents(
            known_ms_E=known_ms_N[given],
            serial_E=np.asarray(serial_N[given], np.int64),
            label_E=np.full(given.size, label, np.int8),
            value_E=np.asarray(value.fill_null(0), np.int8)[given],
        )


def _interned(value_N: Sequence[str | None]) -> npt.NDArray[np.object_]:
    """Texts, each held once as long as any exposure has it: most are of few."""
    return np.array([value and sys.intern(value) for value in value_N], np.object_)
