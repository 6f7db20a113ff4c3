"""The reads of `store.py --part reads` from Feast's online store in SQLite, in an environment of Feast's own.

    python3 -m venv /tmp/feast && /tmp/feast/bin/pip install feast==0.67.0
    /tmp/feast/bin/python benchmarks/feast_reads.py

A user's history is three lists of 10,000 integers (items, moments, seconds of the day), the hourly profile
one of 24 hours x 3 values, counted when it is written and not as of now. It imports nothing of ours.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

SETTINGS = """
project: bench
registry: {folder}/registry.db
provider: local
online_store:
    type: sqlite
    path: {folder}/online.db
entity_key_serialization_version: 3
"""
HISTORY = ("items", "moments", "seconds")


def made(folder: Path, users: int, behaviours: int) -> object:
    """A feature store in a folder with so many users."""
    import pandas as pd  # noqa: PLC0415  Feast brings it
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType  # noqa: PLC0415
    from feast.types import Array, Int64  # noqa: PLC0415

    (folder / "feature_store.yaml").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    now = datetime.now(UTC)
    rows = pd.DataFrame(
        {
            "user": range(users),
            "at": [now] * users,
            **{name: [list(range(behaviours))] * users for name in HISTORY},
            "profile": [list(range(24 * 3))] * users,
        }
    )
    rows.to_parquet(folder / "rows.parquet")
    user = Entity(name="user", join_keys=["user"], value_type=ValueType.INT64)
    view = FeatureView(
        name="features",
        entities=[user],
        ttl=timedelta(days=30),
        schema=[Field(name=name, dtype=Array(Int64)) for name in (*HISTORY, "profile")],
        source=FileSource(path=str(folder / "rows.parquet"), timestamp_field="at"),
    )
    store = FeatureStore(repo_path=str(folder))
    store.apply([user, view])
    store.write_to_online_store("features", df=rows)
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("users", 4), ("behaviours", 10_000), ("times", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = made(Path(folder), options.users, options.behaviours)
        reads = {
            "history": HISTORY,
            "hourly profile": ("profile",),
            "history and hourly profile": (*HISTORY, "profile"),
        }
        for name, features in reads.items():
            wanted, taken = [f"features:{each}" for each in features], []
            for _ in range(options.times):
                began = perf_counter()
                found = store.get_online_features(features=wanted, entity_rows=[{"user": 0}]).to_dict()  # type: ignore[attr-defined]
                taken.append(1_000 * (perf_counter() - began))
            assert len(found[features[0]][0]) > 1
            print(f"  {name}: {statistics.median(taken):.2f} ms, at least {min(taken):.2f} ms")


if __name__ == "__main__":
    main()
