"""Keeps, for one block, which rows are refused so far and why."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.dead_letters import DeadLetter
from interestclock.events.raw_tables import RawBlock
from interestclock.events.values import Parsed

__all__ = ["RowChecks"]

Result = TypeVar("Result")


class RowChecks:
    """Reads a block's columns and remembers each row's first fault.

    Args:
        block: raw rows.

    Example:
        >>> from pathlib import Path
        >>> from interestclock.events.values import parse_labels
        >>> likes = pa.table({"liked": [1, 5]})
        >>> block = RawBlock(path=Path("a.parquet"), table=likes, row_N=np.array([1, 2]), typed=True)
        >>> checks = RowChecks(block)
        >>> checks.accept("liked", parse_labels).to_pylist(), checks.usable.tolist()
        ([1, None], [True, False])
        >>> [str(letter) for letter in checks.dead_letters()]
        ["a.parquet, row 2: column 'liked': expected 0, 1, true, false or empty"]
    """

    def __init__(self, block: RawBlock) -> None:
        self._block = block
        self._reasons: list[str] = []
        self._quoted: dict[int, str] = {}  # reason -> the column whose value it ends with
        self._reason_N = np.full(len(block.row_N), -1)
        self.refused: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}  # column, what was expected -> rows

    @property
    def path(self) -> Path:
        """The block's file."""
        return self._block.path

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(N,) bool: the rows without a fault so far."""
        return self._reason_N < 0

    def column(self, name: str) -> pa.Array:
        """A raw column of the block."""
        return self._block.table.column(name).combine_chunks()

    def read(self, name: str, parse: Callable[[pa.Array], Result]) -> Result:
        """Parse a column; a type that cannot be right is refused with the file's and the column's name."""
        try:
            return parse(self.column(name))
        except (LogError, pa.ArrowException) as error:
            raise LogError(f"{self._block.path}: column '{name}' {error}") from error

    def accept(self, name: str, parse: Callable[[pa.Array], Parsed]) -> pa.Array:
        """Parse a column and refuse its bad rows."""
        parsed = self.read(name, parse)
        reason = f"column '{name}': expected {parsed.expected}"
        self.reject(parsed.bad_N, reason, of=(name, parsed.expected), quoted=name if parsed.quoted else None)
        return parsed.values

    def reject(
        self,
        bad_N: npt.NDArray[np.bool_],
        reason: str,
        *,
        of: tuple[str, str] | None = None,
        quoted: str | None = None,
    ) -> None:
        """Refuse rows; a row keeps its first reason.

        Args:
            bad_N: (N,) the rows. reason: why.
            of: the column, and what was expected of it; ``refused`` notes all such rows.
            quoted: the column whose value the reason is to end with.
        """
        if of is not None and bad_N.any():
            self.refused.setdefault(of, bad_N)
        new_N = bad_N & self.usable
        if new_N.any():
            self._reason_N[new_N] = len(self._reasons)
            if quoted is not None:
                self._quoted[len(self._reasons)] = quoted
            self._reasons.append(reason)

    def dead_letters(self) -> list[DeadLetter]:
        """The refused rows and malformed lines of the block, in the file's order."""
        path, bad_N = self._block.path, ~self.usable
        raw = _readable(self._block.table.filter(pa.array(bad_N))).to_pylist()
        letters = [
            DeadLetter(file=path, row=int(row), reason=self._reason(int(reason), values), values=values)
            for row, reason, values in zip(self._block.row_N[bad_N], self._reason_N[bad_N], raw, strict=True)
        ]
        letters += [
            DeadLetter(file=path, row=line.row, reason=line.reason, values={"line": line.text})
            for line in self._block.malformed
        ]
        return sorted(letters, key=lambda letter: letter.row)

    def _reason(self, reason: int, values: Mapping[str, Any]) -> str:
        column = self._quoted.get(reason)
        return self._reasons[reason] + ("" if column is None else f", not {reprlib.repr(values[column])}")


def _readable(table: pa.Table) -> pa.Table:
    """Times and dates as text: Python's own have no nanoseconds and no year 10000."""
    for position, column in enumerate(table.schema):
        if pa.types.is_temporal(column.type):
            times = table.column(position)
            if pa.types.is_timestamp(column.type):
                times = times.cast(pa.timestamp(column.type.unit))
            table = table.set_column(position, column.name, times.cast(pa.string()))
    return table
