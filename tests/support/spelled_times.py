"""The ways in which a time is written: as numbers, types and text, with and without what tells its offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
from known_logs import DAY_MS, Row, local

__all__ = ["SPELLINGS", "Spelling"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_MS = {"s": 1e-3, "ms": 1, "us": 1_000, "ns": 1_000_000}
_STEP = {"s": 1_000, "ms": 1, "us": 1, "ns": 1}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a log writes its times.

    Args:
        name: for people. step_ms: times are whole multiples of it.
        says: an instant; a wall clock, and not which; or a wall clock and its offset.
        type: of its column; None: text.
        write: a row, and whether wall clocks are the user's -> a value, for a typed column an integer.
        time_format: for the mapping.
        far_years: whether it can tell years before 2000 and after 2025.
    """

    name: str
    step_ms: int
    says: Literal["instant", "wall", "offset"]
    write: Callable[[Row, bool], Any]
    type: pa.DataType | None = None
    time_format: str | None = None
    far_years: bool = True

    @property
    def fixed_offset(self) -> bool:
        """Whether one offset, +05:30, holds for all rows."""
        return self.says == "offset" and self.type is not None


def _utc(row: Row) -> datetime:
    return (_EPOCH + timedelta(milliseconds=row.at_ms)).replace(tzinfo=None)


def _shown(row: Row, is_local: bool) -> datetime:
    return local(row) if is_local else _utc(row)


def _numbers() -> list[Spelling]:
    found = []
    for unit, per_ms in _PER_MS.items():
        types = [pa.int64(), pa.uint64(), pa.float64(), None]
        if unit == "s":
            types.append(pa.int32())
        for kind in types[: 2 if unit == "ns" else None]:
            found.append(
                Spelling(
                    name=f"{unit} as {kind or 'text'}",
                    step_ms=_STEP[unit],
                    says="instant",
                    type=kind,
                    far_years=False,
                    write=lambda row, _, per_ms=per_ms: round(row.at_ms * per_ms),
                )
            )
    for kind in (pa.float64(), None):
        name = f"fractions of seconds as {kind or 'text'}"
        found.append(
            Spelling(
                name=name,
                step_ms=1,
                says="instant",
                type=kind,
                far_years=False,
                write=lambda row, _: row.at_ms / 1_000,
            )
        )
    return found


def _dates_as_numbers() -> list[Spelling]:
    shapes = (("%Y%m%d", DAY_MS, pa.int32()), ("%Y%m%d", DAY_MS, None), ("%Y%m%d%H%M%S", 1_000, pa.int64()))
    return [
        Spelling(
            name=f"{shape} as {kind or 'text'}",
            step_ms=step_ms,
            says="wall",
            type=kind,
            write=lambda row, is_local, shape=shape: int(f"{_shown(row, is_local):{shape}}"),
        )
        for shape, step_ms, kind in (*shapes, ("%Y%m%d%H%M%S", 1_000, None), ("%Y%m%d", DAY_MS, pa.float64()))
    ]


def _types() -> list[Spelling]:
    found = [
        Spelling(
            name=str(kind),
            step_ms=DAY_MS,
            says="wall",
            type=kind,
            write=lambda row, _, kind=kind: row.at_ms // DAY_MS * (1 if kind == pa.date32() else DAY_MS),
        )
        for kind in (pa.date32(), pa.date64())
    ]
    for unit, per_ms in _PER_MS.items():
        for tz in (None, "UTC", "Europe/Berlin", "+05:30"):
            says: Any = "wall" if tz is None else "offset" if tz == "+05:30" else "instant"
            found.append(
                Spelling(
                    name=f"timestamp[{unit}, {tz}]",
                    step_ms=_STEP[unit],
                    says=says,
                    type=pa.timestamp(unit, tz),
                    write=lambda row, is_local, tz=tz, per_ms=per_ms: round(
                        (row.at_ms + (row.offset * 60_000 if is_local and tz is None else 0)) * per_ms
                    ),
                )
            )
    return found


def _digits(offset: int, colon: str) -> str:
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}{colon}{abs(offset) % 60:02d}"


def _fraction(moment: datetime, digits: int, mark: str) -> str:
    return f"{mark}{moment.microsecond:06d}000"[: digits + 1] if digits else ""


def _mail(moment: datetime) -> str:
    return f"{_DAYS[moment.weekday()]}, {moment.day} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S}"


def _texts() -> list[Spelling]:
    shapes: list[tuple[str, int, Callable[[datetime], str]]] = [
        ("T, minutes", 60_000, lambda each: f"{each:%Y-%m-%dT%H:%M}"),
        ("blank", 1_000, lambda each: f"{each:%Y-%m-%d %H:%M:%S}"),
        ("small t, .f", 100, lambda each: f"{each:%Y-%m-%dt%H:%M:%S}{_fraction(each, 1, '.')}"),
        ("T, .fff", 1, lambda each: f"{each:%Y-%m-%dT%H:%M:%S}{_fraction(each, 3, '.')}"),
        ("blank, ,ff", 10, lambda each: f"{each:%Y-%m-%d %H:%M:%S}{_fraction(each, 2, ',')}"),
        ("T, .ffffff", 1, lambda each: f"{each:%Y-%m-%dT%H:%M:%S}{_fraction(each, 6, '.')}"),
        ("T, .fffffffff", 1, lambda each: f"{each:%Y-%m-%dT%H:%M:%S}{_fraction(each, 9, '.')}"),
        ("short", 1_000, lambda each: f"{each:%Y%m%dT%H%M%S}"),
        ("short, minutes", 60_000, lambda each: f"{each:%Y%m%dT%H%M}"),
    ]
    ends = {"": "wall", "Z": "instant", "z": "instant", " UTC": "instant", "+00:00": "instant"}
    ends |= {"OWN": "offset", " OWN": "offset", "OWN:": "offset"}
    found = [_text(*shape, end, says) for shape in shapes for end, says in ends.items()]
    mails = {"": "wall", " GMT": "instant", " +0000": "instant", " OWN": "offset"}
    return found + [_text("mail", 1_000, _mail, end, says) for end, says in mails.items()]


def _text(name: str, step_ms: int, shape: Callable[[datetime], str], end: str, says: Any) -> Spelling:
    def write(row: Row, is_local: bool) -> str:
        if says != "offset":
            return shape(_shown(row, is_local and says == "wall")) + end
        return (
            shape(local(row)) + end.split("O", maxsplit=1)[0] + _digits(row.offset, ":" if ":" in end else "")
        )

    return Spelling(name=f"text: {name}{end}", step_ms=step_ms, says=says, write=write)


def _formats() -> list[Spelling]:
    formats = {
        "%d/%m/%Y %H:%M:%S": 1_000,
        "%d.%m.%Y %H:%M:%S.%f": 1,
        "%m-%d-%y %I:%M %p": 60_000,
        "%d %b %Y, %H:%M": 60_000,
        "%Y%m%d": DAY_MS,
        "%Y-%m-%d %H:%M:%S %z": 1_000,
        "%Y-%m-%dT%H:%M:%S.%fZ": 1,
    }
    return [
        Spelling(
            name=f"format {each}",
            step_ms=step_ms,
            says="offset" if each.endswith("%z") else "wall",
            time_format=each,
            far_years="%y" not in each,
            write=lambda row, is_local, each=each: _by_format(row, is_local, each),
        )
        for each, step_ms in formats.items()
    ]


def _by_format(row: Row, is_local: bool, time_format: str) -> str:
    if not time_format.endswith("%z"):
        return _shown(row, is_local).strftime(time_format)
    return local(row).strftime(time_format.removesuffix("%z")) + _digits(row.offset, "")


def _mixed(texts: list[Spelling]) -> Spelling:
    """Each row in another spelling; all of them say the same."""
    some = [each for each in texts if each.step_ms <= 1_000]
    return Spelling(
        name="text of all shapes",
        step_ms=1_000,
        says="wall",
        write=lambda row, is_local: some[row.at_ms // 1_000 % len(some)].write(row, is_local),
    )


SPELLINGS = (*_numbers(), *_dates_as_numbers(), *_types(), *_texts(), *_formats(), *[_mixed(_texts())] * 3)
