"""Tells a column that is at fault from rows that are: how many rows of a log each column costs, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.column_remedies import remedy_for
from interestclock.events.mapping import ColumnMapping
from interestclock.events.row_checks import RowChecks
from interestclock.events.values import is_text

__all__ = ["ColumnFault", "ColumnFaults"]

_SHARE = 0.05  # of the rows: what is beyond it is not an accident of single rows
_FEW = 5  # rows that may all be malformed without their column being at fault
_SHOWN = 5
_MOST_VALUES = 1_000  # told apart, of one column
_SHOWN_CHARACTERS = 40

Bools = npt.NDArray[np.bool_]


@dataclass(kw_only=True)
class ColumnFault:
    """Rows that one column's values are refused for.

    Args:
        column: its name. expected: what would have been right.
        rows: how many hold something else. empty: how many hold nothing where something is needed.
        values: of the first of the former, as text -> rows.

    Example:
        >>> fault = ColumnFault(column="rating", expected="0 or 1", rows=3, values=Counter({"4": 2, "5": 1}))
        >>> fault.seen()
        "'4' (2 rows), '5' (1)"
    """

    column: str
    expected: str
    rows: int = 0
    empty: int = 0
    values: Counter[str] = field(default_factory=Counter)

    def add(self, refused: pa.Array) -> None:
        """Count values that are refused."""
        given = refused.filter(pc.invert(_is_empty(refused)))
        self.empty += len(refused) - len(given)
        self.rows += len(given)
        for value, rows in _counted(given).items():
            if value in self.values or len(self.values) < _MOST_VALUES:
                self.values[value] += rows

    def seen(self) -> str:
        """The most frequent of the values, with their rows."""
        most = sorted(self.values.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [f"{_short(value)} ({rows:,})" for value, rows in most[:_SHOWN]]
        shown[0] = shown[0][:-1] + (" row)" if most[0][1] == 1 else " rows)")
        return ", ".join(shown) + (", ..." if len(most) > _SHOWN else "")


class ColumnFaults:
    """Counts what each column of a log costs, over all of its blocks, and says what that comes to.

    The answer follows from the rows, whatever comes first and however they are cut into blocks.

    Args:
        mapping: what the columns mean.

    Example:
        >>> from pathlib import Path
        >>> from interestclock.events.raw_tables import RawBlock
        >>> from interestclock.events.values import parse_labels
        >>> from interestclock.mapping_keys import LabelColumn
        >>> rated = pa.table({"rating": [4, 5, 1] * 4})
        >>> block = RawBlock(path=Path("a.parquet"), table=rated, row_N=np.arange(1, 13), typed=True)
        >>> checks = RowChecks(block)
        >>> _ = checks.accept("rating", parse_labels)
        >>> faults = ColumnFaults(ColumnMapping(zone="UTC", labels={"finish": LabelColumn(column="rating")}))
        >>> faults.add(checks)
        >>> faults.refuse("a.parquet")
        Traceback (most recent call last):
        interestclock.errors.LogError: a.parquet: column 'rating': 8 of its 12 rows (66.7%) hold something ...
    """

    def __init__(self, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        self._rows = 0
        self._faults: dict[tuple[str, str], ColumnFault] = {}

    def add(self, checks: RowChecks) -> None:
        """Count a block, all of whose columns were read."""
        self._rows += len(checks.usable)
        for (column, expected), bad_N in checks.refused.items():
            new = ColumnFault(column=column, expected=expected)
            fault = self._faults.setdefault((column, expected), new)
            fault.add(checks.column(column).filter(pa.array(bad_N)))

    def refuse(self, called: str) -> None:
        """Refuse a log one of whose columns is at fault, with the values seen and the remedy.

        Args:
            called: the log, for the message.

        Raises:
            LogError: more than a twentieth of the rows, and no few, hold what the column cannot be.
        """
        found = [fault for fault in self._many() if not self._requested(fault)]
        if found:
            raise LogError(f"{called}: {self.sentence(max(found, key=lambda fault: fault.rows))}")

    def sentence(self, fault: ColumnFault) -> str:
        """What is wrong with a column, and what to do."""
        label = fault.expected
        return (
            f"column '{fault.column}': {self._share(fault.rows)} hold something else than {label}: "
            f"{fault.seen()}. {remedy_for(self._mapping, fault.column, fault.expected, fault.values)}"
        )

    def why(self) -> str | None:
        """Of a log without a usable row: the column that costs most rows."""
        worst = max(self._faults.values(), key=lambda fault: max(fault.rows, fault.empty), default=None)
        if worst is None or not max(worst.rows, worst.empty):
            return None
        if worst.rows >= worst.empty:
            return self.sentence(worst)
        return f"column '{worst.column}' is empty in {self._share(worst.empty)}"

    def remarks(self) -> list[str]:
        """What many rows were set aside for that no column is at fault for."""
        remarks = [
            f"column '{fault.column}' is empty in {self._share(fault.empty)}; they are set aside"
            for fault in self._faults.values()
            if self._is_much(fault.empty)
        ]
        return remarks + [
            f"column '{fault.column}': {self._share(fault.rows)} hold no integer, as id_type has it, and are "
            f"set aside: {fault.seen()}"
            for fault in self._many()
            if self._requested(fault)
        ]

    def _many(self) -> Iterator[ColumnFault]:
        return (fault for fault in self._faults.values() if self._is_much(fault.rows))

    def _is_much(self, rows: int) -> bool:
        return rows >= _FEW and rows > _SHARE * self._rows

    def _share(self, rows: int) -> str:
        return f"{rows:,} of its {self._rows:,} rows ({rows / self._rows:.1%})"

    def _requested(self, fault: ColumnFault) -> bool:
        """Ids that the mapping says are integers: that rows with others are set aside is what it wants."""
        ids = (self._mapping.user, self._mapping.item, self._mapping.request)
        return self._mapping.id_type == "integer" and fault.column in ids


def _is_empty(values: pa.Array) -> pa.Array:
    empty = pc.is_null(values, nan_is_null=not pa.types.is_nested(values.type))
    if is_text(values.type):
        empty = pc.or_(empty, pc.equal(pc.utf8_trim_whitespace(values), "").fill_null(False))
    return empty


def _counted(values: pa.Array) -> Mapping[str, int]:
    try:
        counts = pc.value_counts(values.cast(pa.string()))
    except pa.ArrowException:  # lists and the like
        return Counter(str(value) for value in values.slice(0, _MOST_VALUES).to_pylist())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _short(value: str) -> str:
    shown = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}..."
    return repr(shown)
