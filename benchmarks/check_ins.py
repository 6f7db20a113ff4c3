"""Five categorical features of a log, encoded once, so that both sides train on the same tensors."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

FEATURES = ("user", "item", "category", "root", "weekday")
UTC_FORMAT = "%a %b %d %H:%M:%S +0000 %Y"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What both trainers are fed.

    Args:
        source: where the rows come from, in words.
        ids: per feature, the encoded values in time order; int64, 0 .. vocabulary - 1.
        vocabulary: per feature, how many values there are.
        label: 1 for a visit, 0 for a venue drawn at random; float32.
    """

    source: str
    ids: dict[str, np.ndarray]
    vocabulary: dict[str, int]
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


def supplied_folder() -> Path:
    """Folder of the NYC check-ins: ``INTERESTCLOCK_DATA``, else ``../shared/data``."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("INTERESTCLOCK_DATA", default))


def read_check_ins(folder: Path) -> Samples:
    """Visits in time order, each followed by one venue drawn at random (a timing needs no better)."""
    with (folder / "nyc_categories.csv").open(newline="") as lines:
        root_of = {row["category"]: row["root_type"] for row in csv.DictReader(lines)}
    with gzip.open(folder / "nyc_checkins.tsv.gz", "rt") as lines:
        visits = sorted(map(_visit, csv.reader(lines, delimiter="\t")), key=lambda visit: visit[0])
    _, user, item, category, weekday = zip(*visits, strict=True)
    category_of = dict(zip(item, category, strict=True))
    rows_item = _with_random_items(np.array(item))
    rows_category = [category_of[one] for one in rows_item]
    columns = {
        "user": np.repeat(user, 2),
        "item": rows_item,
        "category": rows_category,
        "root": [root_of[one] for one in rows_category],
        "weekday": np.repeat(weekday, 2),
    }
    return encode("Foursquare NYC check-ins, each with one random venue", columns)


def encode(source: str, columns: dict[str, object]) -> Samples:
    """Number each column's values from 0; rows alternate between a choice and a random candidate."""
    encoded = {name: np.unique(columns[name], return_inverse=True) for name in FEATURES}
    rows = len(encoded["user"][1])
    return Samples(
        source=source,
        ids={name: codes.astype(np.int64) for name, (_, codes) in encoded.items()},
        vocabulary={name: len(values) for name, (values, _) in encoded.items()},
        label=(np.arange(rows) % 2 == 0).astype(np.float32),
    )


def _visit(row: list[str]) -> tuple[datetime, str, str, str, int]:
    """One line of the official TSMC2014 layout."""
    user, venue, category, _, _, _, offset_minutes, utc_text = row
    utc = datetime.strptime(utc_text, UTC_FORMAT)
    return utc, user, venue, category, (utc + timedelta(minutes=int(offset_minutes))).weekday()


def _with_random_items(chosen: np.ndarray) -> np.ndarray:
    drawn = np.random.default_rng(0).choice(np.unique(chosen), size=len(chosen))
    return np.stack([chosen, drawn], axis=1).reshape(-1)
