"""A log that the user's own code reads: ``package.module:MySource`` in the place of a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from interestclock.errors import ConfigError, LogError
from interestclock.events.context import CONTEXT_KINDS
from interestclock.events.own_tables import (
    OwnTables,
    check_columns_once,
    check_counts,
    check_fingerprint,
    check_item_table,
    each_table,
)
from interestclock.events.reorder import TimeOrder
from interestclock.events.schema import EventSource, LogCounts, LogSchema
from interestclock.plugins import exits_refused, make_named

__all__ = ["LOG_METHODS", "OwnSource", "check_methods", "open_own_log"]

LOG_METHODS = ("schema", "counts", "items", "chunks", "fingerprint")
_ID = (pa.int64(), pa.string())
_TIMES = {
    "timestamp_ms": (pa.int64(),),
    "second_of_day": (pa.int32(),),
    "day_of_week": (pa.int8(),),
    "log_row": (pa.int64(),),
}
_LIST = (pa.list_(pa.string()),)
_SORT = (
    "chunks() gives all rows in time order: sort them there, for example "
    'table.sort_by("timestamp_ms"), before they are cut into tables'
)


def open_own_log(name: str) -> EventSource:
    """The event source that ``package.module:Name`` gives, a class or a function without arguments.

    Args:
        name: the module is imported. Its tables are checked as they come.

    Raises:
        ConfigError: there is none of that name, or it lacks a part of ``EventSource``, which is named.

    Example:
        >>> open_own_log("collections:OrderedDict")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: collections:OrderedDict is no event source: it has no 'schema'; ...
    """
    source = make_named(name)
    check_methods(source, LOG_METHODS, name=name, kind="event source")
    return OwnSource(source, name=name)


def check_methods(source: object, methods: tuple[str, ...], *, name: str, kind: str) -> None:
    """Refuse what lacks a part of a protocol.

    Raises:
        ConfigError: names the first that is missing.
    """
    for method in methods:
        if not hasattr(source, method):
            raise ConfigError(
                f"{name} is no {kind}: it has no '{method}'; the guide 'A source of your own' shows one"
            )
    schema = getattr(source, "schema", None)
    if not isinstance(schema, LogSchema):
        raise ConfigError(f"{name}: schema is {schema!r}; give a LogSchema")


class OwnSource:
    """An event source whose tables are looked at before they are used, so that what is wrong is said here.

    Args:
        source: the user's own. name: for errors.

    Raises:
        LogError: (from ``chunks`` and ``items``) a table lacks a column or has one of another type, a value
            that cannot be (``OwnTables`` has which), or an item twice; counts or fingerprint are none.
        LatenessError: (from ``chunks``) a row is older than one before it.

    Example: see ``docs/own-clock.md``.
    """

    def __init__(self, source: EventSource, *, name: str) -> None:
        self._source, self._name = source, name

    @property
    def schema(self) -> LogSchema:
        """The source's."""
        return self._source.schema

    @property
    def counts(self) -> LogCounts:
        """The source's."""
        check_counts(self._name, self._source.counts)
        return self._source.counts

    def items(self) -> pa.Table | None:
        """The source's item table."""
        with exits_refused(f"{self._name}: items()"):
            table = self._source.items()
        if table is not None:
            wanted = {"item_id": _ID} | {f"attribute.{name}": _LIST for name in self.schema.attributes}
            self._check(table, wanted, "items()")
            check_item_table(self._name, table)
        return table

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        """The source's event tables, in time order."""
        order = TimeOrder(
            lateness_ms=0, name_row=lambda row: f"{self._name}: log_row {row}", remedy=lambda _: _SORT
        )
        wanted = _event_columns(self.schema)
        if self._source.items() is None:
            wanted |= {f"attribute.{name}": _LIST for name in self.schema.attributes}
        tables = OwnTables(name=self._name, schema=self.schema)
        with exits_refused(f"{self._name}: chunks()"):
            given = self._source.chunks(rows)
        for table in each_table(self._name, given):
            self._check(table, wanted, "chunks()")
            tables.check(table)
            if len(table):
                order.check(table)
            tables.check_log_rows(table)
            yield table
        tables.check_counts(self._source.counts)

    def fingerprint(self) -> str:
        """The source's."""
        with exits_refused(f"{self._name}: fingerprint()"):
            return check_fingerprint(self._name, self._source.fingerprint())

    def _check(self, table: object, wanted: Mapping[str, tuple[pa.DataType, ...]], where: str) -> None:
        if not isinstance(table, pa.Table):
            raise LogError(f"{self._name}: {where} gave a {type(table).__name__}; give a pyarrow.Table")
        check_columns_once(self._name, table, where)
        for column, types in wanted.items():
            if column not in table.column_names:
                raise LogError(
                    f"{self._name}: {where} gave no column '{column}'; add it, as {_written(types)} (the "
                    "table in interestclock.events.schema says what it means)"
                )
            if table.schema.field(column).type not in types:
                raise LogError(
                    f"{self._name}: {where} gave column '{column}' as {table.schema.field(column).type}; "
                    f"cast it to {_written(types)}"
                )


def _event_columns(schema: LogSchema) -> dict[str, tuple[pa.DataType, ...]]:
    wanted: dict[str, tuple[pa.DataType, ...]] = {"user_id": _ID, "item_id": _ID} | _TIMES
    for label in schema.labels:
        wanted |= {f"label.{label}": (pa.int8(),), f"known_ms.{label}": (pa.int64(),)}
    for kind in CONTEXT_KINDS:
        wanted |= {f"{kind.name}.{name}": (kind.type,) for name in schema.context[kind.name]}
    return wanted | {f"truth.{name}": (pa.float64(),) for name in schema.truths}


def _written(types: tuple[pa.DataType, ...]) -> str:
    return " or ".join(str(each) for each in types)
