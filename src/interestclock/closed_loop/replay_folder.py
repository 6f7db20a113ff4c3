"""Writes a log that will be replayed: what a loop learns first, and behind it visits, in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.arrays import with_columns
from interestclock.closed_loop.plain_log import plain_columns, plain_mapping
from interestclock.closed_loop.sampled_candidates import with_candidates
from interestclock.errors import LogError
from interestclock.events.schema import EventSource, LogSchema
from interestclock.files import new_folder
from interestclock.samples.sample_maker import REQUEST, run_starts, whole_runs
from interestclock.saved import made_of, read_object
from interestclock.timeofday import DAY_MS, MINUTE_MS, utc_day_start_ms

__all__ = ["ROWS", "VISIT", "VISIT_MS", "Replay", "write_replay"]

# Shapes: N rows of the log.

ROWS, VISIT, VISIT_MS = "rows.parquet", "visit", "visit_ms"
_REPLAY, _MAPPING, _ITEMS, _EVENTS = "replay.json", "log.toml", "items.parquet", "events"
_MOST_ROWS = 100  # of a visit; the rest of a longer request is the next visit's
_LEAST_WAIT_MINUTES = 60.0
_MAY_BE_EMPTY = ("zone", "offset", "request_id")
_TOGETHER = ("user_id", "timestamp_ms")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What is known of a log that is replayed.

    Args:
        schema: its names, as a dictionary. start_ms: where the log before ends, UTC milliseconds.
        label_wait_minutes: as long as its latest label takes, and an hour at least.
        missing_labels: labels that some rows do not have. span_ms: of the log before, first row to last.
        items: whether a table of items has attributes.

    Example:
        >>> Replay(schema={"labels": ["finish"]}, start_ms=0, label_wait_minutes=60.0).log_schema().labels
        ('finish',)
    """

    schema: dict[str, Any]
    start_ms: int
    label_wait_minutes: float
    missing_labels: tuple[str, ...] = ()
    span_ms: int = 0
    items: bool = False

    def log_schema(self) -> LogSchema:
        """The schema, with tuples where JSON has lists."""
        return made_of(LogSchema, self.schema, where=f"{_REPLAY}, schema", remedy=_remedy())

    @classmethod
    def read(cls, folder: Path) -> Replay:
        """Of a folder that ``write_replay`` wrote.

        Raises:
            ResultError: the file is missing or damaged.
        """
        file = folder / _REPLAY
        return made_of(cls, read_object(file, remedy=_remedy()), where=str(file), remedy=_remedy())


@dataclass(kw_only=True)
class _Facts:
    """What is found out while a log is written."""

    start_ms: int | None = None
    visits: int = 0
    before: int = 0
    behind: int = 0
    first_ms: int = 0
    last_before_ms: int = 0
    longest_wait_ms: int = 0
    missing: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)

    def note(self, rows: pa.Table, schema: LogSchema) -> None:
        self.columns |= {
            name
            for name in _MAY_BE_EMPTY
            if name in rows.column_names and rows[name].null_count < rows.num_rows
        }
        for label in () if schema.positive_only else schema.labels:
            known = rows.filter(pc.is_valid(rows[f"label.{label}"]))
            waits = pc.subtract(known[f"known_ms.{label}"], known["timestamp_ms"])
            self.longest_wait_ms = max(self.longest_wait_ms, pc.max(waits).as_py() or 0)
            if known.num_rows < rows.num_rows:
                self.missing.add(label)


def write_replay(source: EventSource, folder: Path, *, days_before: int, seed: int) -> None:
    """Write what a loop learns first as a log that opens by itself, and what comes behind it as visits.

    A visit is rows next to each other of one user and request; without requests, of one user and time.
    Beside each choice of a log of choices stand candidates, drawn as a comparison draws them.

    Args:
        source: the log. folder: appears when it is whole. days_before: days (UTC) of the log that are learned
            first, from the one of its first row on. seed: of the draw.

    Raises:
        LogError: the log ends before its first such days do.
        ResultError: the folder is there, or cannot be written.

    Example: see ``ReplayedUsers``.
    """
    with new_folder(folder, remedy="name another folder for the loop") as aside:
        (aside / _EVENTS).mkdir()
        facts, items = _Facts(), source.items()
        _write_rows(source, aside, facts, days_before)
        if not facts.before or not facts.behind:
            raise LogError(_too_short(facts, days_before))
        if items is not None:
            pq.write_table(
                with_columns(items, {"item_id": items["item_id"].cast(pa.string())}), aside / _ITEMS
            )
        mapping = plain_mapping(source.schema, columns=facts.columns, items=items is not None)
        (aside / _MAPPING).write_text(mapping, encoding="utf-8")
        if source.schema.positive_only:
            with_candidates(aside / _EVENTS, aside / ROWS, mapping=aside / _MAPPING, seed=seed)
        (aside / _REPLAY).write_text(json.dumps(asdict(_replay(source.schema, facts, items is not None))))


def _replay(schema: LogSchema, facts: _Facts, items: bool) -> Replay:
    assert facts.start_ms is not None
    return Replay(
        schema=asdict(schema),
        start_ms=facts.start_ms,
        label_wait_minutes=max(_LEAST_WAIT_MINUTES, facts.longest_wait_ms / MINUTE_MS + 1),
        missing_labels=tuple(each for each in schema.labels if each in facts.missing),
        span_ms=facts.last_before_ms - facts.first_ms,
        items=items,
    )


def _write_rows(source: EventSource, folder: Path, facts: _Facts, days_before: int) -> None:
    with ExitStack() as open_files:
        writers: dict[Path, pq.ParquetWriter] = {}
        for rows in _visits(source, facts, days_before):
            facts.note(rows, source.schema)
            is_before = pc.less(rows[VISIT_MS], facts.start_ms)
            before, behind = rows.filter(is_before), rows.filter(pc.invert(is_before))
            if before.num_rows:
                facts.last_before_ms = before["timestamp_ms"][-1].as_py()
            facts.before, facts.behind = facts.before + before.num_rows, facts.behind + behind.num_rows
            for path, part in ((folder / _EVENTS / "part-0.parquet", before), (folder / ROWS, behind)):
                if path not in writers:
                    writers[path] = open_files.enter_context(pq.ParquetWriter(path, rows.schema))
                writers[path].write_table(part)


def _visits(source: EventSource, facts: _Facts, days_before: int) -> Iterator[pa.Table]:
    """Plain rows with the number and the time of the visit they are of."""
    chunks = source.chunks()
    first = next(chunks, None)
    if first is None:
        return
    names = REQUEST if "request_id" in first.column_names else _TOGETHER
    for table in whole_runs(_with(first, chunks), names):
        time_ms_N = table["timestamp_ms"].to_numpy()
        if facts.start_ms is None:
            facts.first_ms = int(time_ms_N[0])
            facts.start_ms = utc_day_start_ms(facts.first_ms) + days_before * DAY_MS
        starts_N = run_starts(table, names)
        starts_N[np.searchsorted(time_ms_N, facts.start_ms) :][:1] = True
        starts_N |= _place_in_run(starts_N) % _MOST_ROWS == 0
        run_N = np.cumsum(starts_N) - 1
        numbers = {VISIT: facts.visits + run_N, VISIT_MS: time_ms_N[np.flatnonzero(starts_N)][run_N]}
        facts.visits += int(starts_N.sum())
        plain = plain_columns(table, source.schema)
        yield with_columns(plain, {name: pa.array(each) for name, each in numbers.items()})


def _with(first: pa.Table, others: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from others


def _place_in_run(starts_N: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    place_N = np.arange(starts_N.size)
    begin_N: npt.NDArray[np.int64] = np.maximum.accumulate(np.where(starts_N, place_N, 0))
    return place_N - begin_N


def _too_short(facts: _Facts, days_before: int) -> str:
    rows = facts.before + facts.behind
    return (
        f"the log to be replayed has {rows:,} usable rows, none of them behind its first {days_before} days "
        "(UTC); give --days-before fewer days, or a longer log"
    )


def _remedy() -> str:
    return "begin anew in another folder"
