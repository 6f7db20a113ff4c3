"""Logs whose content is known: who met which item when, at which local time, and what came of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["DAY_MS", "ID_KINDS", "ZONES", "KnownLog", "Row", "known_log", "local", "offset_in"]

DAY_MS = 86_400_000
ZONES = ("America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "UTC")
OFFSETS = (330, -300, 60, -210, 540, 345, 840, -720)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 1_750_000_000_000  # 2000 to 2025
_WORDS = ("rock", "R&B", "new wave", "Musik für alle", "K-pop", "7", "don't", "日本")
_IDS = {
    "small": lambda rng: str(rng.randint(1, 40)),
    "signed": lambda rng: str(rng.randint(-20, 20)),
    "large": lambda rng: str(2**53 + rng.randint(1, 40)),
    "hashes": lambda rng: str(2**64 - rng.randint(1, 40)),
    "words": lambda rng: f"u{rng.randint(1, 40)}",
    "zeros": lambda rng: f"{rng.randint(1, 40):03d}",
    "mixed": lambda rng: rng.choice(("7", "8", "guest-7", "9", "Ünal, A.", 'say "hi"', " 7")),
}
ID_KINDS = tuple(_IDS)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An exposure; ids as text, ``offset`` in minutes to add to UTC, ``zone`` where one told it."""

    user: str
    item: str
    at_ms: int
    offset: int
    zone: str | None
    label: int | None
    genres: tuple[str, ...]
    device: str | None
    age: float | None


@dataclass(frozen=True, kw_only=True)
class KnownLog:
    """Rows in order of time, no two of one user, item and time."""

    rows: tuple[Row, ...]


def known_log(
    seed: int, *, size: int, ids: tuple[str, str], step_ms: int, places: str, unambiguous: bool
) -> KnownLog:
    """A log out of a seed.

    Args:
        size: rows at most. ids: kinds of users' and items' ids. step_ms: all times are whole multiples of it.
        places: where users are: a zone, ``zones``, ``offsets`` or ``+05:30``.
        unambiguous: no time's wall clock happens twice or begins a day that the clock is set in.
    """
    rng = random.Random(seed)
    at_ms = rng.randrange(_EARLIEST_MS, _LATEST_MS)
    rows: dict[tuple[str, str, int], Row] = {}
    for _ in range(size):
        at_ms += rng.choice((0, 1, 1_000, 61_001, 3_600_000, 40_000_000))
        row = _row(rng, ids, at_ms // step_ms * step_ms, places)
        if not (unambiguous and _happens_twice(row)):
            rows.setdefault((row.user, row.item, row.at_ms), row)
    return KnownLog(rows=tuple(rows.values()))


def _row(rng: random.Random, ids: tuple[str, str], at_ms: int, places: str) -> Row:
    zone = None if places in ("offsets", "+05:30") else rng.choice(ZONES) if places == "zones" else places
    offsets = OFFSETS if places == "offsets" else OFFSETS[:1]
    return Row(
        user=_IDS[ids[0]](rng),
        item=_IDS[ids[1]](rng),
        at_ms=at_ms,
        offset=rng.choice(offsets) if zone is None else offset_in(zone, at_ms),
        zone=zone,
        label=rng.choice((0, 1, 1, None)),
        genres=tuple(rng.sample(_WORDS, rng.choice((0, 1, 1, 2, 3)))),
        device=rng.choice(("tv", "phone", "a, b", None)),
        age=rng.choice((0.0, 31.0, -2.5, 1e6, None)),
    )


def offset_in(zone: str, at_ms: int) -> int:
    """Minutes to add to UTC."""
    offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)


def local(row: Row) -> datetime:
    """What the clock on the user's wall shows, without its zone."""
    return (_EPOCH + timedelta(milliseconds=row.at_ms, minutes=row.offset)).replace(tzinfo=None)


def _happens_twice(row: Row) -> bool:
    if row.zone is None:
        return False
    wall = local(row).replace(tzinfo=ZoneInfo(row.zone))
    return wall.utcoffset() != wall.replace(fold=1).utcoffset()
