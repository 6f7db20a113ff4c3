"""What the feature state takes: bytes per behaviour, vote, user and item, of a simulated log.

    python benchmarks/state_bytes.py

*A record* is the sum of its columns' types, as the state itself gives them. *In blocks* is all that is held
for all users, spare room included, by the records that are kept. Ids are integers; text takes more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from simulated import open_simulated
from stream import HOUR_MS, First, polled

from interestclock.state import FeatureState, StateConfig
from interestclock.streams import AdmissionConfig, EventBuffer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--events", type=int, default=100_000, help="of the simulated log (default 100,000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(fed(First(open_simulated("small", Path(folder) / "log"), arguments.events)))
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
    for arrivals in polled(source, 128):
        for admitted in buffer.admit(arrivals.tables()):
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
    kept = {"votes": ("votes/votes.", state.votes), "histories": ("histories/", state.user_histories)}
    for name, (part, owner) in kept.items():
        records = int((arrays[f"{part}count_U"] - arrays[f"{part}dropped_U"]).sum())
        figures |= {
            f"{name}, a record": record_bytes(arrays, f"{part}column."),
            f"{name}, a record in blocks": owner.bytes_used / records,
            f"{name}, records a user": records / users,
            f"{name}, a user": owner.bytes_used / users,
        }
    figures["awaiting labels, an exposure"] = record_bytes(arrays, "awaiting/")
    figures["identity, a user"] = state.users.bytes_used / users
    figures["identity, an item"] = state.items.bytes_used / items
    figures["attribute values, an item"] = state.values.bytes_used / items
    return figures


def record_bytes(arrays: Mapping[str, np.ndarray], part: str) -> int:
    """Of the columns under a name: one value of each."""
    span = f"{part}span"
    return sum(each.dtype.itemsize for name, each in arrays.items() if name.startswith(part) and name != span)


if __name__ == "__main__":
    main()
