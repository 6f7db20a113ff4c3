"""Five categorical features of a log, encoded once, so that both sides train on the same tensors."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from simulated import simulated_log

FEATURES = ("user", "item", "category", "root", "weekday")
UTC_FORMAT = "%a %b %d %H:%M:%S +0000 %Y"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What both trainers are fed.

    Args:
        source: where the rows come from, in words.
        ids: per feature, the encoded values in time order; int64, 0 .. vocabulary - 1.
        vocabulary: per feature, how many values there are.
        label: 1 for a choice, 0 for an item drawn at random; float32. The two take turns.
    """

    source: str
    ids: dict[str, npt.NDArray[np.int64]]
    vocabulary: dict[str, int]
    label: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    def first(self, rows: int) -> Samples:
        """The first rows, with the whole vocabulary."""
        ids = {name: codes[:rows] for name, codes in self.ids.items()}
        return replace(self, ids=ids, label=self.label[:rows])


def data_folder() -> Path:
    """Where the NYC check-ins are looked for: ``INTERESTCLOCK_DATA``, else ``../shared/data``."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("INTERESTCLOCK_DATA", default))


def has_check_ins() -> bool:
    return (data_folder() / "nyc_checkins.tsv.gz").exists()


def read_samples() -> Samples:
    """The NYC check-ins where they are, else a simulated log."""
    return read_check_ins(data_folder()) if has_check_ins() else read_simulated()


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


def read_simulated() -> Samples:
    """Finished songs of the simulator's small log in place of visits, genre and language as categories."""
    events, items = simulated_log("small")
    finished = events.filter(events["label.finish"].to_numpy() == 1).slice(0, 65_678)
    rows_item = _with_random_items(finished["item_id"].to_numpy())
    row_of = {item: row for row, item in enumerate(items["item_id"].to_pylist())}
    rows = [row_of[item] for item in rows_item.tolist()]
    columns = {
        "user": np.repeat(finished["user_id"].to_numpy(), 2),
        "item": rows_item,
        "category": _first_values(items, "genre")[rows],
        "root": _first_values(items, "language")[rows],
        "weekday": np.repeat(finished["day_of_week"].to_numpy(), 2),
    }
    return encode("simulated log 'small' (no NYC check-ins found), each with one random song", columns)


def encode(source: str, columns: Mapping[str, npt.ArrayLike]) -> Samples:
    """Number each column's values from 0; rows take turns between a choice and a random item."""
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


def _first_values(items: pa.Table, attribute: str) -> npt.NDArray[np.str_]:
    return np.array([values[0] for values in items[f"attribute.{attribute}"].to_pylist()])


def _with_random_items(chosen: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    drawn = np.random.default_rng(0).choice(np.unique(chosen), size=len(chosen))
    return np.stack([chosen, drawn], axis=1).reshape(-1)
