"""Run Eq. 3 on DuckDB for many moments, one after the other, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from clocks_as_of import best_values, changed_cells, value_codes, votes, with_names

from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import ConfigError

__all__ = ["CLOCK_COLUMNS", "stream_clocks"]

CLOCK_COLUMNS = (
    "as_of_ms", "user", "attribute", "bucket", "rank", "value", "score",
    "like", "finish", "skip", "dislike",
)  # fmt: skip


@ibis.udf.scalar.builtin(name="as_of_ms")  # type: ignore[untyped-decorator]
def _as_of_ms() -> int:  # type: ignore[empty-body, unused-ignore]
    """Stand for the moment in the compiled queries; DuckDB reads it from a variable at each run."""


@ibis.udf.scalar.builtin(name="before_ms")  # type: ignore[untyped-decorator]
def _before_ms() -> int:  # type: ignore[empty-body, unused-ignore]
    """Stand for the moment before it in the same way."""


_BEFORE_ALL_MS = -(2**60)


def stream_clocks(
    exposures: pa.Table | Path | Sequence[Path],
    item_values: pa.Table,
    moments_ms: Iterable[int],
    *,
    config: ClockFeatureConfig,
    memory_limit_mib: int = 1024,
    rows_per_batch: int = 100_000,
) -> Iterator[pa.RecordBatch]:
    """Clocks as of each moment, in order of the moments (the equation is ``clocks_as_of``'s).

    The exposures are read once. From one moment to the next only those users and buckets are counted
    anew in which a vote began or ceased to count; the others keep their values. What exceeds the memory
    limit goes to a temporary folder, which is gone when the iterator is exhausted or closed.

    Args:
        exposures: a table, a Parquet file or several, with the columns ``votes`` asks for.
        item_values: ``item``, ``attribute``, ``value``: a row per value an item carries.
        moments_ms: UTC milliseconds, in any order; a moment given twice counts once.
        config: buckets, window, values kept, weights.
        memory_limit_mib: how much DuckDB may hold, in MiB.
        rows_per_batch: at most so many rows in a batch.

    Yields:
        Batches with the columns ``CLOCK_COLUMNS``; a batch holds rows of one moment only, in no
        particular order; a moment nobody has a preference at yields none.

    Raises:
        ConfigError: the memory limit is not above 0.
        LogError: no term of Eq. 3 is among the columns.

    Example:
        >>> plays = pa.table({"user": [7], "item": [1], "timestamp_ms": [0], "second_of_day": [3600],
        ...                   "finish": [1], "known_ms_finish": [600_000]})
        >>> values = pa.table({"item": [1], "attribute": ["mood"], "value": ["calm"]})
        >>> day_ms = 86_400_000
        >>> batches = stream_clocks(plays, values, [0, day_ms, 31 * day_ms], config=ClockFeatureConfig())
        >>> [(batch["as_of_ms"][0].as_py(), batch["value"][0].as_py()) for batch in batches]
        [(86400000, 'calm')]
    """
    if memory_limit_mib < 1:
        raise ConfigError(f"memory_limit_mib is {memory_limit_mib}; give 1 or more, for example 1024")
    with tempfile.TemporaryDirectory(prefix="interestclock-") as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{int(memory_limit_mib)}MiB'")
        connection.execute("SET temp_directory = $1", [spill])
        queries = _prepare(connection, exposures, item_values, config)
        for moment_ms in sorted(set(moments_ms)):
            yield from _run(connection, queries, moment_ms, rows_per_batch)


@dataclass(frozen=True, kw_only=True)
class _Queries:
    """What a moment runs: which cells changed, the best values of all cells, their names."""

    changed: str
    best: str
    named: str


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    exposures: pa.Table | Path | Sequence[Path],
    item_values: pa.Table,
    config: ClockFeatureConfig,
) -> _Queries:
    """Write the votes into a table, start from a time before all of them, compile the queries."""
    connection.execute("SET preserve_insertion_order = false")
    for name in ("as_of_ms", "before_ms"):
        connection.execute(f"CREATE MACRO {name}() AS getvariable('{name}')::BIGINT")
        connection.execute(f"SET VARIABLE {name} = {_BEFORE_ALL_MS}::BIGINT")
    plays = _view(connection, "exposures", exposures)
    values = _view(connection, "item_values", item_values)
    codes = _table(connection, "codes", value_codes(values))
    cast = _table(connection, "votes", votes(plays, values, codes, config))
    changed = changed_cells(cast, _before_ms(), _as_of_ms(), config)
    best = _table(connection, "best", best_values(cast, _as_of_ms(), config))
    cells = ibis.table(changed.schema(), name="changed")
    again = best_values(cast.semi_join(cells, ["user", "bucket"]), _as_of_ms(), config)
    unchanged = best.anti_join(cells, ["user", "bucket"])
    return _Queries(
        changed=_sql(changed),
        best=_sql(unchanged.union(again)),
        named=_sql(with_names(best, codes, _as_of_ms())),
    )


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, data: pa.Table | Path | Sequence[Path]
) -> ir.Table:
    """Name a table or Parquet files in DuckDB, and describe it to Ibis."""
    if isinstance(data, pa.Table):
        connection.register(name, data)
        return ibis.table(ibis.Schema.from_pyarrow(data.schema), name=name)
    paths = [str(path) for path in ([data] if isinstance(data, Path) else data)]
    connection.read_parquet(paths).create_view(name)
    return ibis.table(ibis.Schema.from_pyarrow(pq.read_schema(paths[0])), name=name)


def _table(connection: duckdb.DuckDBPyConnection, name: str, expression: ir.Table) -> ir.Table:
    connection.execute(f"CREATE TEMP TABLE {name} AS {_sql(expression)}")
    return ibis.table(expression.schema(), name=name)


def _sql(expression: ir.Table) -> str:
    # Ibis writes the query; DuckDB runs it through its own client.
    return str(ibis.to_sql(expression, dialect="duckdb"))


def _run(
    connection: duckdb.DuckDBPyConnection, queries: _Queries, moment_ms: int, rows_per_batch: int
) -> Iterator[pa.RecordBatch]:
    """Bring the table of best values from the moment before to this one, and give it out."""
    connection.execute(f"SET VARIABLE as_of_ms = {int(moment_ms)}::BIGINT")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE changed AS {queries.changed}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE best AS {queries.best}")
    connection.execute(f"SET VARIABLE before_ms = {int(moment_ms)}::BIGINT")
    for batch in connection.sql(queries.named).to_arrow_reader(rows_per_batch):
        if batch.num_rows:
            yield batch
