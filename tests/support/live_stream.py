"""A made-up stream as messages: exposures, labels that come later, duplicates, nonsense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from in_memory import HOUR_MS, REQUESTS, requests_log

from interestclock.events import exposure_message, label_message

MAPPING = """
[labels]
finish = "finish"
like = "like"
skip = "skip"

[attributes]
genre = "genre"

[categorical]
device = "device"

[multivalued]
tags = "tags"

[numeric]
age = "age"
"""


def messages(seed: int = 3, *, requests: int = 60) -> list[bytes]:
    """In order of time; every tenth exposure twice, and now and then something that is no message."""
    return [payload for _, payload in timed_messages(seed, requests=requests)]


def timed_messages(seed: int = 3, *, requests: int = 60) -> list[tuple[int, bytes]]:
    """The same, each with the time of its event."""
    events = requests_log(seed, requests=requests, delay_ms=HOUR_MS).to_pylist()
    timed: list[tuple[int, bytes]] = []
    for row in events:
        event_id = f"e{row['log_row']}"
        payload = exposure_of(row, event_id)
        timed.append((row["timestamp_ms"], payload))
        if row["log_row"] % 10 == 0:
            timed.append((row["timestamp_ms"], payload))
        if row["log_row"] % 25 == 0:
            timed.append((row["timestamp_ms"], b'{"event_id": "x"}'))
        for label in REQUESTS.labels:
            if row[f"label.{label}"] is not None:
                known_ms = row[f"known_ms.{label}"]
                said = label_message(
                    label_of=event_id, label=label, value=row[f"label.{label}"], known_ms=known_ms
                )
                timed.append((known_ms, said))
    order = np.argsort([time for time, _ in timed], kind="stable")
    return [timed[place] for place in order]


def exposure_of(row: dict[str, Any], event_id: str) -> bytes:
    """A row of ``requests_log`` as a message, without its labels."""
    return exposure_message(
        event_id=event_id,
        user_id=row["user_id"],
        item_id=row["item_id"],
        timestamp_ms=row["timestamp_ms"],
        request_id=row["request_id"],
        utc_offset_minutes=-300,
        attributes={"genre": row["attribute.genre"]},
        categorical={"device": row["categorical.device"]},
        multivalued={"tags": row["multivalued.tags"]},
        numeric={"age": row["numeric.age"]},
    )


def same(first: pa.Table, second: pa.Table) -> bool:
    return first.schema.equals(second.schema) and first.equals(second)
