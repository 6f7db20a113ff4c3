"""``compare`` and its features on choices through two nights in which clocks are changed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from goldens.extract import compared, exported
from goldens.simulated import COMPARED
from interestclock.events import ColumnMapping, open_log
from interestclock.samples import PrepareConfig

__all__ = ["values"]

QUARTER_MS, HOUR_MS = 900_000, 3_600_000
NIGHTS = {  # the moment at which the clocks of a zone are changed: back, and forward
    "America/New_York": datetime(2023, 11, 5, 6, tzinfo=UTC),
    "Europe/Berlin": datetime(2024, 3, 31, 1, tzinfo=UTC),
}
CHOICES_PER_NIGHT, USERS, ITEMS = 150, 3, 25
GENRES, AREAS = ("rock", "jazz", "soul", "folk", "dub"), ("north", "south", "east")
MAPPING = """
user = "who"
item = "what"
time = "when"
time_unit = "ms"
utc_offset_minutes = "offset"
zone_column = "zone"
event_id = "id"
separator = "|"
positive_only = "visit"
items = "items.csv"
[item_attributes]
genre = "genre"
area = "area"
[categorical]
device = "device"
[multivalued]
tags = "tags"
[numeric]
age = "age"
"""


def values(folder: Path) -> dict[str, Any]:
    _write(folder / "choices.csv", _choices())
    _write(folder / "items.csv", _items())
    (folder / "choices.toml").write_text(MAPPING, encoding="utf-8")

    def log():
        mapping = ColumnMapping.from_toml(folder / "choices.toml")
        return open_log(folder / "choices.csv", mapping=mapping, dead_letters=folder / "dead")

    return {
        **compared(log(), folder / "results", config=COMPARED),
        **exported(log(), folder / "features", config=PrepareConfig()),
    }


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    said = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, said[0])
        writer.writeheader()
        writer.writerows(said)


def _items() -> Iterator[dict[str, Any]]:
    """Some of none, some of several."""
    for item in range(ITEMS):
        genres = {GENRES[item % 5], GENRES[item // 3 % 5]} if item % 7 else set()
        yield {"what": f"place {item}", "genre": "|".join(sorted(genres)), "area": AREAS[item % 3]}


def _choices() -> Iterator[dict[str, Any]]:
    """In order of time; a row twice, and one that is no choice."""
    random, row = np.random.default_rng(11), 0
    for zone, night in NIGHTS.items():
        for at_ms in _times(random, round(night.timestamp() * 1_000)):
            row += 1
            user = random.integers(USERS)
            choice = {
                "id": f"c{row}",
                "who": f"{zone.partition('/')[2]} {user}",
                "what": f"place {(int(ITEMS * random.random() ** 2) + 4 * user) % ITEMS}",
                "when": at_ms,
                "offset": (-300, 60, 330)[row % 3] if random.random() < 0.15 else "",
                "zone": zone,
                "device": ("phone", "tv", "")[random.integers(3)],
                "tags": "|".join(f"t{tag}" for tag in random.integers(0, 6, random.integers(0, 4))),
                "age": "" if random.random() < 0.1 else f"{random.random() * 60:.2f}",
            }
            yield choice
            if row == 40:
                yield choice
            if row == 60:
                yield choice | {"id": "none", "when": "tomorrow"}


def _times(random: np.random.Generator, change_ms: int) -> list[int]:
    """Half of them within four hours of the change, the others within two days; some at one time."""
    near, far = 4 * HOUR_MS // QUARTER_MS, 48 * HOUR_MS // QUARTER_MS
    half = CHOICES_PER_NIGHT // 2
    quarters = [*random.integers(-near, near, half), *random.integers(-far, far, CHOICES_PER_NIGHT - half)]
    return [change_ms + int(quarter) * QUARTER_MS for quarter in sorted(quarters)]
