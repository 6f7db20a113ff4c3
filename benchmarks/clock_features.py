"""Seconds to compute everyone's clocks as of 56 days over 2 million events, on every core."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa

from interestclock.features import ClockFeatureConfig, stream_clocks

EVENTS, USERS, ITEMS, MOMENTS = 2_000_000, 5_000, 20_000, 56
DAY_MS = 86_400_000
VALUES = {"genre": 30, "mood": 12, "language": 8}
CHANCE = {"finish": 0.4, "like": 0.1, "skip": 0.3, "dislike": 0.02}


def clock_features() -> dict[str, float]:
    """Time ``stream_clocks`` from the tables in memory to the last batch, once."""
    exposures, item_values = events(np.random.default_rng(0))
    moments_ms = [day * DAY_MS for day in range(30, 30 + MOMENTS)]
    started = time.perf_counter()
    batches = stream_clocks(exposures, item_values, moments_ms, config=ClockFeatureConfig())
    rows = sum(batch.num_rows for batch in batches)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "events": EVENTS, "moments": MOMENTS, "rows": rows}


def events(random: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """Exposures spread evenly over the days, favourites drawn more often; two genres per item."""
    timestamp_ms = np.sort(random.integers(0, (30 + MOMENTS) * DAY_MS, EVENTS))
    columns = {
        "user": (USERS * random.random(EVENTS) ** 2).astype(np.int64),
        "item": (ITEMS * random.random(EVENTS) ** 3).astype(np.int64),
        "timestamp_ms": timestamp_ms,
        "second_of_day": (timestamp_ms // 1000 % 86_400).astype(np.int32),
    }
    for label, chance in CHANCE.items():
        columns[label] = (random.random(EVENTS) < chance).astype(np.int8)
        columns[f"known_ms_{label}"] = timestamp_ms + 240_000
    return pa.table(columns), item_values(random)


def item_values(random: np.random.Generator) -> pa.Table:
    """A row per value that an item carries."""
    items = np.arange(ITEMS)
    parts = [
        pa.table(
            {
                "item": items,
                "attribute": [attribute] * ITEMS,
                "value": [f"{attribute} {number}" for number in random.integers(0, count, ITEMS)],
            }
        )
        for attribute, count in (("genre", VALUES["genre"]), *VALUES.items())
    ]
    return pa.concat_tables(parts)
