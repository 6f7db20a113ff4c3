"""Users of a log that is replayed: they come and do as the log says, whatever is answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.client import Candidate, Rank, Ranked
from interestclock.closed_loop.loop_users import LogBefore, Seen
from interestclock.closed_loop.replay_folder import ROWS, VISIT, VISIT_MS, Replay, write_replay
from interestclock.closed_loop.sampled_candidates import CANDIDATES
from interestclock.events.schema import EventSource, LogSchema
from interestclock.samples.sample_maker import run_starts, whole_runs

__all__ = ["ReplayedUsers", "ReplayedVisit"]

_ROWS_READ = 16_384
_WHO_AND_WHEN = ("user_id", "timestamp_ms", "zone", "utc_offset_minutes")
Row = Mapping[str, Any]


class ReplayedVisit:
    """A user of the log comes, has ranked what the log showed, and does what the log says.

    The service says what time that is; labels come as long after it as in the log. Without an answer all is
    as the log has it. A label of 0 is sent only where some rows of the log do not have that label: else
    what does not come is 0.

    Args:
        rows: of the visit, as ``write_replay`` writes them. schema: of the log.
        missing_labels: labels that some rows do not have. attributes: whether rows bring those of items.

    Example:
        >>> row = {"visit_ms": 0, "user_id": "ann", "item_id": "7", "event_id": "row 1", "timestamp_ms": 0,
        ...        "zone": "UTC", "utc_offset_minutes": None, "label.finish": 1, "known_ms.finish": 60_000}
        >>> visit = ReplayedVisit([row], LogSchema(labels=("finish",)))
        >>> visit.asks().candidates, visit.sees(None).labels
        (['7'], [{'label_of': 'row 1', 'label': 'finish', 'value': 1, 'known_ms': 60000}])
    """

    def __init__(
        self,
        rows: list[Row],
        schema: LogSchema,
        *,
        missing_labels: tuple[str, ...] = (),
        attributes: bool = False,
    ) -> None:
        self._rows, self._schema = rows, schema
        self._missing, self._attributes = missing_labels, schema.attributes if attributes else ()

    @property
    def timestamp_ms(self) -> int:
        """When, UTC milliseconds."""
        return int(self._rows[0][VISIT_MS])

    def asks(self) -> Rank:
        """For what was shown, and what was drawn beside choices, to be ranked: all of it."""
        first, shown = self._rows[0], {row["item_id"]: row for row in self._rows}
        drawn = dict.fromkeys(item for row in self._rows for item in row.get(CANDIDATES) or ())
        candidates = [self._candidate(item, shown.get(item)) for item in drawn | shown]
        context = {name: value for named in self._context(first).values() for name, value in named.items()}
        return Rank(
            user=first["user_id"],
            candidates=candidates,
            context=context,
            top=len(candidates),
            **_local_time(first),
        )

    def sees(self, answer: Ranked | None) -> Seen:
        """What the log says of all that it showed; of what was drawn beside it nothing is known."""
        whole = [self._exposure(place, row, answer) for place, row in enumerate(self._rows)]
        labels = [each for row in self._rows for each in self._labels(row, answer)]
        if answer is None:
            return Seen(exposures=whole, whole=whole, labels=labels)
        short = [{name: each[name] for name in each if name not in _WHO_AND_WHEN} for each in whole]
        unseen = {each.item for each in answer.items} - {row["item_id"] for row in self._rows}
        exposures = whole if answer.logged is False else short
        return Seen(exposures=exposures, whole=whole, labels=labels, unseen=len(unseen))

    def _candidate(self, item: str, row: Row | None) -> str | int | Candidate:
        if row is None or not self._attributes:
            return item
        return Candidate(item=item, attributes=self._values(row))

    def _values(self, row: Row) -> dict[str, list[str]]:
        return {name: row[f"attribute.{name}"] or [] for name in self._attributes}

    def _context(self, row: Row) -> dict[str, dict[str, Any]]:
        """Kind -> what the row has of it, by name."""
        return {
            kind: {name: row[f"{kind}.{name}"] for name in names if row[f"{kind}.{name}"] is not None}
            for kind, names in self._schema.context.items()
            if names
        }

    def _exposure(self, place: int, row: Row, answer: Ranked | None) -> dict[str, Any]:
        message = {"event_id": row["event_id"], "item_id": row["item_id"], "user_id": row["user_id"]}
        message |= {"timestamp_ms": row["timestamp_ms"] if answer is None else answer.at_ms}
        message |= _local_time(row) | self._context(row)
        message |= {} if answer is None else {"request_id": answer.request_id}
        message |= {} if self._schema.positive_only else {"position": place}
        return message | ({"attributes": self._values(row)} if self._attributes else {})

    def _labels(self, row: Row, answer: Ranked | None) -> Iterator[dict[str, Any]]:
        later_ms = 0 if answer is None else answer.at_ms - row["timestamp_ms"]
        for label in () if self._schema.positive_only else self._schema.labels:
            value = row[f"label.{label}"]
            if value or (value == 0 and label in self._missing):
                known_ms = row[f"known_ms.{label}"] + later_ms
                yield {"label_of": row["event_id"], "label": label, "value": value, "known_ms": known_ms}


class ReplayedUsers:
    """All who come in a log, behind its first days.

    Args:
        open_source: opens the log, where it is not written down yet. days_before: days (UTC) that are
            learned before the first of them comes. seed: of candidates beside choices.

    Example:
        >>> import tempfile
        >>> from interestclock.events import ColumnMapping, open_log
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "plays.csv").write_text(
        ...     "user_id,item_id,timestamp_ms,done\\nann,7,1700000000000,1\\nbob,8,1700100000000,0\\n")
        >>> mapping = ColumnMapping(zone="UTC", labels={"finish": "done = 1"})
        >>> users = ReplayedUsers(
        ...     lambda: open_log(folder / "plays.csv", mapping=mapping), days_before=1, seed=0)
        >>> users.write_archive(folder / "archive")
        >>> start_ms = users.log_before(folder / "archive").start_ms
        >>> [each.asks().user for each in users.visits(folder / "archive", from_ms=start_ms)]
        ['bob']
        >>> users.due(folder / "archive", from_ms=start_ms, until_ms=1_700_100_000_001)
        1
    """

    patient = True

    def __init__(self, open_source: Callable[[], EventSource], *, days_before: int, seed: int) -> None:
        self._open_source, self._days_before, self._seed = open_source, days_before, seed

    def write_archive(self, folder: str | Path) -> None:
        """Write what is learned first, and what comes behind it.

        Raises:
            LogError: nothing does.
        """
        write_replay(self._open_source(), Path(folder), days_before=self._days_before, seed=self._seed)

    def log_before(self, folder: str | Path) -> LogBefore:
        """What parts have to know."""
        replay = Replay.read(Path(folder))
        return LogBefore(
            start_ms=replay.start_ms,
            label_wait_minutes=replay.label_wait_minutes,
            missing_labels=replay.missing_labels,
            span_ms=replay.span_ms,
        )

    def visits(self, folder: str | Path, *, from_ms: int) -> Iterator[ReplayedVisit]:
        """Who comes from a moment on."""
        replay = Replay.read(Path(folder))
        schema, attributes = replay.log_schema(), not replay.items
        with pq.ParquetFile(Path(folder) / ROWS) as file:
            tables = (pa.Table.from_batches([each]) for each in file.iter_batches(_ROWS_READ))
            for table in whole_runs(tables, (VISIT,)):
                for rows in _split(table.filter(pc.greater_equal(table[VISIT_MS], from_ms))):
                    yield ReplayedVisit(
                        rows, schema, missing_labels=replay.missing_labels, attributes=attributes
                    )

    def due(self, folder: str | Path, *, from_ms: int, until_ms: int) -> int:
        """How many rows the visits of that time have."""
        visit_ms_N = pq.read_table(Path(folder) / ROWS, columns=[VISIT_MS])[VISIT_MS].to_numpy()
        return int(np.count_nonzero((visit_ms_N >= from_ms) & (visit_ms_N < until_ms)))


def _split(table: pa.Table) -> Iterator[list[Row]]:
    """The rows of each visit."""
    rows = table.to_pylist()
    begins = [*np.flatnonzero(run_starts(table, (VISIT,))).tolist(), len(rows)]
    return (rows[begin:end] for begin, end in itertools.pairwise(begins))


def _local_time(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("zone", "utc_offset_minutes") if row[name] is not None}
