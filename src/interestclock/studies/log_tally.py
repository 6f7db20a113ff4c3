"""Counts behind an inspection, gathered in one pass over a log.

Shapes: ``N`` rows of a table, ``E`` events of all tables, ``P`` pairs of an event and one of its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import with_room
from interestclock.defaults import SITTING_MINUTES
from interestclock.errors import check_numbers
from interestclock.events.context import CONTEXT_KINDS
from interestclock.events.items import attach_attributes
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.studies.column_readings import ColumnReading
from interestclock.studies.gain_estimate import GainForecast
from interestclock.studies.hour_information import (
    EventHours,
    hour_information_bits,
    hour_information_within_users,
)
from interestclock.studies.inspection import HourInformation, LabelRate, LogInspection
from interestclock.studies.log_sample import SampleRow
from interestclock.studies.sittings import SittingTally, numbered_by_user
from interestclock.studies.unsplit import UnsplitText

__all__ = ["LogTally", "Shuffles"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Hours = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Shuffles:
    """What the information of the hour is corrected by.

    Args:
        sitting_minutes: a gap that ends a sitting. permutations: how many shuffles. seed: of them.

    Example:
        >>> Shuffles().permutations
        5
    """

    sitting_minutes: float = SITTING_MINUTES
    permutations: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)


class LogTally:
    """Counts a log chunk by chunk; ``hour_information`` and ``result`` say what was found.

    Args:
        schema: the log's names.
        items: its item table, None where attributes stand in the rows.
        shuffles: what the information of the hour is corrected by.

    Example:
        >>> from interestclock.studies.gain_estimate import GainEstimate
        >>> tally = LogTally(LogSchema(labels=("play",), positive_only=True), None)
        >>> tally.add(pa.table({"timestamp_ms": [0], "user_id": [7], "item_id": [1], "second_of_day": [0],
        ...                     "label.play": [1]}))
        >>> nothing = GainEstimate(nats=0.0, low=0.0, high=0.0, verdict="unlikely", reason="")
        >>> forecast = GainForecast(over_no_time=nothing, over_hour=nothing, own_past=nothing)
        >>> tally.result(LogCounts(read=1, used=1), hour_information={}, sample=(), columns=(),
        ...     forecast=forecast).users
        1
    """

    def __init__(
        self, schema: LogSchema, items: pa.Table | None, *, shuffles: Shuffles | None = None
    ) -> None:
        self._schema, self._items, self._shuffles = schema, items, shuffles or Shuffles()
        self._users, self._item_ids = _Codes(), _Codes()
        self._values = {name: _Codes() for name in schema.attributes}
        self._lists = {f"attribute.{name}": UnsplitText() for name in schema.attributes}
        for kind in CONTEXT_KINDS:
            if kind.several:
                self._lists |= {f"{kind.name}.{name}": UnsplitText() for name in schema.context[kind.name]}
        self._by_hour = np.zeros(24, np.int64)
        self._first_last: list[int] = []
        self._label_sums = {name: np.zeros(3, np.int64) for name in schema.labels}
        self._events_U = np.zeros(0, np.int64)
        self._sittings = SittingTally(sitting_minutes=self._shuffles.sitting_minutes)
        # Of each engaged event, in few bytes: of a long log nothing else is as many.
        self._user_E: list[npt.NDArray[np.int32]] = []
        self._hour_E: list[Hours] = []
        self._sitting_E: list[npt.NDArray[np.int32]] = []
        self._pairs: dict[str, list[tuple[Codes, Codes]]] = {name: [] for name in schema.attributes}
        self._engaged_events = 0

    def add(self, chunk: pa.Table) -> None:
        """Count an event table."""
        chunk = chunk.combine_chunks()
        times = chunk["timestamp_ms"]
        self._first_last = [*self._first_last[:1], times[0].as_py(), times[-1].as_py()]
        user_N = self._users.encode(_array(chunk, "user_id"))
        self._item_ids.encode(_array(chunk, "item_id"))
        hour_N = chunk["second_of_day"].to_numpy().astype(np.int64) // 3_600
        self._by_hour += np.bincount(hour_N, minlength=24)
        self._events_U = with_room(self._events_U, len(self._users))
        self._events_U += np.bincount(user_N, minlength=len(self._events_U))
        for name, sums in self._label_sums.items():
            sums[:] += _ones_given_missing(chunk[f"label.{name}"])
        engaged_N = self._engaged_of(chunk)
        if self._values:
            sitting_N = self._sittings.add(user_N, times.to_numpy().astype(np.int64))
            self._user_E.append(user_N[engaged_N].astype(np.int32))
            self._hour_E.append(hour_N[engaged_N].astype(np.int8))
            self._sitting_E.append(sitting_N[engaged_N].astype(np.int32))
        self._add_values(chunk.filter(pa.array(engaged_N)))

    def _engaged_of(self, chunk: pa.Table) -> npt.NDArray[np.bool_]:
        engaged_N = np.zeros(chunk.num_rows, bool)
        for name in self._schema.engaged:
            engaged_N |= np.asarray(pc.equal(chunk[f"label.{name}"], 1).fill_null(False))
        return engaged_N

    def _add_values(self, chunk: pa.Table) -> None:
        """Of engaged events."""
        if self._items is not None:
            chunk = attach_attributes(chunk, self._items, _array(chunk, "item_id"))
        for column, text in self._lists.items():
            text.add(_array(chunk, column))
        for name, codes in self._values.items():
            lists = _array(chunk, f"attribute.{name}")
            event_P = np.asarray(pc.list_parent_indices(lists)) + self._engaged_events
            value_P = codes.encode(pc.list_flatten(lists)).astype(np.int32)
            self._pairs[name].append((event_P.astype(np.int32), value_P))
        self._engaged_events += chunk.num_rows

    def hour_information(self) -> dict[str, HourInformation]:
        """Of each attribute, what the hour tells about it.

        The log has ended: no event is held any more, and none is taken (``ValueError``).
        """
        for codes in (self._users, self._item_ids, *self._values.values()):
            codes.close()
        if not self._values:
            return {}
        user_E, hour_E = _handed_over(self._user_E), _handed_over(self._hour_E)
        sitting_E = numbered_by_user(_handed_over(self._sitting_E), user_E)
        how = {"permutations": self._shuffles.permutations, "seed": self._shuffles.seed}
        found = {}
        for name, pairs in self._pairs.items():
            event_P, value_P = (np.concatenate(each) for each in zip(*pairs, strict=True))
            pairs.clear()
            events = EventHours(
                user_E=user_E, hour_E=hour_E, sitting_E=sitting_E, event_P=event_P, value_P=value_P
            )
            found[name] = HourInformation(
                values=len(self._values[name]),
                overall_bits=hour_information_bits(events, **how),
                within_users=hour_information_within_users(events, **how),
            )
        return found

    def result(
        self,
        counts: LogCounts,
        *,
        hour_information: Mapping[str, HourInformation],
        sample: Sequence[SampleRow],
        columns: Sequence[ColumnReading],
        forecast: GainForecast,
    ) -> LogInspection:
        """What was counted, with what others found; ``counts`` are the source's, final by now."""
        per_user = self._events_U[: len(self._users)]
        quantiles = {q: float(np.quantile(per_user, q, method="lower")) for q in QUANTILES}
        return LogInspection(
            counts=counts,
            first_ms=self._first_last[0],
            last_ms=self._first_last[-1],
            users=len(self._users),
            items=len(self._item_ids),
            events_per_user=quantiles,
            labels={name: _rate(sums) for name, sums in self._label_sums.items()},
            events_by_hour=self._by_hour.tolist(),
            hour_information=hour_information,
            unsplit=self._unsplit(),
            sample=sample,
            columns=columns,
            forecast=forecast,
        )

    def _unsplit(self) -> dict[str, str]:
        held = {column.partition(".")[2]: text.separator() for column, text in self._lists.items()}
        return {name: separator for name, separator in held.items() if separator is not None}


class _Codes:
    """Numbers values from 0 in order of appearance."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}
        self._closed_with: int | None = None

    def __len__(self) -> int:
        return len(self._known) if self._closed_with is None else self._closed_with

    def close(self) -> None:
        """No more come; how many they are is all that is held."""
        self._closed_with = len(self)
        self._known.clear()

    def encode(self, values: pa.Array) -> Ints:
        if self._closed_with is not None:
            raise ValueError("the log has ended; begin a tally of its own for another")
        if not len(values):
            return np.zeros(0, np.int64)
        encoded = values.dictionary_encode()
        codes = [self._known.setdefault(value, len(self._known)) for value in encoded.dictionary.to_pylist()]
        code_N: Ints = np.asarray(codes, np.int64)[np.asarray(encoded.indices)]
        return code_N


def _handed_over(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """All of them in one, and none in the list any more."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _array(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _rate(sums: Ints) -> LabelRate:
    ones, given, missing = sums.tolist()
    return LabelRate(positive=ones / given if given else 0.0, missing=missing / (given + missing))


def _ones_given_missing(label: pa.ChunkedArray) -> tuple[int, int, int]:
    return pc.sum(label).as_py() or 0, len(label) - label.null_count, label.null_count
