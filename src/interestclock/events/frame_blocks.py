"""A frame's rows in the place of a log's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.held_frame import HeldFrame
from interestclock.events.id_types import IdTypes, id_types_of
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock

__all__ = ["FrameBlocks"]


class FrameBlocks:
    """What stands in a frame, as ``LogBlocks`` says it of files.

    Args:
        frame: with the columns that the mapping reads. mapping: what they mean.

    Example:
        >>> rows = pa.table({"user_id": [7, 8], "item_id": [1, 1], "timestamp_ms": [0, 1]})
        >>> held = HeldFrame(called="pyarrow Table", columns=tuple(rows.column_names), table=rows)
        >>> blocks = FrameBlocks(held, ColumnMapping(zone="UTC", positive_only="play"))
        >>> [(block.rows_read, rows_before) for block, rows_before in blocks.numbered()], blocks.name_row(2)
        ([(2, 0)], 'pyarrow Table, row 2')
    """

    files: tuple[Path, ...] = ()

    def __init__(self, frame: HeldFrame, mapping: ColumnMapping) -> None:
        self.called, self._frame, self._mapping = frame.called, frame, mapping

    def file_types(self) -> dict[str, pa.DataType | None]:
        """Its columns and, of those that are read, the types."""
        read = dict(zip(self._frame.table.schema.names, self._frame.table.schema.types, strict=True))
        return dict.fromkeys(self._frame.columns) | read

    def columns(self) -> tuple[str, ...]:
        """All that it has."""
        return self._frame.columns

    def id_types(self) -> IdTypes:
        """What the ids are, of their columns' types."""
        return id_types_of(self._frame.blocks(), self._mapping)

    def fingerprint(self) -> str:
        """Of the columns that are read."""
        return self._frame.fingerprint()

    def numbered(self) -> Iterator[tuple[RawBlock, int]]:
        """Every block; no rows stand before a frame's."""
        return ((block, 0) for block in self._frame.blocks())

    def first(self) -> RawBlock:
        """The first block.

        Raises:
            LogError: there is none.
        """
        for block in self._frame.blocks():
            return block
        raise LogError(f"{self.called}: no events; expected one per row")

    def times(self, first: RawBlock) -> Iterator[RawBlock]:
        """Blocks that have at least times, of which the first was read already."""
        yield first
        for block in self._frame.blocks([self._mapping.time]):
            if block.row_N[0] > first.row_N[-1]:
                yield block

    def name_row(self, log_row: int) -> str:
        """A row of it, counted from 1."""
        return f"{self.called}, row {log_row}"

    def remarks(self) -> list[str]:
        """Nothing is left out."""
        return []
