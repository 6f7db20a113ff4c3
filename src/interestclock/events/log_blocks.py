"""The files of a log as blocks of raw rows, one after the other."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator

import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.id_types import IdTypes, settle_id_types
from interestclock.events.log_files import LogPath, called, log_files, partition_of
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import MalformedLine, RawBlock
from interestclock.events.read_blocks import read_blocks, types_of

__all__ = ["LogBlocks"]

_HASH_BYTES = 1 << 20
_SHOWN = 3


class LogBlocks:
    """What stands in a log's files, in reading order; which rows can be used is for others to say.

    Args:
        path: a file, a folder, a pattern, or several of these (``log_files``).
        mapping: which columns are read.

    Raises:
        LogError: there is no such log.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("a.csv", "b.csv"):
        ...     _ = (folder / name).write_text("user_id,item_id,timestamp_ms\\n7,a,0\\n")
        >>> blocks = LogBlocks(folder, ColumnMapping(zone="UTC", positive_only="play"))
        >>> [(block.rows_read, rows_before) for block, rows_before in blocks.numbered()]
        [(1, 0), (1, 1)]
        >>> Path(blocks.name_row(2)).name
        'b.csv, row 1'
    """

    def __init__(self, path: LogPath, mapping: ColumnMapping) -> None:
        found = log_files(path)
        self.called, self.files, self._left_out = called(path), found.paths, found.left_out
        self._mapping = mapping
        self._starts: list[int] = []  # of each file that was begun: the rows before it

    def file_types(self) -> dict[str, pa.DataType | None]:
        """Columns of the first file and their types; None for those of text, which do not say."""
        return types_of(self.files[0], self._mapping.csv)

    def columns(self) -> tuple[str, ...]:
        """Those of the first file, and what its folders say."""
        return tuple(dict.fromkeys([*self.file_types(), *partition_of(self.files[0])]))

    def id_types(self) -> IdTypes:
        """What the ids are, over all files."""
        return settle_id_types(self.files, self._mapping)

    def fingerprint(self) -> str:
        """A SHA-256 over the content of the files and of the items file, in reading order."""
        digest = hashlib.sha256()
        items = () if self._mapping.items is None else log_files(self._mapping.items).paths
        for path in (*self.files, *items):
            digest.update(path.stat().st_size.to_bytes(8, "big"))
            with path.open("rb") as stream:
                while block := stream.read(_HASH_BYTES):
                    digest.update(block)
        return digest.hexdigest()

    def numbered(self) -> Iterator[tuple[RawBlock, int]]:
        """Every block with the number of rows in the files before its own."""
        self._starts, rows = [], 0
        for file in self.files:
            self._starts.append(rows)
            for block in read_blocks(file, self._mapping.log_columns(), self._mapping.csv):
                rows += block.rows_read
                yield block, self._starts[-1]

    def first(self) -> RawBlock:
        """The first block that has rows.

        Raises:
            LogError: none has.
        """
        malformed: MalformedLine | None = None
        for block, _ in self.numbered():
            if block.table.num_rows:
                return block
            malformed = malformed or next(iter(block.malformed), None)
        why = "" if malformed is None else f"; row {malformed.row}: {malformed.reason}"
        raise LogError(f"{self.called}: no events; expected one per row{why}")

    def times(self, first: RawBlock) -> Iterator[RawBlock]:
        """Blocks that have at least times, of which the first was read already."""
        yield first
        for file in self.files:
            for block in read_blocks(file, [self._mapping.time], self._mapping.csv):
                if file != first.path or (block.row_N > first.row_N[-1]).all():
                    yield block

    def name_row(self, log_row: int) -> str:
        """The file of a row of the log, counted from 1, and its row there."""
        file = bisect_right(self._starts, log_row - 1) - 1
        return f"{self.files[file]}, row {log_row - self._starts[file]}"

    def remarks(self) -> list[str]:
        """Files that were left out."""
        if not self._left_out:
            return []
        some = ", ".join(str(path) for path in self._left_out[:_SHOWN])
        more = f" and {len(self._left_out) - _SHOWN:,} more" if len(self._left_out) > _SHOWN else ""
        return [f"left out, as no file of the log's format: {some}{more}"]
