"""Draws known logs, written down in any of the many ways in which logs are, whole or damaged."""

from __future__ import annotations

import csv
import json
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from known_logs import DAY_MS, FALLBACK, ID_KINDS, ZONES, Row, at, known_rows
from spelled_damage import DAMAGES, Line, Plan
from spelled_files import PACKED, Dialect, SpelledLog
from spelled_times import SPELLINGS, Spelling

from interestclock.events import ColumnMapping, LabelColumn
from interestclock.mapping_keys import CsvFormat

__all__ = ["spelled_logs"]

_LATENESS_MS = 7_200_000
_INTEGERS = {
    "small": (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint64(), pa.float64(), pa.float32()),
    "signed": (pa.int8(), pa.int64(), pa.float64()),
    "large": (pa.int64(), pa.uint64()),
    "hashes": (pa.uint64(),),
}
_OFFSETS: dict[str, tuple[pa.DataType | None, Callable[[int], Any]]] = {
    "minutes": (pa.int16(), lambda minutes: minutes),
    "floats": (pa.float64(), float),
    "seconds": (pa.int64(), lambda minutes: minutes * 60),
    "clock": (None, lambda minutes: f"{'+-'[minutes < 0]}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"),
}
_LABELS: dict[str, tuple[pa.DataType | None, dict[int | None, Any]]] = {
    "int8": (pa.int8(), {1: 1, 0: 0}),
    "uint64": (pa.uint64(), {1: 1, 0: 0}),
    "float32": (pa.float32(), {1: 1, 0: 0}),
    "float64": (pa.float64(), {1: 1, 0: 0}),
    "bool": (pa.bool_(), {1: True, 0: False}),
    "digits": (None, {1: "1", 0: "0"}),
    "words": (None, {1: "true", 0: "FALSE"}),
}
_GENRES: dict[str, tuple[pa.DataType | None, Callable[[tuple[str, ...]], Any]]] = {
    "lists": (pa.list_(pa.string()), list),
    "large lists": (pa.large_list(pa.large_string()), list),
    "JSON": (None, lambda genres: json.dumps(genres, ensure_ascii=False)),
    "Python": (None, lambda genres: repr(list(genres))),
    "separated": (None, " | ".join),
}
_TEXTS = (None, pa.large_string(), pa.dictionary(pa.int8(), pa.string()))


@st.composite
def spelled_logs(draw: st.DrawFn) -> SpelledLog:
    """Logs of at most a few dozen rows, half of them damaged."""
    most = draw(st.integers(2, 60))
    return _Speller(random.Random(draw(st.binary(min_size=8, max_size=8)))).spelled(most)


class _Speller:
    """Chooses evenly among all that may be, which Hypothesis by itself does not."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kind = rng.choice(("csv", "tsv", "parquet", "feather"))
        self.is_text = self.kind in ("csv", "tsv")
        self.spelling = rng.choice([each for each in SPELLINGS if _fits(each, self.kind)])
        is_wall = self.spelling.says == "wall" and self.spelling.step_ms < DAY_MS
        self.is_local = is_wall and rng.random() < 0.5
        self.places = rng.choice(_places(self.spelling))
        self.ids = rng.choice(ID_KINDS), rng.choice(ID_KINDS)
        self.offset, self.label = rng.choice(list(_OFFSETS)), rng.choice(list(_LABELS))
        self.genres = rng.choice([name for name in _GENRES if not (self.is_text and "lists" in name)])
        self.dialect = _dialect(rng, self.kind)
        self.several_lines = self.is_text and self.dialect.quoting != csv.QUOTE_NONE and rng.random() < 0.2

    def spelled(self, most: int) -> SpelledLog:
        rng, types = self.rng, self._types()
        plan = Plan(
            types=types,
            is_text=self.is_text,
            encoding=self.dialect.encoding,
            is_quoted=self.dialect.quoting != csv.QUOTE_NONE,
        )
        order = rng.choice(("sorted", "sorted", "late", "shuffled"))
        lines = self._ordered([self._line(row) for row in self._rows(most)], order)
        damage = rng.choice([each for each in DAMAGES if each.fits(plan)]) if rng.random() < 0.5 else None
        lines = lines if damage is None else damage.lines(rng, lines)
        starts = tuple(sorted({0, *(rng.randrange(len(lines)) for _ in range(rng.randrange(4)))}))
        layout = "file" if len(starts) == 1 else rng.choice(("files", "folder", "hive"))
        if layout == "hive":
            folders = [f"n{bisect_right(starts, at)}" for at in range(len(lines))]
            lines = [replace(line, folder=each) for line, each in zip(lines, folders, strict=True)]
        return SpelledLog(
            lines=tuple(lines),
            starts=starts,
            plan=plan,
            types=tuple(types if damage is not None else types | self._id_types() for _ in starts),
            ending=f".{self.kind}" + (rng.choice(list(PACKED)) if self.is_text else ""),
            mapping=self._mapping(tuple(lines[0].values), has_folders=layout == "hive"),
            lateness_ms=_LATENESS_MS if order == "late" else 0,
            in_order=order != "shuffled",
            damage=damage,
            dialect=self.dialect,
            layout=layout,
            small_blocks=rng.random() < 0.5,
            chunk=rng.choice((3, 10, 65_536)),
        )

    def _types(self) -> dict[str, pa.DataType | None]:
        return self._id_types() | {
            "played": self.spelling.type,
            "known": self.spelling.type,
            "finish": _LABELS[self.label][0],
            "genres": _GENRES[self.genres][0],
            "device": self.rng.choice(_text_types(self.kind)),
            "age": self.rng.choice((pa.float64(), pa.float32(), None)),
            "offset": _OFFSETS[self.offset][0],
            "zone": self.rng.choice(_text_types(self.kind)),
            "note": None,
        }

    def _id_types(self) -> dict[str, pa.DataType | None]:
        kinds = zip(("uid", "song"), self.ids, strict=True)
        return {name: self.rng.choice(_id_types(ids, self.kind)) for name, ids in kinds}

    def _rows(self, most: int) -> list[Row]:
        return known_rows(
            self.rng,
            most=most,
            ids=self.ids,
            step_ms=self.spelling.step_ms,
            far_years=self.spelling.far_years,
            places=self.places,
            once=self.is_local,
        )

    def _line(self, row: Row) -> Line:
        known = None if row.known_ms is None else self.spelling.write(at(row, row.known_ms), self.is_local)
        has_own = row.zone != FALLBACK or self.places == "zones"
        values = {
            "uid": row.user,
            "song": row.item,
            "played": self.spelling.write(row, self.is_local),
            "known": known,
            "finish": _LABELS[self.label][1].get(row.label),
            "genres": _GENRES[self.genres][1](row.genres),
            "device": row.device,
            "age": row.age,
            "offset": _OFFSETS[self.offset][1](row.offset) if row.zone is None else None,
            "zone": row.zone if has_own else None,
            "note": "two\nlines" if self.several_lines and self.rng.random() < 0.3 else 'not, "read"',
        }
        return Line(values=values, readings=(row,))

    def _ordered(self, lines: list[Line], order: str) -> list[Line]:
        rng = self.rng
        if rng.random() < 0.5:  # some rows twice
            lines = [each for line in lines for each in [line] * rng.choice((1, 1, 1, 2))]
        if order == "late":
            lines.sort(key=lambda line: _row(line).at_ms + rng.randrange(_LATENESS_MS))
        if order == "shuffled":
            rng.shuffle(lines)
        return lines

    def _mapping(self, columns: tuple[str, ...], *, has_folders: bool) -> ColumnMapping:
        in_columns = self.spelling.says != "offset"
        fallback = FALLBACK if self.places.endswith("or zone") else None
        return ColumnMapping(
            user="uid",
            item="song",
            time="played",
            time_format=self.spelling.time_format,
            time_is_local=self.is_local or self.rng.choice((None, False)),
            zone=self.places if self.places in ZONES else fallback,
            zone_column="zone" if self.places.startswith("zones") else None,
            utc_offset_minutes="offset" if self.places.startswith("offsets") and in_columns else None,
            separator="|" if self.genres == "separated" else None,
            labels={"finish": LabelColumn(column="finish", known_column="known")},
            attributes={"genre": "genres"},
            categorical={"device": "device"} | ({"part": "part"} if has_folders else {}),
            numeric={"age": "age"},
            csv=CsvFormat(
                delimiter=self.dialect.delimiter,
                encoding=self.dialect.encoding,
                columns=None if self.dialect.header else columns,
                quoted=self.dialect.quoting != csv.QUOTE_NONE,
            ),
        )


def _fits(spelling: Spelling, kind: str) -> bool:
    """Whether a file of a kind can hold such times."""
    if kind in ("csv", "tsv"):
        return spelling.type is None
    return kind == "feather" or spelling.type not in (pa.timestamp("s"), pa.date64())


def _places(spelling: Spelling) -> tuple[str, ...]:
    """Where users may be, so that the log says it."""
    if spelling.fixed_offset:
        return ("+05:30",)
    if spelling.says == "offset":
        return ("offsets",)
    return ("offsets", "offsets or zone", "zones", "zones or zone", *ZONES[:4])


def _id_types(ids: str, kind: str) -> tuple[pa.DataType | None, ...]:
    return (*_INTEGERS.get(ids, ()), *_text_types(kind))


def _text_types(kind: str) -> tuple[pa.DataType | None, ...]:
    return (*_TEXTS, pa.string_view()) if kind == "feather" else _TEXTS


def _row(line: Line) -> Row:
    row = line.readings[0]
    assert row is not None
    return row


def _dialect(rng: random.Random, kind: str) -> Dialect:
    encoding = rng.choice(("utf-8", "utf-8", "utf-8", "utf-16"))
    quotings = (csv.QUOTE_ALL, csv.QUOTE_MINIMAL, *([csv.QUOTE_NONE] if kind == "tsv" else []))
    return Dialect(
        delimiter="\t" if kind == "tsv" else rng.choice(",;"),
        end=rng.choice(("\n", "\r\n")),
        quoting=rng.choice(quotings),
        header=rng.random() < 0.8,
        bom=rng.choice(("", "\ufeff")) if encoding == "utf-8" else "",
        encoding=encoding,
        blank_lines=rng.randrange(3),
        ends=rng.random() < 0.5,
    )
