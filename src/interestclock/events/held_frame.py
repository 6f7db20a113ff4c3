"""A frame's columns as an Arrow table that is read as often as one likes, as a file is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.content_digest import content_digest
from interestclock.events.log_files import LogPath, called
from interestclock.events.raw_tables import RawBlock, check_columns, plain

__all__ = ["HeldFrame", "log_called"]

FRAME_ROWS = 32_768  # in a block: what is made of them stands beside the frame, and nothing is decoded


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldFrame:
    """What of a frame is read.

    Args:
        called: in messages, such as ``pandas DataFrame``. columns: all that the frame has.
        table: those that are read; its memory is the frame's, where that is Arrow's or NumPy's.

    Example:
        >>> held = HeldFrame(called="pyarrow Table", columns=("u",), table=pa.table({"u": [1, 2]}))
        >>> [block.row_N.tolist() for block in held.blocks()]
        [[1, 2]]
    """

    called: str
    columns: tuple[str, ...]
    table: pa.Table

    @classmethod
    def of(
        cls, names: Sequence[str], tables: Iterable[pa.Table], columns: Sequence[str], *, called: str
    ) -> Self:
        """Some columns of tables that follow one another.

        Args:
            names: of all columns. tables: each with all of them. columns: those to hold.

        Raises:
            LogError: they lack a column, have it twice, or there is no table at all.
        """
        path = Path(called)
        check_columns(path, list(names), columns)
        held = [table.select(list(columns)) for table in tables]
        if not held and columns:
            raise LogError(f"{called}: no events; expected one per row, and a reader gives its rows once")
        return cls(
            called=called, columns=tuple(names), table=pa.concat_tables(held) if held else pa.table({})
        )

    @property
    def path(self) -> Path:
        """Its name where that of a file would stand."""
        return Path(self.called)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[RawBlock]:
        """Some consecutive rows at a time, numbered from 1.

        Args:
            columns: of those that are held; None: all.
        """
        table = self.table if columns is None else self.table.select(list(columns))
        for start in range(0, table.num_rows, FRAME_ROWS):
            rows = plain(table.slice(start, FRAME_ROWS))
            row_N = np.arange(start + 1, start + 1 + rows.num_rows)
            yield RawBlock(path=self.path, table=rows, row_N=row_N, typed=True)

    def fingerprint(self) -> str:
        """A SHA-256 over names, types and values of what is held, however it lies in memory."""
        return content_digest(block.table for block in self.blocks())


def log_called(log: LogPath | HeldFrame) -> str:
    """A log in a message.

    Example:
        >>> held = HeldFrame(called="polars DataFrame", columns=(), table=pa.table({}))
        >>> log_called("a.csv"), log_called(held)
        ('a.csv', 'polars DataFrame')
    """
    return log.called if isinstance(log, HeldFrame) else called(log)
