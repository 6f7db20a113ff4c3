"""Write a simulated log as a folder that opens by itself: events, items and the mapping of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.errors import ResultError
from interestclock.files import new_folder
from interestclock.simulator.exposures import EVENT_SCHEMA, exposures_by_day, item_table
from interestclock.simulator.truth import SimulatorSize, SimulatorTruth
from interestclock.simulator.world import World, build_world

__all__ = ["write_simulated_log"]

_ROWS_PER_GROUP = 65_536
_ROWS_PER_FILE = 16 * _ROWS_PER_GROUP

_MAPPING = """\
# A simulated music service: {users} users, {items} songs, {days} days, seed {seed}{log}.
log = "events"
items = "items.parquet"
user = "user_id"
item = "item_id"
time = "timestamp_ms"
time_unit = "ms"
zone_column = "zone"
request = "request_id"
clock_attributes = [{attributes}]
item_attributes = [{attributes}]
outcomes = ["comment", "played_ms"]

[labels]
finish = {{ column = "finish", delay_seconds = {delay} }}
like = {{ column = "like", delay_seconds = {delay} }}
skip = {{ column = "skip", delay_seconds = {delay} }}
dislike = {{ column = "dislike", delay_seconds = {delay} }}

[truths]
finish = "true_finish"
like = "true_like"
skip = "true_skip"
dislike = "true_dislike"
"""


def write_simulated_log(
    folder: str | Path,
    *,
    size: SimulatorSize,
    seed: int = 0,
    truth: SimulatorTruth | None = None,
    log: int = 0,
) -> int:
    """Simulate a log and write ``events/part-*.parquet``, ``items.parquet`` and ``log.toml``.

    Days are made and written one after the other; the folder appears under its name when it is whole.
    The same arguments write the same bytes.

    Args:
        folder: where; must not exist, or be empty.
        size: how many users, songs, days and exposures.
        seed: of the world, 0 or above. log: which log of that world, as ``exposures_by_day`` takes it.
        truth: how users are; by default as ``docs/decisions/0002-simulator-truth.md`` has it.

    Returns:
        The number of exposures.

    Raises:
        ConfigError: ``seed`` or ``log`` is negative.
        ResultError: the folder holds something, is a file, or another process is writing it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     rows = write_simulated_log(
        ...         Path(folder), size=SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        ...     )
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['events', 'items.parquet', 'log.toml']
    """
    folder = Path(folder)
    _refuse_unless_empty(folder)
    truth = truth if truth is not None else SimulatorTruth()
    with new_folder(folder, may_replace=_is_empty) as aside:
        return _write(aside, build_world(size=size, truth=truth, seed=seed), log)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _refuse_unless_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder} is a file; name a folder to write the simulated log to")
    if folder.exists() and any(folder.iterdir()):
        found = sorted(path.name for path in folder.iterdir())[0]
        raise ResultError(f"{folder} is not empty (it holds '{found}'); name a new folder or empty it")


def _write(folder: Path, world: World, log: int) -> int:
    size, truth = world.size, world.truth
    (folder / "events").mkdir(parents=True)
    pq.write_table(item_table(world), folder / "items.parquet")
    rows = _write_events(folder / "events", exposures_by_day(world, log=log))
    attributes = ", ".join(f'"{name}"' for name in truth.attributes)
    mapping = _MAPPING.format(
        users=size.users,
        items=size.items,
        days=size.days,
        seed=world.seed,
        log=f", log {log}" if log else "",
        attributes=attributes,
        delay=truth.label_delay_seconds,
    )
    (folder / "log.toml").write_text(mapping, encoding="utf-8")
    return rows


def _write_events(folder: Path, days: Iterable[pa.Table]) -> int:
    """Parquet files of about a million rows, written a row group at a time."""
    rows = written = parts = 0
    writer = None
    for group in _row_groups(days):
        if writer is None or written >= _ROWS_PER_FILE:
            if writer is not None:
                writer.close()
            writer = pq.ParquetWriter(folder / f"part-{parts:04d}.parquet", EVENT_SCHEMA, compression="zstd")
            parts, written = parts + 1, 0
        writer.write_table(group)
        written += group.num_rows
        rows += group.num_rows
    if writer is not None:
        writer.close()
    return rows


def _row_groups(days: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join days until they make a row group; the last one may be small."""
    waiting: list[pa.Table] = []
    for table in days:
        waiting.append(table)
        if sum(part.num_rows for part in waiting) >= _ROWS_PER_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
