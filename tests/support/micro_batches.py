"""Event tables as a live stream brings them: with ids, in pieces, labels along or after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from interestclock.streams.messages import LABELS

NO_LABELS = LABELS.empty_table()


def shown(
    time_ms: np.ndarray,
    *,
    users: Sequence,
    items: Sequence,
    genres: Sequence,
    devices: Sequence | None = None,
) -> dict[str, object]:
    """Columns of exposures in UTC, as ``REQUESTS`` names them, but for the labels."""
    rows = time_ms.size
    return {
        "user_id": pa.array(users),
        "item_id": pa.array(items),
        "timestamp_ms": time_ms,
        "second_of_day": (time_ms // 1_000 % 86_400).astype(np.int32),
        "day_of_week": np.zeros(rows, np.int8),
        "attribute.genre": pa.array(genres, pa.list_(pa.string())),
        "categorical.device": pa.array(["tv"] * rows if devices is None else devices),
        "multivalued.tags": pa.array([["new"]] * rows),
        "numeric.age": np.zeros(rows),
    }


def as_exposures(events: pa.Table, first: int = 0) -> pa.Table:
    """Rows of an event table as exposures that bring their labels."""
    ids = pa.array([str(first + row) for row in range(events.num_rows)])
    table = events.append_column("event_id", ids)
    return table.append_column("arrival", pa.array(np.arange(events.num_rows)))


def pieces(events: pa.Table, rows: int) -> Iterator[pa.Table]:
    """The same in arrivals of so many rows."""
    for first in range(0, events.num_rows, rows):
        yield as_exposures(events.slice(first, rows), first)


def apart(events: pa.Table, labels: tuple[str, ...]) -> tuple[pa.Table, pa.Table]:
    """Exposures without their labels, and the labels as messages of their own."""
    exposures = as_exposures(events)
    messages = []
    for label in labels:
        value = exposures[f"label.{label}"]
        messages.append(
            pa.table(
                {
                    "event_id": exposures["event_id"],
                    "label": pa.array([label] * len(exposures)),
                    "value": value.cast(pa.int8()),
                    "known_ms": exposures[f"known_ms.{label}"],
                }
            ).filter(value.is_valid())
        )
        for name, kind in ((f"label.{label}", pa.int8()), (f"known_ms.{label}", pa.int64())):
            place = exposures.column_names.index(name)
            exposures = exposures.set_column(place, name, pa.nulls(len(exposures), kind))
    return exposures, pa.concat_tables(messages)
