"""Logs whose content is known: who met which item when, at which local time, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["DAY_MS", "FALLBACK", "ID_KINDS", "ZONES", "Row", "at", "known_rows", "local"]

DAY_MS = 86_400_000
FALLBACK = "Asia/Kolkata"
ZONES = ("America/New_York", FALLBACK, "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "UTC")
_OFFSETS = (330, -300, 60, -210, 540, 345, 840, -720)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS_MS = (946_684_800_000, 1_750_000_000_000)  # 2000 to 2025
_FAR_YEARS_MS = (-631_152_000_000, 4_102_444_800_000)  # 1950 to 2100
_WORDS = ("rock", "R&B", "new wave", "Musik für alle", "K-pop", "7", "don't", "日本", "null", "NA")
_NAMES = ("7", "8", "guest-7", "9", "Ünal, A.", 'say "hi"', " 7", "nan", "None", "0x1F", "1e3", "7.0")
_IDS: dict[str, Callable[[random.Random], str]] = {
    "small": lambda rng: str(rng.randint(1, 40)),
    "signed": lambda rng: str(rng.randint(-20, 20)),
    "large": lambda rng: str(2**53 + rng.randint(1, 40)),
    "hashes": lambda rng: str(2**64 - rng.randint(1, 40)),
    "words": lambda rng: f"u{rng.randint(1, 40)}",
    "zeros": lambda rng: f"{rng.randint(1, 40):03d}",
    "mixed": lambda rng: rng.choice(_NAMES),
}
ID_KINDS = tuple(_IDS)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An exposure.

    Args:
        user, item: ids as text. at_ms: UTC. offset: minutes to add to it. zone: that told it, if one did.
        label: 1, 0 or None. known_ms: since when, if the log says so.
        genres: of the item. device, age: context.
    """

    user: str
    item: str
    at_ms: int
    offset: int
    zone: str | None
    label: int | None
    known_ms: int | None
    genres: tuple[str, ...]
    device: str | None
    age: float | None


def known_rows(
    rng: random.Random,
    *,
    most: int,
    ids: tuple[str, str],
    step_ms: int,
    far_years: bool,
    places: str,
    once: bool,
) -> list[Row]:
    """Rows in order of time, no two of one user, item and time.

    Args:
        most: rows at most. ids: kinds of users' and items' ids. step_ms: all times are whole multiples of it.
        far_years: 1950 to 2100, rather than 2000 to 2025.
        places: where users are: a zone, ``zones``, ``offsets``, ``zones or zone`` and ``offsets or zone``
            (some rows have none of their own, and ``FALLBACK`` counts), or ``+05:30``, all at one offset.
        once: no wall clock shows a time twice.
    """
    at_ms = rng.randrange(*(_FAR_YEARS_MS if far_years else _YEARS_MS))
    rows: dict[tuple[str, str, int], Row] = {}
    while len(rows) < most:
        at_ms += rng.choice((0, 1, 1_000, 61_001, 3_600_000, 40_000_000))
        row = _row(rng, ids, at_ms // step_ms * step_ms, places)
        known_ms = rng.choice((row.at_ms, row.at_ms + step_ms * rng.randrange(4_000), None))
        if known_ms is not None and not (once and _happens_twice(at(row, known_ms))):
            row = replace(row, known_ms=known_ms)
        if not (once and _happens_twice(row)):
            rows.setdefault((row.user, row.item, row.at_ms), row)
        most -= rng.random() < 0.1
    return list(rows.values())


def _row(rng: random.Random, ids: tuple[str, str], at_ms: int, places: str) -> Row:
    offset, zone = _place(rng, places)
    row = Row(
        user=_IDS[ids[0]](rng),
        item=_IDS[ids[1]](rng),
        at_ms=at_ms,
        offset=offset,
        zone=zone,
        label=rng.choice((0, 1, 1, None)),
        known_ms=None,
        genres=tuple(rng.sample(_WORDS, rng.choice((0, 1, 1, 2, 3)))),
        device=rng.choice(("tv", "phone", "a, b", "null", None)),
        age=rng.choice((0.0, 31.0, -2.5, 1e6, None)),
    )
    return at(row, at_ms)


def _place(rng: random.Random, places: str) -> tuple[int, str | None]:
    if places == "+05:30":
        return 330, None
    if places.startswith("offsets"):
        return rng.choice(_OFFSETS), rng.choice((None, FALLBACK)) if "or" in places else None
    return 0, rng.choice(ZONES) if places.startswith("zones") else places


def at(row: Row, at_ms: int) -> Row:
    """The same row at another time, with the offset of then."""
    if row.zone is None:
        return replace(row, at_ms=at_ms)
    offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(row.zone)).utcoffset()
    assert offset is not None
    return replace(row, at_ms=at_ms, offset=round(offset.total_seconds() / 60))


def local(row: Row) -> datetime:
    """What the clock on the user's wall shows, without its zone."""
    return (_EPOCH + timedelta(milliseconds=row.at_ms, minutes=row.offset)).replace(tzinfo=None)


def _happens_twice(row: Row) -> bool:
    if row.zone is None:
        return False
    wall = local(row).replace(tzinfo=ZoneInfo(row.zone))
    return wall.utcoffset() != wall.replace(fold=1).utcoffset()
