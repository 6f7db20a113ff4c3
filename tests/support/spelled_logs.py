"""Draws known logs, written down in any of the many ways in which logs are, whole or damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from known_logs import DAY_MS, ID_KINDS, ZONES, Row, known_log
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
    "clock": (None, lambda minutes: f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"),
}  # fmt: skip
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
    most = draw(
        st.integers(2, 60)
    )  # which shrinks; all the rest is even, which Hypothesis' own choices are not
    return _spelled(random.Random(draw(st.binary(min_size=8, max_size=8))), most)


def _spelled(rng: random.Random, most: int) -> SpelledLog:
    kind = rng.choice(("csv", "tsv", "parquet", "feather"))
    spelling = rng.choice([each for each in SPELLINGS if _fits(each, kind)])
    is_local = spelling.says == "wall" and spelling.step_ms < DAY_MS and rng.random() < 0.5
    places = rng.choice(_places(spelling))
    ids = rng.choice(ID_KINDS), rng.choice(ID_KINDS)
    rows = known_log(
        rng.randrange(2**32),
        size=most,
        ids=ids,
        step_ms=spelling.step_ms,
        places=places,
        unambiguous=is_local,
    ).rows
    dialect = _dialect(rng, kind)
    offset, label, genres = (rng.choice(list(each)) for each in (_OFFSETS, _LABELS, _GENRES))
    types = {
        "uid": rng.choice(_id_types(ids[0], kind)),
        "song": rng.choice(_id_types(ids[1], kind)),
        "played": spelling.type,
        "finish": _LABELS[label][0],
        "genres": _GENRES[genres][0],
        "device": rng.choice(_text_types(kind)),
        "age": rng.choice((pa.float64(), pa.float32(), None)),
        "offset": _OFFSETS[offset][0],
        "zone": rng.choice(_text_types(kind)),
        "note": None,
    }
    plan = Plan(types=types, is_text=kind in ("csv", "tsv"), encoding=dialect.encoding)
    genres = "JSON" if plan.is_text and types["genres"] is not None else genres

    def line_of(row: Row) -> Line:
        values = {
            "uid": _id(row.user, types["uid"]),
            "song": _id(row.item, types["song"]),
            "played": spelling.write(row, is_local),
            "finish": _LABELS[label][1].get(row.label),
            "genres": _GENRES[genres][1](row.genres),
            "device": row.device,
            "age": row.age if types["age"] is not None else None if row.age is None else str(row.age),
            "offset": _OFFSETS[offset][1](row.offset),
            "zone": row.zone,
            "note": 'no, "not" read',
        }
        return Line(values=values, readings=(row,))

    lines = [line_of(row) for row in rows]
    if rng.random() < 0.5:  # some rows twice
        lines = [each for line in lines for each in [line] * rng.choice((1, 1, 1, 2))]
    order = rng.choice(("sorted", "sorted", "late", "shuffled"))
    if order == "late":
        lines.sort(key=lambda line: _row(line).at_ms + rng.randrange(_LATENESS_MS))
    if order == "shuffled":
        rng.shuffle(lines)
    damage = rng.choice([each for each in DAMAGES if each.fits(plan)]) if rng.random() < 0.5 else None
    lines = lines if damage is None else damage.lines(rng, lines)
    starts = tuple(sorted({0, *(rng.randrange(len(lines)) for _ in range(rng.randrange(4)))}))
    layout = "file" if len(starts) == 1 else rng.choice(("files", "folder", "hive"))
    if layout == "hive":
        lines = [
            replace(line, folder=f"n{sum(at >= each for each in starts)}") for at, line in enumerate(lines)
        ]
    return SpelledLog(
        lines=tuple(lines),
        starts=starts,
        plan=plan,
        ending=f".{kind}" + (rng.choice(list(PACKED)) if plan.is_text else ""),
        mapping=_mapping(
            spelling,
            places,
            dialect,
            genres=genres,
            is_local=is_local or rng.choice((None, False)),
            has_folders=layout == "hive",
        ),
        lateness_ms=_LATENESS_MS if order == "late" else 0,
        in_order=order != "shuffled",
        damage=damage,
        dialect=dialect,
        layout=layout,
        small_blocks=rng.random() < 0.5,
        chunk=rng.choice((1, 7, 65_536)),
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
    return ("offsets",) if spelling.says == "offset" else ("offsets", "zones", *ZONES)


def _id_types(ids: str, kind: str) -> tuple[pa.DataType | None, ...]:
    return (*_INTEGERS.get(ids, ()), *_text_types(kind))


def _text_types(kind: str) -> tuple[pa.DataType | None, ...]:
    return (*_TEXTS, pa.string_view()) if kind == "feather" else _TEXTS


def _id(text: str, kind: pa.DataType | None) -> Any:
    is_number = kind is not None and (pa.types.is_integer(kind) or pa.types.is_floating(kind))
    return int(text) if is_number else text


def _row(line: Line) -> Row:
    row = line.readings[0]
    assert row is not None
    return row


def _dialect(rng: random.Random, kind: str) -> Dialect:
    encoding = rng.choice(("utf-8", "utf-8", "utf-8", "utf-16"))
    return Dialect(
        delimiter="\t" if kind == "tsv" else rng.choice(",;"),
        end=rng.choice(("\n", "\r\n")),
        all_quoted=rng.random() < 0.5,
        bom=rng.choice(("", "\ufeff")) if encoding == "utf-8" else "",
        encoding=encoding,
        blank_lines=rng.randrange(3),
        ends=rng.random() < 0.5,
    )


def _mapping(
    spelling: Spelling,
    places: str,
    dialect: Dialect,
    *,
    genres: str,
    is_local: bool | None,
    has_folders: bool,
) -> ColumnMapping:
    said_in_text = spelling.says == "offset"
    return ColumnMapping(
        user="uid",
        item="song",
        time="played",
        time_format=spelling.time_format,
        time_is_local=is_local,
        zone=places if places in ZONES else None,
        zone_column="zone" if places == "zones" else None,
        utc_offset_minutes="offset" if places == "offsets" and not said_in_text else None,
        separator="|" if genres == "separated" else None,
        labels={"finish": LabelColumn(column="finish")},
        attributes={"genre": "genres"},
        categorical={"device": "device"} | ({"part": "part"} if has_folders else {}),
        numeric={"age": "age"},
        csv=CsvFormat(delimiter=dialect.delimiter, encoding=dialect.encoding),
    )
