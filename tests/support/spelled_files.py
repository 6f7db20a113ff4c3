"""A known log as files: whole or damaged, of every format, packed, cut and placed."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather
from spelled_damage import Damage, Line, Plan

from interestclock.events import ColumnMapping

__all__ = ["PACKED", "Dialect", "SpelledLog"]

_BAD_BYTE = "\ue000"
PACKED = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How text is written."""

    delimiter: str
    end: str
    quoting: int
    header: bool
    bom: str
    encoding: str
    blank_lines: int
    ends: bool


@dataclass(frozen=True, kw_only=True)
class SpelledLog:
    """A log as it is to be written, and what belongs into a mapping for it.

    Args:
        lines: as they stand in its files, one behind the other. starts: where files begin among them.
        plan: what damage can befall it. types: of each file's columns. ending: of its files.
        mapping: how it is read. lateness_ms: how far rows stand behind the newest.
        in_order: rows stand in order of time, but for that. damage: what befell it.
        dialect: how text is written. layout: ``file``, ``files``, ``folder`` or ``hive``.
        small_blocks: few rows are read together. chunk: rows that are given together.
    """

    lines: tuple[Line, ...]
    starts: tuple[int, ...]
    plan: Plan
    types: tuple[dict[str, pa.DataType | None], ...]
    ending: str
    mapping: ColumnMapping
    lateness_ms: int
    in_order: bool
    damage: Damage | None
    dialect: Dialect
    layout: str
    small_blocks: bool
    chunk: int

    def write(self, folder: Path) -> Path | list[Path]:
        """Write its files; gives what is to be opened."""
        paths = []
        stops = (*self.starts[1:], len(self.lines))
        for number, (start, stop) in enumerate(zip(self.starts, stops, strict=True)):
            lines = self.lines[start:stop]
            place = folder / f"part={lines[0].folder}" if self.layout == "hive" else folder
            place.mkdir(exist_ok=True)
            path = place / f"plays-{number + 8}{self.ending}"
            self._write(path, lines, self.types[number])
            paths.append(path)
        if self.damage is not None:
            paths[-1].write_bytes(self.damage.file(paths[-1].read_bytes()))
        return {"file": paths[0], "files": paths}.get(self.layout, folder)

    def _write(self, path: Path, lines: tuple[Line, ...], types: dict[str, pa.DataType | None]) -> None:
        if self.plan.is_text:
            packed = next(each for end, each in reversed(PACKED.items()) if path.name.endswith(end))
            path.write_bytes(packed(_as_text(lines, self.dialect)))
            return
        columns = {name: [line.values[name] for line in lines] for name in lines[0].values}
        table = pa.table({name: _column(values, types[name]) for name, values in columns.items()})
        (pq.write_table if self.ending == ".parquet" else feather.write_feather)(table, path)


def _column(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    if kind is None:
        return pa.array([each if each is None else str(each) for each in values], pa.string())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = [int(each) if isinstance(each, str) else each for each in values]
    if pa.types.is_temporal(kind):
        return pa.array(values, pa.int32() if kind == pa.date32() else pa.int64()).cast(kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def _as_text(lines: tuple[Line, ...], dialect: Dialect) -> bytes:
    header = Line(values=dict(zip(lines[0].values, lines[0].values, strict=True)), readings=())
    written = [_line(each, dialect) for each in ((header, *lines) if dialect.header else lines)]
    blank = [dialect.end] * dialect.blank_lines
    text = dialect.bom + "".join((*written[:1], *blank, *written[1:]))
    text = text if dialect.ends else text.removesuffix(dialect.end)
    return text.encode(dialect.encoding).replace(_BAD_BYTE.encode(), b"\xff")


def _line(line: Line, dialect: Dialect) -> str:
    texts = ["" if each is None else str(each) for each in line.values.values()]
    if line.mark == "bytes":
        texts[0] = _BAD_BYTE + texts[0]
    if line.mark == "wide":
        texts.append("more")
    if line.mark == "torn":
        texts = texts[:-2]
    written = [_quoted(each, dialect) for each in texts]
    if line.mark in ("quote first", "quote last"):
        at = 0 if line.mark == "quote first" else -1
        written[at] = '"' + texts[at].replace('"', "")
    return dialect.delimiter.join(written) + dialect.end


def _quoted(text: str, dialect: Dialect) -> str:
    if dialect.quoting == csv.QUOTE_NONE:
        return text
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=dialect.delimiter, quoting=dialect.quoting, lineterminator="\n")
    writer.writerow([text, ""])
    return stream.getvalue().rsplit(dialect.delimiter, 1)[0]
