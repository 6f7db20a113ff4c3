"""How fast logs are read, beside another version of this package.

    git worktree add /tmp/before 3adab94
    python benchmarks/reading.py --before /tmp/before/src --rounds 7

Each log is read by this version and by the other one in turn, each in a process of its own: once to warm up,
then the best of five. Seconds are those of the processor, all threads together, which what else runs on the
machine changes least. Figures are medians over the rounds, and the ratio is that of the pairs. Without
``--before`` this version reads alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from machine import machine
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parents[1] / "src"
USERS, ITEMS = 20_000, 50_000
MAPPING = 'zone = "UTC"\ntime = "ts"\n[labels]\nfinish = "finish"\n'
IN_ROWS = MAPPING + '[attributes]\ngenre = "genre"\n'
READ = """
import sys, time
from pathlib import Path
import pyarrow as pa
from interestclock.events import ColumnMapping, open_log
pa.set_cpu_count(1)
mapping = ColumnMapping.from_toml(Path(sys.argv[2]))
def read():
    began = time.process_time()
    rows = sum(chunk.num_rows for chunk in open_log(Path(sys.argv[1]), mapping=mapping).chunks())
    return time.process_time() - began, rows
read()
print(*min(read() for _ in range(5)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--before", type=Path, metavar="SRC", help="the other version's src folder")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=400_000)
    given = parser.parse_args()
    table = Table("log", "rows/s", "before", "ratio", "of the pairs")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, log, mapping in write_logs(Path(folder), given.rows):
            here, before = measured(log, mapping, given.before, given.rounds)
            figures[name] = figure = {"rows_per_second": statistics.median(here)}
            shown = [f"{figure['rows_per_second']:,.0f}", "", "", ""]
            if before:
                ratios = [now / then for now, then in zip(here, before, strict=True)]
                figure |= {"before": statistics.median(before), "ratio": statistics.median(ratios)}
                spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
                shown[1:] = [f"{figure['before']:,.0f}", f"{figure['ratio']:.2f}", spread]
            table.add_row(name, *shown)
    Console().print(table)
    if given.json:
        given.json.write_text(json.dumps({"machine": machine("pyarrow"), "logs": figures}, indent=1) + "\n")


def measured(log: Path, mapping: Path, before: Path | None, rounds: int) -> tuple[list[float], list[float]]:
    """Rows per second of each round, of this version and of the other one, who take turns in going first."""
    sides = {HERE: list[float]()} | ({} if before is None else {before.resolve(): list[float]()})
    for number in range(rounds):
        for source in list(sides) if number % 2 else reversed(list(sides)):
            sides[source].append(rows_per_second(log, mapping, source))
    return sides[HERE], [] if before is None else sides[before.resolve()]


def rows_per_second(log: Path, mapping: Path, source: Path) -> float:
    path = os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", READ, str(log), str(mapping)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, rows = ran.stdout.split()
    return int(rows) / float(seconds)


def write_logs(folder: Path, rows: int) -> list[tuple[str, Path, Path]]:
    """What is read: a name, the log, its mapping."""
    rng = np.random.default_rng(0)
    genres = np.array(["rock", "pop", "jazz", "folk", "news"])
    columns = {
        "user_id": rng.integers(0, USERS, rows),
        "item_id": rng.integers(0, ITEMS, rows),
        "ts": 1_700_000_000 + np.sort(rng.integers(0, 86_400 * 90, rows)),
        "finish": rng.integers(0, 2, rows),
        "genre": genres[rng.integers(0, genres.size, rows)],
    }
    narrow = pa.table({**columns, "note": rng.integers(0, 1_000, rows)})
    wide = pa.table({**columns, **{f"c{at}": rng.integers(0, 10_000, rows) for at in range(41)}})
    text = narrow.set_column(0, "user_id", pa.array([f"u{each}" for each in columns["user_id"].tolist()]))
    for name, table in (("narrow", narrow), ("wide", wide), ("text", text)):
        pc.write_csv(table, folder / f"{name}.csv", pc.WriteOptions(quoting_style="needed"))
    pq.write_table(narrow, folder / "narrow.parquet")
    items = {"item_id": np.arange(ITEMS), "genre": genres[rng.integers(0, genres.size, ITEMS)]}
    pq.write_table(pa.table(items), folder / "items.parquet")
    (folder / "rows.toml").write_text(IN_ROWS)
    (folder / "items.toml").write_text(
        f'items = "items.parquet"\n{MAPPING}[item_attributes]\ngenre = "genre"\n'
    )
    return [
        ("CSV of 6 columns, ids integers", folder / "narrow.csv", folder / "rows.toml"),
        ("CSV of 46 columns, ids integers", folder / "wide.csv", folder / "rows.toml"),
        ("CSV of 6 columns, users text", folder / "text.csv", folder / "rows.toml"),
        ("Parquet", folder / "narrow.parquet", folder / "rows.toml"),
        ("Parquet, with an items file", folder / "narrow.parquet", folder / "items.toml"),
    ]


if __name__ == "__main__":
    main()
