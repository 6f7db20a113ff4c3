"""What fields of requests and answers are made of: types with their limits, and further checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta

__all__ = [
    "ID_BYTES",
    "MOST_RETURNED",
    "Context",
    "Id",
    "Lists",
    "LocalTimeText",
    "OffsetMinutes",
    "Text",
    "Weight",
    "Zone",
    "check_bytes",
    "check_lists",
    "local_ms",
]

ID_BYTES = 256  # of an id or a value, as in a log
MOST_RETURNED = 1_000  # items of an answer, as many as a message of a served request may have
_MOST_VALUES, _MOST_NAMES = 100, 100
_LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127
_MOST_OFFSET_MINUTES = 18 * 60
_UTF8_BYTES = 4  # of a character, at most
_YEARS = range(1900, 2200)
_EPOCH = datetime(1970, 1, 1)

Id = Annotated[
    Annotated[str, Meta(min_length=1, max_length=ID_BYTES)]
    | Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)],
    Meta(description="text, or a whole number of 64 bits, as the log has it"),
]
Text = Annotated[str, Meta(max_length=ID_BYTES)]
Lists = Annotated[
    dict[Text, Annotated[list[Text], Meta(max_length=_MOST_VALUES)]], Meta(max_length=_MOST_NAMES)
]
_Number = Annotated[float, Meta(ge=-_LARGEST_FLOAT32, le=_LARGEST_FLOAT32)]
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Context = Annotated[
    dict[Text, Text | _Number | _Whole | Annotated[list[Text], Meta(max_length=_MOST_VALUES)] | None],
    Meta(max_length=_MOST_NAMES),
]
Weight = Annotated[float, Meta(ge=-1e6, le=1e6)]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="an IANA name, such as Europe/Berlin")]
OffsetMinutes = Annotated[
    int, Meta(ge=-_MOST_OFFSET_MINUTES, le=_MOST_OFFSET_MINUTES, description="minutes to add to UTC")
]
LocalTimeText = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
        description="the clock on the user's wall, such as 2026-03-01T18:00, of years 1900 to 2199",
    ),
]


def local_ms(text: str) -> int:
    """A local time as milliseconds since 1970 began on the same wall.

    Raises:
        ValueError: there is no such time.

    Example:
        >>> local_ms("1970-01-02T00:00:01")
        86401000
        >>> local_ms("2026-02-30T18:00")
        Traceback (most recent call last):
        ValueError: local_time '2026-02-30T18:00' is none; give one such as 2026-03-01T18:00, ...
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None or local.year not in _YEARS:
        raise ValueError(
            f"local_time '{text}' is none; give one such as 2026-03-01T18:00, of years 1900 to 2199"
        )
    since = local - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000


def check_bytes(name: str, texts: Iterable[object]) -> None:
    """Refuse text of more bytes than an id may have; a type's limit counts characters.

    Raises:
        ValueError: one is too long.

    Example:
        >>> check_bytes("user", ["é" * 129])
        Traceback (most recent call last):
        ValueError: user is 258 bytes long; give at most 256, for example a digest
    """
    for text in texts:
        short = not isinstance(text, str) or len(text) * _UTF8_BYTES <= ID_BYTES
        if not short and (size := len(str(text).encode())) > ID_BYTES:
            raise ValueError(f"{name} is {size:,} bytes long; give at most {ID_BYTES}, for example a digest")


def check_lists(name: str, lists: Mapping[str, object]) -> None:
    """The same of names and of texts in lists."""
    for each, values in lists.items():
        check_bytes(name, [each, *(values if isinstance(values, list) else [values])])
