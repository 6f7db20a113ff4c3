"""Time Eq. 3 over 2 million simulated events and 56 daily moments.

    python benchmarks/features.py --json features.json

The log is simulated (``large``), read as any log is, and cut to 2 million events; the moments are the last
56 UTC day starts. Only the clocks are timed, from the exposures as a Parquet file to the last batch.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.events.open_log import open_log
from interestclock.events.schema import EQ3_ROLES, EventSource
from interestclock.features import ClockFeatureConfig, stream_clocks
from interestclock.simulator import size_named, write_simulated_log
from interestclock.timeofday import DAY_MS

EVENTS = 2_000_000
MOMENTS = 56


def exposures(source: EventSource) -> pa.Table:
    names = {"user_id": "user", "item_id": "item", "timestamp_ms": "timestamp_ms"}
    names |= {"second_of_day": "second_of_day"}
    for term in EQ3_ROLES:
        names |= {f"label.{term}": term, f"known_ms.{term}": f"known_ms_{term}"}
    chunks = [chunk.select(list(names)) for chunk in source.chunks()]
    return pa.concat_tables(chunks).rename_columns(list(names.values())).slice(0, EVENTS)


def item_values(source: EventSource) -> pa.Table:
    items = source.items()
    assert items is not None
    tables = []
    for attribute in source.schema.clock_attributes:
        lists = items[f"attribute.{attribute}"].combine_chunks()
        value = pc.list_flatten(lists)
        item = items["item_id"].combine_chunks().take(pc.list_parent_indices(lists))
        tables.append(
            pa.table({"item": item, "attribute": pa.array([attribute] * len(item)), "value": value})
        )
    return pa.concat_tables(tables)


def measure(path: Path, values: pa.Table, moments_ms: list[int]) -> dict[str, float]:
    started, cpu_started = time.perf_counter(), time.process_time()
    batches = stream_clocks(path, values, moments_ms, config=ClockFeatureConfig())
    rows = sum(batch.num_rows for batch in batches)
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - cpu_started, 3),
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        write_simulated_log(log, size=size_named("large"), seed=0)
        source = open_log(log)
        table, values = exposures(source), item_values(source)
        path = Path(folder) / "exposures.parquet"
        pq.write_table(table, path)
        last_ms = pc.max(table["timestamp_ms"]).as_py() // DAY_MS * DAY_MS
        moments_ms = [last_ms - days * DAY_MS for days in range(MOMENTS)]
        runs = [measure(path, values, moments_ms) for _ in range(options.runs)]
    result = {
        "events": table.num_rows,
        "moments": MOMENTS,
        "users": len(table["user"].unique()),
        "cores": os.cpu_count(),
        "best": min(runs, key=lambda run: run["seconds"]),
        "runs": runs,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
