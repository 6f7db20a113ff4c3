"""What the feature state takes: bytes per behaviour, vote, user and item, of a simulated log; and a request.

    python benchmarks/state_bytes.py

*A record* is the sum of its columns' types, as the state itself gives them. *In blocks* is all that is held
for all users, spare room included, by the records that are kept. Ids are integers; text takes more.
*A served request* of 200 items is what Python allocates for one of 20,000, ids of 16 letters, of 2,500 items.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from simulated import open_simulated
from stream import HOUR_MS, First, polled

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, StateConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--events", type=int, default=100_000, help="of the simulated log (default 100,000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(fed(First(open_simulated("small", Path(folder) / "log"), arguments.events)))
    figures["a served request of 200 items"] = request_bytes()
    table = Table("what", "figure")
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,.1f}")
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def fed(source: First) -> FeatureState:
    """The state of a live trainer at the end of a log."""
    admission = AdmissionConfig(label_wait_ms=HOUR_MS)
    state = FeatureState(source.schema, items=source.items(), config=StateConfig(waits_ms=HOUR_MS))
    buffer = EventBuffer(source.schema, config=admission)
    for batch in polled(source, 128):
        for admitted in buffer.admit(batch.tables()):
            for midnight_ms in state.midnights_until(admitted.watermark_ms):
                state.pass_midnight(midnight_ms)
            state.ingest(admitted.exposures)
            state.apply_labels(admitted.labels)
            state.close_before_ms(admitted.watermark_ms - HOUR_MS)
    return state


def measure(state: FeatureState) -> dict[str, float]:
    assert state.votes is not None
    users, items, arrays = len(state.users), len(state.items), state.state()
    figures: dict[str, float] = {"users": users, "items": items}
    kept = {"votes": ("votes/votes/", state.votes), "histories": ("histories/", state.user_histories)}
    for name, (part, owner) in kept.items():
        records = int((arrays[f"{part}count_U"] - arrays[f"{part}dropped_U"]).sum())
        figures |= {
            f"{name}, a record": record_bytes(arrays, f"{part}column/"),
            f"{name}, a record in blocks": owner.bytes_used / records,
            f"{name}, records a user": records / users,
            f"{name}, a user": owner.bytes_used / users,
        }
    figures["awaiting labels, an exposure"] = record_bytes(arrays, "awaiting/")
    figures["identity, a user"] = state.users.bytes_used / users
    figures["identity, an item"] = state.items.bytes_used / items
    figures["attribute values, an item"] = state.values.bytes_used / items
    return figures


def request_bytes(*, requests: int = 20_000, in_an_arrival: int = 100, items: int = 2_500) -> float:
    """What is held for a served request, as micro-batches bring them."""
    random, buffer = (
        np.random.default_rng(0),
        EventBuffer(LogSchema(labels=("finish",)), config=AdmissionConfig()),
    )
    names = pa.array([f"{each:016x}" for each in random.integers(1 << 60, size=items)])
    tracemalloc.start()
    for first in range(0, requests, in_an_arrival):
        returned = np.concatenate([random.permutation(items)[:200] for _ in range(in_an_arrival)])
        times = pa.array(range(first, first + in_an_arrival), pa.int64())
        said = {
            "request_id": pa.array([f"request {each:08}" for each in times.to_pylist()]),
            "user_id": pa.array([str(each) for each in random.integers(1_000_000, size=in_an_arrival)]),
            "timestamp_ms": times,
            "utc_offset_minutes": pa.array([60] * in_an_arrival, pa.int32()),
            "zone": pa.array(["Europe/Berlin"] * in_an_arrival),
            "item_ids": pa.ListArray.from_arrays(range(0, returned.size + 1, 200), names.take(returned)),
            "arrival": times,
        }
        buffer.admit({"served": pa.table(said)})
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / requests


def record_bytes(arrays: Mapping[str, np.ndarray], part: str) -> int:
    """Of the columns under a name: one value of each."""
    span = f"{part}span"
    return sum(each.dtype.itemsize for name, each in arrays.items() if name.startswith(part) and name != span)


if __name__ == "__main__":
    main()
