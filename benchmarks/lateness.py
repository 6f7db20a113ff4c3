"""What a stream loses by how far an event may stand behind the newest, and what waiting for it holds.

    python benchmarks/lateness.py

One partition; an exposure every 50 ms on average, each with a label up to three minutes later, and each
message on its way for as long as such producers take. *Held* are exposures that the watermark has not passed.
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events.schema import LogSchema
from interestclock.live.exposure_queue import ExposureQueue
from interestclock.streams.messages import LABELS

BETWEEN_MS = 50
SCHEMA = LogSchema(labels=("finish",))
LATENESS_S = (0, 1, 5, 15, 60, 300)
# Share of the messages, and how long they are on their way on average, in seconds.
PRODUCERS = {
    "times of whole seconds, sent at once": ((1.0, 0.0),),
    "servers": ((0.99, 0.2), (0.01, 2.0)),
    "servers that send every 5 s": ((1.0, 5.0),),
    "phones": ((0.95, 1.0), (0.045, 10.0), (0.005, 600.0)),
}


def travel_ms(
    random: np.random.Generator, messages: int, parts: tuple[tuple[float, float], ...]
) -> np.ndarray:
    which = random.choice(len(parts), messages, p=[share for share, _ in parts])
    mean_ms = 1_000 * np.array([seconds for _, seconds in parts])[which]
    return random.exponential(1.0, messages) * mean_ms


def lost(name: str, lateness_s: int, exposures: int) -> tuple[float, int]:
    """Share of the messages that came late, and the most exposures held."""
    random = np.random.default_rng(0)
    time_ms = 1_700_000_000_000 + np.sort(random.integers(0, exposures * BETWEEN_MS, exposures))
    known_ms = time_ms + random.integers(1_000, 180_000, exposures)
    happened = np.concatenate([time_ms, known_ms])
    if name.startswith("times of whole"):
        happened = happened // 1_000 * 1_000 + 1_000 * (np.arange(2 * exposures) >= exposures)
        arrives = np.concatenate([time_ms, known_ms])
    else:
        arrives = happened + travel_ms(random, 2 * exposures, PRODUCERS[name])
    order = np.argsort(arrives, kind="stable")
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig(lateness_ms=1_000 * lateness_s))
    queue, held = ExposureQueue(most=128, fill_ms=3_600_000), 0
    for first in range(0, order.size, 1_024):
        for admitted in buffer.admit(tables(happened, order[first : first + 1_024], exposures)):
            if admitted.exposures is not None:
                queue.add(admitted.exposures)
            queue.advance(admitted.watermark_ms)
        while queue.next_batch() is not None:
            pass
        held = max(held, buffer.waiting + len(queue))
    counts = buffer.counters
    return (counts.late_exposures + counts.late_labels) / counts.received, held


def tables(happened: np.ndarray, rows: np.ndarray, before: int) -> dict[str, pa.Table]:
    is_label = rows >= before
    shown, said = rows[~is_label], rows[is_label]
    arrival = np.arange(rows.size)
    exposures = pa.table(
        {
            "event_id": pa.array(shown.astype(str)),
            "user_id": shown,
            "timestamp_ms": happened[shown],
            "arrival": arrival[~is_label],
            "label.finish": pa.nulls(shown.size, pa.int8()),
            "known_ms.finish": pa.nulls(shown.size, pa.int64()),
        }
    )
    labels = {
        "event_id": pa.array((said - before).astype(str)),
        "label": pa.array(["finish"] * said.size, pa.string()),
        "value": pa.array(np.ones(said.size, np.int8)),
        "known_ms": happened[said],
        "arrival": arrival[is_label],
    }
    return {"exposures": exposures, "labels": pa.table(labels, LABELS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exposures", type=int, default=50_000, help="of each producer (default 50,000)")
    exposures = parser.parse_args().exposures
    table = Table("late, % (held)", *(f"{seconds} s" for seconds in LATENESS_S))
    for name in PRODUCERS:
        found = [lost(name, seconds, exposures) for seconds in LATENESS_S]
        table.add_row(name, *(f"{100 * share:.2f} ({held:,})" for share, held in found))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
