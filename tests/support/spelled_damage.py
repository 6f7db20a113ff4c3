"""What befalls a log on its way: values, lines and files that are damaged, and how each may be read then."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from known_logs import Row

__all__ = ["DAMAGES", "Damage", "Line", "Plan"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row as it is written.

    Args:
        values: by column. readings: what it may be read as; None: it may be set aside.
        folder: what the name of its folder says. mark: how its text is damaged, once it is written.
    """

    values: dict[str, Any]
    readings: tuple[Row | None, ...]
    folder: str | None = None
    mark: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a log is written.

    Args:
        types: of its columns, None for text; of text files all are text.
        encoding, is_quoted: of text.
    """

    types: dict[str, pa.DataType | None]
    is_text: bool
    encoding: str
    is_quoted: bool

    def is_float(self, column: str) -> bool:
        kind = self.types[column]
        return not self.is_text and kind is not None and pa.types.is_floating(kind)

    def holds_text(self, column: str) -> bool:
        kind = self.types[column]
        return self.is_text or kind in (None, pa.large_string(), pa.string_view())


Lines = list[Line]


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A kind of damage.

    Args:
        name: for people. lines: the lines of the log, damaged; of one that it fits.
        fits: which logs it can befall. stops: reading must end with an error; else it may.
        swallows: lines after a damaged one may be lost with it, as long as they are counted.
        said_of: columns; a row may be read as something else, as long as a remark is about one of them.
        file: what becomes of the last file's bytes.
    """

    name: str
    lines: Callable[[random.Random, Lines], Lines] = field(default=lambda _, lines: lines)
    fits: Callable[[Plan], bool] = field(default=lambda _: True)
    stops: bool = False
    swallows: bool = False
    said_of: tuple[str, ...] = ()
    file: Callable[[bytes], bytes] = field(default=lambda content: content)


def _one(change: Callable[[Line], Line]) -> Callable[[random.Random, Lines], Lines]:
    def damaged(rng: random.Random, lines: Lines) -> Lines:
        at = rng.randrange(len(lines))
        return [*lines[:at], change(lines[at]), *lines[at + 1 :]]

    return damaged


def _value(column: str, value: Any, **read_as: Any) -> Callable[[random.Random, Lines], Lines]:
    """A value that costs its row, unless it is said how the row is read."""

    def change(line: Line) -> Line:
        readings = tuple(replace(row, **read_as) for row in line.readings if row) if read_as else (None,)
        return replace(line, values={**line.values, column: value}, readings=readings)

    return _one(change)


def _marked(
    mark: str, *, last: bool = False, may_pass: bool = False
) -> Callable[[random.Random, Lines], Lines]:
    def change(line: Line) -> Line:
        return replace(line, mark=mark, readings=(*line.readings, None) if may_pass else (None,))

    if last:
        return lambda _, lines: [*lines[:-1], change(lines[-1])]
    return _one(change)


def _header_again(rng: random.Random, lines: Lines) -> Lines:
    at = rng.randrange(len(lines))
    names = {column: column for column in lines[0].values}
    return [*lines[:at], replace(lines[at], values=names, readings=(None,)), *lines[at:]]


def _swapped(rng: random.Random, lines: Lines) -> Lines:
    at = rng.randrange(len(lines))
    values = lines[at].values
    swapped = {**values, "uid": str(values["played"]), "played": values["uid"]}
    return [*lines[:at], replace(lines[at], values=swapped, readings=(None,)), *lines[at + 1 :]]


def _texts(column: str) -> Callable[[Plan], bool]:
    return lambda plan: plan.holds_text(column)


def _floats(column: str) -> Callable[[Plan], bool]:
    return lambda plan: plan.is_float(column)


def _quotes(plan: Plan) -> bool:
    return plan.is_text and plan.is_quoted


def _typed(plan: Plan) -> bool:
    return not plan.is_text


NAN, INF = float("nan"), float("inf")
DAMAGES = (
    *(Damage(name=f"no {column}", lines=_value(column, None)) for column in ("uid", "song", "played")),
    Damage(name="no label", lines=_value("finish", None, label=None)),
    Damage(name="no genres", lines=_value("genres", None, genres=())),
    Damage(name="time NaN", lines=_value("played", NAN), fits=_floats("played")),
    Damage(name="time infinite", lines=_value("played", INF), fits=_floats("played")),
    Damage(name="time 1e30", lines=_value("played", 1e30), fits=_floats("played")),
    Damage(name="label NaN", lines=_value("finish", NAN, label=None), fits=_floats("finish")),
    Damage(name="label 5", lines=_value("finish", 5), fits=lambda plan: plan.types["finish"] != pa.bool_()),
    Damage(name="label maybe", lines=_value("finish", "maybe"), fits=_texts("finish")),
    Damage(name="age NaN", lines=_value("age", NAN, age=None), fits=_floats("age")),
    Damage(name="age infinite", lines=_value("age", INF), fits=_floats("age")),
    Damage(name="age in words", lines=_value("age", "much"), fits=_texts("age")),
    Damage(name="age 1e39", lines=_value("age", "1e39"), fits=_texts("age")),
    Damage(name="time in words", lines=_value("played", "soon"), fits=_texts("played")),
    Damage(name="time far away", lines=_value("played", "9999-12-31T23:59:59Z"), fits=_texts("played")),
    Damage(name="known in words", lines=_value("known", "soon"), fits=_texts("known")),
    Damage(name="known before", lines=_value("known", "1949-01-01 00:00Z"), fits=_texts("known")),
    Damage(
        name="30 February",
        lines=_value("played", "2023-02-30 10:00:00"),
        fits=lambda plan: plan.holds_text("played"),
    ),
    Damage(name="id 2^53 + 2 as a float", lines=_value("uid", 2.0**53 + 2), fits=_floats("uid"), stops=True),
    Damage(
        name="user and time swapped",
        lines=_swapped,
        fits=lambda plan: plan.is_text,
        said_of=("uid", "played"),
    ),
    Damage(name="a torn line", lines=_marked("torn", last=True), fits=lambda p: p.is_text),
    Damage(name="a value too many", lines=_marked("wide"), fits=lambda p: p.is_text),
    Damage(
        name="no text", lines=_marked("bytes"), fits=lambda plan: plan.encoding == "utf-8" and plan.is_text
    ),
    Damage(
        name="an open quote",
        lines=_marked("quote first", may_pass=True),
        fits=_quotes,
        swallows=True,
    ),
    Damage(
        name="an open quote, last",
        lines=_marked("quote last", may_pass=True),
        fits=_quotes,
        swallows=True,
    ),
    Damage(name="header again", lines=_header_again, fits=lambda p: p.is_text),
    Damage(name="cut off", file=lambda content: content[:-9], fits=_typed, stops=True),
    Damage(name="empty", file=lambda _: b"", stops=True),
    Damage(name="JSON lines", file=lambda _: b'{"uid": 7, "song": 1}\n', stops=True),
)
