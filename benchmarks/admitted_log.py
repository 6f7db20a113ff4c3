"""The admitted log: bytes a message, and messages a second written and read.

    python benchmarks/admitted_log.py --json build/bench/admitted_log.json

*Log*: entries of 1 to 1,024 messages, each forced to the disk as it is appended, then all of them read back;
beside it what the messages are as JSON.
*Encodings* of the tables in them: how long one takes and what it comes to, without the schema, which then
stands in a file once, or with it; compressed as a whole, or buffer by buffer as Arrow does it
(``arrow_zstd``). *Replay*: entries that hold dispositions alone, since file and row stand for the message.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.admission import AdmittedEntry, AdmittedLog, Disposition
from interestclock.admission.admitted_bytes import Schemas, entry_from_bytes, entry_to_bytes
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, OffsetRanges

SIZES = (1, 16, 128, 1_024)
START_MS = 1_700_000_000_000
SMALL = LogSchema(labels=("finish",))
FULL = LogSchema(
    labels=("finish", "skip", "like"),
    attributes=("genre", "artist"),
    categorical=("device", "app", "country"),
    multivalued=("tags",),
    numeric=("age", "tempo"),
)


def main() -> None:
    arguments = parse_arguments()
    figures: dict[str, list[dict[str, float | str]]] = {"log": [], "encodings": [], "replay": []}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        for kind in MESSAGES:
            for size in SIZES:
                entries = list(entries_of(kind, size, entries=max(4, min(1_000, arguments.messages // size))))
                described = {"message": kind, "messages_in_an_entry": size}
                runs = [log_figures(entries, Path(name) / f"{kind}{size}-{each}") for each in range(3)]
                figures["log"].append(described | medians(runs) | {"json_bytes": json_bytes(kind)})
                figures["encodings"].append(described | encodings(entries))
        for late in (0.0, 0.05):
            runs = [
                log_figures(list(replayed(late)), Path(name) / f"replay{late}-{each}") for each in range(3)
            ]
            figures["replay"].append({"late": late, "messages_in_an_entry": 1_024} | medians(runs))
        wait_us = wait_for_disk_us(Path(name) / "bare")
    show(figures)
    print(f"One wait for the disk: {wait_us:,.0f} µs (median)")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(
        json.dumps(figures | {"wait_for_disk_us": wait_us, "machine": machine("pyarrow")}, indent=1) + "\n"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the system's)")
    parser.add_argument("--messages", type=int, default=65_536, help="at most, of a kind (default 65,536)")
    return parser.parse_args()


def small_exposure(random: Random, timestamp_ms: int) -> bytes:
    return exposure_message(
        event_id=f"{random.getrandbits(64):016x}",
        user_id=random.randrange(1_000_000),
        item_id=random.randrange(100_000),
        timestamp_ms=timestamp_ms,
        utc_offset_minutes=60,
    )


def full_exposure(random: Random, timestamp_ms: int) -> bytes:
    return exposure_message(
        event_id=f"{random.getrandbits(64):016x}",
        user_id=random.randrange(1_000_000),
        item_id=random.randrange(100_000),
        timestamp_ms=timestamp_ms,
        utc_offset_minutes=60,
        request_id=f"{random.getrandbits(64):016x}",
        labels={"skip": random.randrange(2)},
        attributes={
            "genre": random.sample(["rock", "pop", "jazz", "folk"], random.randint(1, 2)),
            "artist": [f"artist {random.randrange(5_000)}"],
        },
        categorical={"device": random.choice(["phone", "desktop"]), "app": "4.2.1", "country": "DE"},
        multivalued={"tags": random.sample(["new", "morning", "live", "short"], 2)},
        numeric={"age": random.randrange(18, 80), "tempo": round(random.uniform(60, 180), 1)},
    )


def label(random: Random, timestamp_ms: int) -> bytes:
    event_id = f"{random.getrandbits(64):016x}"
    return label_message(label_of=event_id, label="finish", value=random.randrange(2), known_ms=timestamp_ms)


MESSAGES: dict[str, tuple[LogSchema, Callable[[Random, int], bytes]]] = {
    "small exposure": (SMALL, small_exposure),
    "full exposure": (FULL, full_exposure),
    "label": (SMALL, label),
}


def entries_of(kind: str, size: int, *, entries: int) -> Iterator[AdmittedEntry]:
    """Entries of one kind of message, from four partitions, all used."""
    schema, message = MESSAGES[kind]
    random, parser = Random(size), MessageParser(schema)
    for entry in range(entries):
        first, polled_ms = entry * size, START_MS + entry * 1_000
        messages = [
            Message(
                partition=str(place % 4), offset=str(place // 4), payload=message(random, polled_ms + place)
            )
            for place in range(first, first + size)
        ]
        ranges = {
            str((first + each) % 4): (str((first + each) // 4), str((first + size - 1) // 4))
            for each in range(min(size, 4))
        }
        batch = parser.parse(
            OffsetRanges(source="kafka://broker:9092/plays", ranges=ranges, messages=size), messages
        )
        named = {"exposures": batch.exposures, "labels": batch.labels}
        dispositions = pa.array(np.full(size, Disposition.USED, np.int8))
        yield AdmittedEntry(
            first_arrival=first,
            source=batch.offset_ranges.source,
            ranges=ranges,
            polled_ms=polled_ms,
            tables={
                name: table.append_column("verdict", dispositions)
                for name, table in named.items()
                if table.num_rows
            },
        )


def replayed(late: float, *, size: int = 1_024, entries: int = 64) -> Iterator[AdmittedEntry]:
    """Entries of a log in files: rows, and dispositions of which some are late, here and there."""
    random = np.random.default_rng(0)
    for first in range(0, entries * size, size):
        dispositions = np.where(
            random.random(size) < late, np.int8(Disposition.LATE), np.int8(Disposition.USED)
        )
        ranges = {"0": (str(first + 1), str(first + size))}
        yield AdmittedEntry(
            first_arrival=first,
            source="log 0123456789abcdef",
            ranges=ranges,
            dispositions=pa.array(dispositions),
        )


def log_figures(entries: Sequence[AdmittedEntry], folder: Path) -> dict[str, float]:
    """Bytes of a message, and messages per second."""
    log = AdmittedLog(folder / "log")
    schemas = Schemas.none().joined(entries[0].tables)
    said = [entry_to_bytes(entry, schemas) for entry in entries]
    messages = sum(entry.messages for entry in entries)
    return {
        "encode_us": us_each(lambda entry: entry_to_bytes(entry, schemas), entries),
        "decode_us": us_each(lambda content: entry_from_bytes(content, schemas), said),
        "written": messages / seconds(lambda: for_all(log.append, entries)),
        "read": messages / seconds(lambda: deque(AdmittedLog(folder / "log").read_after(0), maxlen=0)),
        "bytes": size_of(folder / "log") / messages,
    }


def encodings(entries: Sequence[AdmittedEntry]) -> dict[str, float]:
    """Bytes a message and microseconds an entry, of what was chosen and of what was not."""
    tables = [table for entry in entries for table in entry.tables.values()]
    zstd = pa.ipc.IpcWriteOptions(compression="zstd")
    ways: dict[str, Callable[[pa.Table], int]] = {
        "zstd": lambda table: pa.Codec("zstd").compress(without_schema(table)).size,
        "lz4": lambda table: pa.Codec("lz4").compress(without_schema(table)).size,
        "zstd_with_schema": lambda table: pa.Codec("zstd").compress(stream(table)).size,
        "arrow_zstd": lambda table: stream(table, zstd).size,
    }
    messages, figures = sum(entry.messages for entry in entries), {}
    for name, way in ways.items():
        started, written = time.perf_counter(), 0
        for table in tables:
            written += way(table)
        figures[f"{name}_us"] = (time.perf_counter() - started) / len(entries) * 1e6
        figures[f"{name}_bytes"] = written / messages
    return figures


def without_schema(table: pa.Table) -> pa.Buffer:
    return stream(table).slice(table.schema.serialize().size)


def stream(table: pa.Table, options: pa.ipc.IpcWriteOptions | None = None) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def wait_for_disk_us(path: Path) -> float:
    """What is left of writing a file if one takes the log away."""
    waits = []
    with path.open("ab", buffering=0) as file:
        for _ in range(300):
            waits.append(seconds(lambda: (file.write(b"x" * 400), os.fsync(file.fileno()))) * 1e6)
    return median(waits)


def for_all(work: Callable[[Any], object], things: Iterable[object]) -> None:
    for thing in things:
        work(thing)


def us_each(work: Callable[[Any], object], things: Sequence[object]) -> float:
    return seconds(lambda: for_all(work, things)) / len(things) * 1e6


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: median(run[name] for run in runs) for name in runs[0]}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def json_bytes(kind: str) -> float:
    random = Random(0)
    return sum(len(MESSAGES[kind][1](random, START_MS)) for _ in range(1_000)) / 1_000


def show(figures: dict[str, list[dict[str, float | str]]]) -> None:
    console = Console()
    for name, rows in figures.items():
        table = Table(*rows[0], title=name)
        for row in rows:
            table.add_row(
                *(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row.values())
            )
        console.print(table)


if __name__ == "__main__":
    main()
