"""What fields of messages are made of: types with their limits, the words errors use, and further checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from msgspec import Meta

from interestclock.events.limits import RAW_BYTES, TEXT_BYTES

__all__ = [
    "LARGEST_FLOAT32",
    "MOST_RAW",
    "MOST_SERVED",
    "RAW_BYTES",
    "TEXT_BYTES",
    "Flag",
    "Id",
    "Measure",
    "Name",
    "Number",
    "OffsetMinutes",
    "Position",
    "Probability",
    "Quantity",
    "Raw",
    "Text",
    "Texts",
    "TimeMs",
    "Zone",
    "check_bytes",
    "check_id",
    "check_known",
    "check_lists",
    "check_ms",
    "check_texts",
    "unit_fault",
]

_MOST_VALUES = 100  # of an attribute; the table of items is as wide as the item that has most
MOST_RAW = 100  # raw columns of an exposure
MOST_SERVED = 1_000  # items of a served request
LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127  # rankers compute in float32; beyond it all becomes NaN
_LAST_POSITION = 2**31 - 1
_FIRST_MS, _LAST_MS = -2_208_988_800_000, 7_258_118_400_000  # 1900 and 2200
_FIRST_S, _LAST_S = 631_152_000, 4_102_444_800  # 1990 and 2100, in seconds
_FIRST_DATE, _LAST_DATE = 19_900_101, 20_991_231
_LEAST_ID, _LARGEST_ID = -(10 ** (TEXT_BYTES - 1)) + 1, 10**TEXT_BYTES - 1  # as text no longer than that
_UTF8_BYTES = 4  # of a character, at most: short text is not looked at twice

Id = Annotated[
    Annotated[str, Meta(min_length=1, max_length=TEXT_BYTES)] | int,
    Meta(description="text or a whole number"),
]
Text = Annotated[str, Meta(max_length=TEXT_BYTES, description="text")]
Texts = Annotated[list[Text | None], Meta(max_length=_MOST_VALUES, description="a list of texts")]
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_BYTES, description="text that is not empty")]
Zone = Annotated[str, Meta(description="an IANA zone such as Europe/Berlin")]
Number = Annotated[float, Meta(description="a finite number")]
Quantity = Annotated[
    float,
    Meta(
        ge=-LARGEST_FLOAT32, le=LARGEST_FLOAT32, description="a finite number within float32 (3.4e38 in size)"
    ),
]
Flag = Annotated[Annotated[int, Meta(ge=0, le=1)] | bool, Meta(description="0 or 1")]
Measure = Annotated[float | bool, Meta(description="a finite number, true or false")]
Probability = Annotated[float, Meta(gt=0, le=1, description="a probability above 0, up to 1")]
Position = Annotated[int, Meta(ge=0, le=_LAST_POSITION, description="a whole number from 0")]
TimeMs = Annotated[
    int, Meta(ge=_FIRST_MS, lt=_LAST_MS, description="a whole number of UTC milliseconds, 1900 to 2200")
]
OffsetMinutes = Annotated[
    int, Meta(ge=-18 * 60, le=18 * 60, description="a whole number of minutes up to 18 hours")
]
Raw = Annotated[
    Annotated[str, Meta(max_length=RAW_BYTES)]
    | bool
    | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    | float,
    Meta(description="text, a finite number, a whole one within 64 bits, true, false or null"),
]


def unit_fault(time: int) -> str | None:
    """What is wrong with a time that is meant to be UTC milliseconds, or None.

    Example:
        >>> unit_fault(1_700_000_000), unit_fault(1_700_000_000_000)
        ('reads as seconds; give UTC milliseconds', None)
        >>> unit_fault(20231114)
        'reads as a date; give UTC milliseconds'
    """
    if _FIRST_S <= time < _LAST_S:  # in milliseconds, some weeks of 1970 that nobody means
        return "reads as seconds; give UTC milliseconds"
    if _is_date(time):
        return "reads as a date; give UTC milliseconds"
    if _FIRST_MS <= time < _LAST_MS:
        return None
    for unit, in_a_second in (("microseconds", 10**6), ("nanoseconds", 10**9)):
        if _FIRST_S <= time // in_a_second < _LAST_S:
            return f"lies outside 1900 to 2200 and reads as {unit}; give UTC milliseconds"
    return "lies outside 1900 to 2200; give UTC milliseconds"


def check_ms(name: str, time: int) -> None:
    """Refuse a time in seconds (``ValueError``, here and below)."""
    if _FIRST_S <= time < _LAST_S:
        raise ValueError(f"{name} {time} {unit_fault(time)}")


def _is_date(time: int) -> bool:
    """Eight digits such as 20231114: in milliseconds, an hour of 1 January 1970."""
    if not _FIRST_DATE <= time <= _LAST_DATE:
        return False
    try:
        date(time // 10_000, time // 100 % 100, time % 100)
    except ValueError:
        return False
    return True


def check_id(name: str, value: str | int) -> None:
    """Refuse an id that is too long as text."""
    if isinstance(value, str):
        check_bytes(name, value, TEXT_BYTES)
    elif not _LEAST_ID <= value <= _LARGEST_ID:
        check_bytes(name, str(value), TEXT_BYTES)


def check_bytes(name: str, text: str, most: int) -> None:
    """Refuse text of too many bytes; a type's limit counts characters."""
    if len(text) * _UTF8_BYTES > most and (size := len(text.encode())) > most:
        raise ValueError(f"{name} is {size:,} bytes long; give at most {most:,}, for example a digest")


def check_lists(part: str, lists: Mapping[str, list[str | None] | None]) -> None:
    """Refuse text of too many bytes in lists by name."""
    for name, texts in lists.items():
        for text in texts or ():
            if text and len(text) * _UTF8_BYTES > TEXT_BYTES:
                check_bytes(f"{part} {name}", text, TEXT_BYTES)


def check_texts(part: str, texts: Mapping[str, object], most: int) -> None:
    """Refuse text of too many bytes among values by name."""
    for name, text in texts.items():
        if isinstance(text, str) and len(text) * _UTF8_BYTES > most:
            check_bytes(f"{part} {name}", text, most)


def check_known(labels: Mapping[str, int | None], known_ms: Mapping[str, int | None]) -> None:
    """Refuse labels known at a time in seconds, or at null."""
    for name, time in known_ms.items():
        if time is not None:
            check_ms(f"known_ms {name}", time)
        elif labels.get(name) is not None:
            raise ValueError(f"known_ms {name} is missing; leave it out where it is the exposure's time")
