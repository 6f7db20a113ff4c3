"""Event tables of a source that is not ours: each value is looked at before anything is made of it."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.limits import NO_ID, TEXT_BYTES, too_long
from interestclock.events.message_types import LARGEST_FLOAT32, unit_fault
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.plugins import exits_refused
from interestclock.timeofday import is_zone

__all__ = ["OwnTables", "check_columns_once", "check_fingerprint", "check_item_table", "each_table"]

Bools = npt.NDArray[np.bool_]

_OPTIONAL = {
    "request_id": (pa.int64(), pa.string()),
    "event_id": (pa.string(),),
    "zone": (pa.string(),),
}
_IDS = ("user_id", "item_id", "request_id")
_FIRST_MS, _LAST_MS = -2_208_988_800_000, 7_258_118_400_000  # 1900 and 2200
_FIRST_S, _LAST_S = 631_152_000, 4_102_444_800  # 1990 and 2100, in seconds
_RANGES = {
    "second_of_day": (0, 86_399, "the local second of the day, 0 to 86399"),
    "day_of_week": (0, 6, "the local weekday, 0 (Monday) to 6"),
    "log_row": (1, 2**63 - 1, "the row's number in the log, counted from 1"),
}


class OwnTables:
    """Looks at a log's event tables, one after the other.

    Their columns and types are right already. Whatever is not as ``interestclock.events.schema`` says is
    refused with the table, the row in it (both counted from 1), the column, the value and what to give.

    Args:
        name: of the source. schema: of its log.

    Raises:
        LogError: (from all it does) a value is null, out of its range, or does not go with the others; counts
            do not add up.

    Example:
        >>> tables = OwnTables(name="my_logs:Plays", schema=LogSchema(labels=("finish",)))
        >>> tables.check(pa.table({"user_id": [7, None], "item_id": [1, 1]}))
        Traceback (most recent call last):
        interestclock.errors.LogError: my_logs:Plays: chunks(), table 1, row 2: column 'user_id' is null; ...
    """

    def __init__(self, *, name: str, schema: LogSchema) -> None:
        self._name, self._schema = name, schema
        self._number, self._rows, self._last_row = 0, 0, 0
        self._times = {"timestamp_ms", *(f"known_ms.{label}" for label in schema.labels)}
        self._types: dict[str, pa.DataType | None] | None = None

    def check(self, table: pa.Table) -> None:
        """Look at the next table."""
        self._number += 1
        self._rows += table.num_rows
        self._check_types(table)
        if not table.num_rows:
            return
        for column, bad_N, remedy in self._faults(table):
            self._refuse_first(table, column, bad_N, remedy)

    def check_counts(self, counts: object) -> None:
        """Look at what became of the rows, once all were given."""
        check_counts(self._name, counts)
        assert isinstance(counts, LogCounts)
        parts = (counts.read, counts.used, counts.duplicates, counts.dead_letters)
        whole = all(type(each) is int and each >= 0 for each in parts)
        if not (whole and counts.add_up() and counts.used == self._rows):
            raise LogError(
                f"{self._name}: counts is {counts} after {self._rows:,} rows; used is how many rows chunks() "
                "gave, and read is used, duplicates and dead_letters together"
            )

    def _check_types(self, table: pa.Table) -> None:
        for column, types in _OPTIONAL.items():
            if column in table.column_names and table.schema.field(column).type not in types:
                raise LogError(
                    f"{self._where()}: column '{column}' is {table.schema.field(column).type}; cast it to "
                    + " or ".join(map(str, types))
                )
        found = {
            column: table.schema.field(column).type if column in table.column_names else None
            for column in _IDS
        }
        before = self._types or found
        for column, kind in found.items():
            if kind != before[column]:
                raise LogError(
                    f"{self._where()}: column '{column}' is {kind or 'missing'}, and in table 1 it is "
                    f"{before[column] or 'missing'}; give one type throughout"
                )
        self._types = before

    def _faults(self, table: pa.Table) -> Iterator[tuple[str, Bools, str]]:
        """Column, which rows are bad, what to give instead."""
        for column in ("user_id", "item_id"):
            yield column, _null(table, column), "give an id, or leave the row out and count it"
            yield column, _no_id(table, column), "that number stands for no id: give another"
        for column in table.column_names:
            yield column, _too_long(table, column), f"give at most {TEXT_BYTES} bytes, for example a digest"
        yield "timestamp_ms", _no_time(table, "timestamp_ms"), "give UTC milliseconds, 1900 to 2200"
        for column, (least, most, meaning) in _RANGES.items():
            bad_N = _null(table, column) | _outside(table, column, least, most)
            yield column, bad_N, f"give {meaning}"
        for label in self._schema.labels:
            yield f"label.{label}", _outside(table, f"label.{label}", 0, 1), "give 0, 1, or null if missing"
            known = f"known_ms.{label}"
            yield (
                known,
                _no_time(table, known),
                "give UTC milliseconds; timestamp_ms if it is known at once",
            )
            yield known, _before(table, known), "that is before the exposure: give timestamp_ms or later"
        yield from self._context_faults(table)

    def _context_faults(self, table: pa.Table) -> Iterator[tuple[str, Bools, str]]:
        for name in self._schema.numeric:
            beyond_N = _outside(table, f"numeric.{name}", -LARGEST_FLOAT32, LARGEST_FLOAT32)
            yield f"numeric.{name}", beyond_N, "give a finite number within float32 (3.4e38 in size), or null"
        for name in self._schema.truths:
            bad_N = _null(table, f"truth.{name}") | _outside(table, f"truth.{name}", 0.0, 1.0)
            yield f"truth.{name}", bad_N, "give a probability, 0 to 1"
        for column in _lists(table):
            yield column, _null_in_list(table, column), "leave values that are missing out of the list"
        if "zone" in table.column_names:
            yield "zone", _no_zone(table), "give an IANA zone such as Europe/Berlin, or null"

    def _refuse_first(self, table: pa.Table, column: str, bad_N: Bools, remedy: str) -> None:
        if not bad_N.any():
            return
        row = int(bad_N.argmax())
        value = table[column][row].as_py()
        if value is not None and column in self._times and (fault := unit_fault(value)):
            remedy = f"it {fault}"
        found = "null" if value is None else reprlib.repr(value)
        raise LogError(f"{self._where()}, row {row + 1}: column '{column}' is {found}; {remedy}")

    def check_log_rows(self, table: pa.Table) -> None:
        """Look at the numbers of its rows: predictions name a row by its own, so no two may have the same."""
        if not table.num_rows:
            return
        row_N = table["log_row"].to_numpy()
        back_N = np.flatnonzero(np.diff(row_N, prepend=self._last_row) <= 0)
        if back_N.size:
            at = int(back_N[0])
            last = self._last_row if at == 0 else row_N[at - 1]
            raise LogError(
                f"{self._where()}, row {at + 1}: column 'log_row' is {row_N[at]}, after {last}; number the "
                "rows in the order in which chunks() gives them: 1, 2, 3, ..."
            )
        self._last_row = int(row_N[-1])

    def _where(self) -> str:
        return f"{self._name}: chunks(), table {self._number}"


def each_table(name: str, tables: object) -> Iterable[Any]:
    """What ``chunks()`` gave, if it can be gone through.

    Raises:
        LogError: it cannot, such as None of a function that forgot to yield.
    """
    if not isinstance(tables, Iterable) or isinstance(tables, pa.Table | str):
        raise LogError(
            f"{name}: chunks() gave a {type(tables).__name__}; give an iterator of tables: yield each of them"
        )
    return _each(name, tables)


def _each(name: str, tables: Iterable[Any]) -> Iterator[Any]:
    each = iter(tables)
    while True:
        with exits_refused(f"{name}: chunks()"):
            try:
                table = next(each)
            except StopIteration:
                return
        yield table


def _no_id(table: pa.Table, column: str) -> Bools:
    if not pa.types.is_integer(table[column].type):
        return np.zeros(table.num_rows, bool)
    return np.asarray(pc.fill_null(pc.equal(table[column], NO_ID), False))


def _too_long(table: pa.Table, column: str) -> Bools:
    """Rows of text, or of lists of it, that are longer than an id or a value may be."""
    bad_N = np.zeros(table.num_rows, bool)
    values = table[column].combine_chunks()
    rows = None
    if pa.types.is_list(values.type):
        rows, values = pc.list_parent_indices(values), pc.list_flatten(values)
    if not pa.types.is_string(values.type) or (long := too_long(values)) is None:
        return bad_N
    long_N = np.asarray(long)
    bad_N[np.flatnonzero(long_N) if rows is None else np.asarray(rows)[long_N]] = True
    return bad_N


def _lists(table: pa.Table) -> list[str]:
    return [each.name for each in table.schema if pa.types.is_list(each.type)]


def check_counts(name: str, counts: object) -> None:
    """Refuse counts that are none (``LogError``, here and below)."""
    if not isinstance(counts, LogCounts):
        raise LogError(f"{name}: counts is {reprlib.repr(counts)}; give a LogCounts")


def check_fingerprint(name: str, fingerprint: object) -> str:
    """The fingerprint, if it is text."""
    if not isinstance(fingerprint, str) or not fingerprint:
        raise LogError(
            f"{name}: fingerprint() gave {reprlib.repr(fingerprint)}; give text that another log does not "
            "have, such as a SHA-256 of its content in hexadecimal"
        )
    return fingerprint


def check_columns_once(name: str, table: pa.Table, where: str) -> None:
    """Refuse a table that has two columns of one name."""
    names = table.column_names
    for column in names:
        if names.count(column) > 1:
            raise LogError(
                f"{name}: {where} gave {names.count(column)} columns called '{column}'; give one of each name"
            )


def check_item_table(name: str, table: pa.Table) -> None:
    """Refuse items without an id, and an item that is there twice."""
    ids = table["item_id"].combine_chunks()
    if ids.null_count:
        row = int(_null(table, "item_id").argmax())
        raise LogError(f"{name}: items(), row {row + 1}: column 'item_id' is null; give an id")
    first_of = np.unique(np.asarray(pc.dictionary_encode(ids).indices), return_index=True)[1]
    if len(first_of) < len(ids):
        row = int(np.setdiff1d(np.arange(len(ids)), first_of)[0])
        raise LogError(
            f"{name}: items(), row {row + 1}: column 'item_id' is {ids[row].as_py()!r}, as in a row before; "
            "give each item one row"
        )
    for column in _lists(table):
        if (bad_N := _null_in_list(table, column)).any():
            row = int(bad_N.argmax())
            raise LogError(
                f"{name}: items(), row {row + 1}: column '{column}' is {table[column][row].as_py()}; leave "
                "values that are missing out of the list"
            )


def _null(table: pa.Table, name: str) -> Bools:
    return np.asarray(pc.is_null(table[name]))


def _outside(table: pa.Table, name: str, least: float, most: float) -> Bools:
    """Which rows are out of a range; null is not."""
    values = table[name]
    return np.asarray(pc.or_(pc.less(values, least), pc.greater(values, most)).fill_null(False))


def _no_time(table: pa.Table, name: str) -> Bools:
    """Which rows are null, outside 1900 to 2200, or in seconds."""
    seconds_N = ~_outside(table, name, _FIRST_S, _LAST_S - 1)
    return _null(table, name) | seconds_N | _outside(table, name, _FIRST_MS, _LAST_MS - 1)


def _before(table: pa.Table, name: str) -> Bools:
    return np.asarray(pc.less(table[name], table["timestamp_ms"]))


def _null_in_list(table: pa.Table, name: str) -> Bools:
    """Which rows have a list with a null in it."""
    lists = table[name].combine_chunks()
    missing = np.asarray(pc.is_null(pc.list_flatten(lists)))
    bad_N = np.zeros(table.num_rows, bool)
    bad_N[np.asarray(pc.list_parent_indices(lists))[missing]] = True
    return bad_N


def _no_zone(table: pa.Table) -> Bools:
    zones = [each for each in pc.unique(table["zone"]).to_pylist() if each is not None]
    unknown = pa.array([each for each in zones if not is_zone(each)], pa.string())
    return np.asarray(pc.is_in(table["zone"], value_set=unknown))
