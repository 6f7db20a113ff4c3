"""Small logs in memory: an event source over tables, and made-up streams of requests and of choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from interestclock.events.chunking import rechunk
from interestclock.events.schema import LogCounts, LogSchema

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 20_000 * DAY_MS
GENRES = np.array(["rock", "jazz", "soul", "folk", "punk", "dub", "ska", "house"])

REQUESTS = LogSchema(
    labels=("finish", "like", "skip"),
    attributes=("genre",),
    clock_attributes=("genre",),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
    truths=("finish",),
)
CHOICES = LogSchema(labels=("visit",), positive_only=True, attributes=("genre",), clock_attributes=("genre",))


@dataclass(kw_only=True)
class MemorySource:
    """An event source over a table; after ``breaks_after`` rows it raises, like one whose file is cut off."""

    schema: LogSchema
    events: pa.Table
    item_table: pa.Table | None = None
    breaks_after: int | None = None
    counts: LogCounts = field(default_factory=LogCounts)

    def items(self) -> pa.Table | None:
        return self.item_table

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        self.counts = LogCounts()
        for chunk in rechunk(iter([self.events]), rows):
            if self.breaks_after is not None and self.counts.read + chunk.num_rows > self.breaks_after:
                raise OSError("the log ends in the middle of a row")
            self.counts.read += chunk.num_rows
            self.counts.used += chunk.num_rows
            yield chunk

    def fingerprint(self) -> str:
        return "0" * 64


def local_columns(timestamp_ms: np.ndarray) -> dict[str, np.ndarray]:
    """Local time in a place five hours behind UTC."""
    local_ms = timestamp_ms - 5 * HOUR_MS
    return {
        "second_of_day": (local_ms % DAY_MS // 1000).astype(np.int32),
        "day_of_week": ((local_ms // DAY_MS + 3) % 7).astype(np.int8),
    }


def genres_of(items: np.ndarray) -> pa.Array:
    """Genres that follow from the item's number: none, up to three, or seven."""
    return pa.array([_genres_of(int(item)) for item in items], pa.list_(pa.string()))


def _genres_of(item: int) -> list[str]:
    if item % 7 == 0:
        return []
    if item % 5 == 1:
        return GENRES[:7].tolist()
    return GENRES[np.unique([item % 8, item // 3 % 8, item // 5 % 8])].tolist()


def requests_log(
    seed: int,
    *,
    requests: int = 120,
    users: int = 8,
    items: int = 25,
    days: int = 4,
    delay_ms: int = 2 * HOUR_MS,
) -> pa.Table:
    """Requests of three items each, some at the same millisecond, labels known at different delays."""
    random = np.random.default_rng(seed)
    time = np.sort(START_MS + random.integers(0, days * 96, requests) * (DAY_MS // 96))
    request = np.repeat(np.arange(requests), 3)
    timestamp_ms = time[request]
    rows = request.size
    item = np.concatenate([random.permutation(items)[:3] + 100 for _ in range(requests)])
    finish = (random.random(rows) < 0.2 + 0.6 * (item % 3 == 0)).astype(np.int8)
    columns = {
        "user_id": random.integers(1, users + 1, requests)[request],
        "item_id": item,
        "timestamp_ms": timestamp_ms,
        **local_columns(timestamp_ms),
        "request_id": request,
        "log_row": np.arange(1, rows + 1),
        "label.finish": pa.array(finish, mask=random.random(rows) < 0.05),
        "label.like": (finish & (random.random(rows) < 0.3)).astype(np.int8),
        "label.skip": ((1 - finish) & (random.random(rows) < 0.5)).astype(np.int8),
        "truth.finish": 0.2 + 0.6 * (item % 3 == 0),
        "attribute.genre": genres_of(item),
        "categorical.device": pa.array(random.choice(["phone", "tv"], rows), mask=random.random(rows) < 0.1),
        "multivalued.tags": pa.array(
            [[f"t{tag}" for tag in random.integers(0, 9, n)] for n in random.integers(0, 8, rows)],
            pa.list_(pa.string()),
        ),
        "numeric.age": pa.array(random.normal(30, 9, rows), mask=random.random(rows) < 0.1),
    }
    for name in REQUESTS.labels:
        columns[f"known_ms.{name}"] = timestamp_ms + random.integers(0, delay_ms + 1, rows)
    return pa.table(columns)


def choices_log(
    seed: int, *, choices: int = 200, users: int = 6, items: int = 30, days: int = 4, delay_ms: int = 0
) -> pa.Table:
    """Choices, some at the same millisecond; users come back to what they chose before."""
    random = np.random.default_rng(seed)
    timestamp_ms = np.sort(START_MS + random.integers(0, days * 96, choices) * (DAY_MS // 96))
    user = random.integers(1, users + 1, choices)
    item = (random.zipf(1.5, choices) + 3 * user) % items + 500
    return pa.table(
        {
            "user_id": [f"u{number}" for number in user],
            "item_id": [f"venue {number}" for number in item],
            "timestamp_ms": timestamp_ms,
            **local_columns(timestamp_ms),
            "log_row": np.arange(1, choices + 1),
            "label.visit": np.ones(choices, np.int8),
            "known_ms.visit": timestamp_ms + random.integers(0, delay_ms + 1, choices),
            "attribute.genre": genres_of(item),
        }
    )
