"""From raw rows to the event table: every column checked at once, every refused row with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.column_faults import ColumnFaults
from interestclock.events.context import ContextKind
from interestclock.events.dead_letters import DeadLetter
from interestclock.events.id_types import IdTypes, id_types_of
from interestclock.events.id_values import parse_ids
from interestclock.events.limits import RAW_BYTES
from interestclock.events.local_time import Order
from interestclock.events.mapping import ColumnMapping
from interestclock.events.operands import parse_operands
from interestclock.events.raw_tables import RawBlock
from interestclock.events.row_checks import RowChecks
from interestclock.events.row_times import located, when
from interestclock.events.time_watch import TimeWatch
from interestclock.events.values import Parsed, parse_categorical, parse_labels, parse_lists, parse_numbers
from interestclock.mapping_keys import LabelColumn

__all__ = ["EVENT_ID", "LogTypes", "infer_types", "validate"]

EVENT_ID = "event_id"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LogTypes:
    """What is settled for the whole log.

    Example:
        >>> LogTypes(user=pa.int64(), item=pa.string(), request=None, time_unit="ms").item
        DataType(string)
    """

    user: pa.DataType
    item: pa.DataType
    request: pa.DataType | None
    time_unit: str


def infer_types(block: RawBlock, mapping: ColumnMapping, ids: IdTypes | None = None) -> LogTypes:
    """The type of each id, and how numbers among its times are read.

    Args:
        block: the log's first. mapping: what its columns mean.
        ids: the types of the log's ids; None: those that the block has.

    Raises:
        LogError: a column holds neither integers nor text.

    Example:
        >>> from pathlib import Path
        >>> columns = pa.table({"user_id": ["1"], "item_id": ["a"], "timestamp_ms": ["1333476009"]})
        >>> block = RawBlock(path=Path("a.csv"), table=columns, row_N=np.array([1]), typed=False)
        >>> types = infer_types(block, ColumnMapping(zone="UTC"))
        >>> types.user, types.item, types.time_unit
        (DataType(int64), DataType(string), 'auto')
    """
    types = (ids or id_types_of([block], mapping)).types
    return LogTypes(
        user=types[mapping.user],
        item=types[mapping.item],
        request=None if mapping.request is None else types[mapping.request],
        time_unit=mapping.time_unit,
    )


def validate(
    block: RawBlock,
    mapping: ColumnMapping,
    types: LogTypes,
    *,
    rows_before: int,
    watch: TimeWatch | None = None,
    faults: ColumnFaults | None = None,
) -> tuple[pa.Table, list[DeadLetter]]:
    """The block's good rows as an event table (in the block's order), and its dead letters.

    Args:
        block: raw rows.
        mapping: what their columns mean.
        types: as settled by the log's first block.
        rows_before: rows of the log in the files before this one.
        watch: looks at the times as they are read, and knows those of the blocks before.
        faults: counts what each column costs.

    Raises:
        LogError: a whole column has a type that cannot be what the mapping says.

    Example:
        >>> from pathlib import Path
        >>> columns = pa.table({"user_id": [1, 2], "item_id": [3, 4], "timestamp_ms": [0, None]})
        >>> block = RawBlock(path=Path("a.parquet"), table=columns, row_N=np.array([1, 2]), typed=True)
        >>> mapping = ColumnMapping(zone="UTC", positive_only="visit")
        >>> events, dead = validate(block, mapping, infer_types(block, mapping), rows_before=0)
        >>> events["user_id"].to_pylist(), [letter.reason for letter in dead]
        ([1], ["column 'timestamp_ms' is empty"])
    """
    checks = RowChecks(block)
    events = _who_and_what(checks, mapping, types)
    order = None if watch is None else watch.order
    moments, place = when(checks, mapping, types.time_unit, order, events)
    if watch is not None:
        watch.add(block, moments, place, checks.usable)
    timestamp_ms_N = place.timestamp_ms_N
    events["log_row"] = pa.array(block.row_N + rows_before)
    _labels(checks, mapping, types, timestamp_ms_N, events)
    _context(checks, mapping, events)
    if faults is not None:
        faults.add(checks)
    return pa.table(events).filter(pa.array(checks.usable)), checks.dead_letters()


def _who_and_what(checks: RowChecks, mapping: ColumnMapping, types: LogTypes) -> dict[str, pa.Array]:
    events = {
        "user_id": checks.accept(mapping.user, lambda column: parse_ids(column, types.user)),
        "item_id": checks.accept(mapping.item, lambda column: parse_ids(column, types.item)),
    }
    request, kind = mapping.request, types.request
    if request is not None and kind is not None:
        parsed = checks.accept(request, lambda column: parse_ids(column, kind, optional=True))
        events["request_id"] = parsed
    if mapping.event_id is not None:
        events[EVENT_ID] = checks.accept(mapping.event_id, parse_categorical)
    return events


def _labels(
    checks: RowChecks,
    mapping: ColumnMapping,
    types: LogTypes,
    timestamp_ms_N: Ints,
    events: dict[str, pa.Array],
) -> None:
    if mapping.positive_only is not None:
        events[f"label.{mapping.positive_only}"] = pa.array(np.ones(len(timestamp_ms_N), np.int8))
        events[f"known_ms.{mapping.positive_only}"] = pa.array(timestamp_ms_N)
    for name, label in mapping.labels.items():
        events[f"label.{name}"] = _label(checks, mapping, name, label)
        known_ms_N = timestamp_ms_N + round(label.delay_seconds * 1_000)
        if label.known_column is not None:
            order = Order(newest_ms=timestamp_ms_N)  # of two times, one that is not before the exposure
            moments, place = located(checks, label.known_column, mapping, types.time_unit, order)
            stated_N = moments.valid_N
            known_ms_N = np.where(stated_N, place.timestamp_ms_N, known_ms_N)
            given_N = np.asarray(pc.is_valid(checks.accept(label.known_column, parse_categorical)))
            known = label.known_column
            of = (known, "a time, or nothing")
            checks.reject(given_N & ~stated_N, f"column '{known}' is no time, nor empty", of=of)
            early_N = stated_N & (known_ms_N < timestamp_ms_N)
            of = (known, "a time that is not before the exposure")
            checks.reject(early_N, f"column '{known}' is before the exposure", of=of)
        events[f"known_ms.{name}"] = pa.array(known_ms_N)


def _label(checks: RowChecks, mapping: ColumnMapping, name: str, label: LabelColumn) -> pa.Array:
    """A label as its column says it, or as its expression makes it."""
    if label.expression is None:
        assert label.column is not None
        return checks.accept(label.column, parse_labels)
    from interestclock.events.label_expressions import (  # noqa: PLC0415 (few logs need DuckDB and sqlglot)
        label_expression,
    )

    expression = label_expression(name, label.expression)
    columns = mapping.made_of(name)
    made_of = {
        each: checks.accept(columns[each], _operand(kind, is_outcome=each in mapping.outcomes))
        for each, kind in expression.columns.items()
    }
    return expression.evaluate(pa.table(made_of))


def _operand(kind: str, *, is_outcome: bool) -> Callable[[pa.Array], Parsed]:
    """How a column is read that a label is made of; an outcome is no text in a log's context either."""
    if kind == "text":
        return partial(parse_categorical, most_bytes=RAW_BYTES)
    return parse_numbers if is_outcome else parse_operands


def _context(checks: RowChecks, mapping: ColumnMapping, events: dict[str, pa.Array]) -> None:
    def lists(column: pa.Array) -> Parsed:
        return parse_lists(column, mapping.separator)

    parsers: list[tuple[str, dict[str, str], Callable[[pa.Array], Parsed]]] = [
        ("attribute", dict(mapping.attributes), lists),
        *(
            (kind.name, columns, partial(_parsed, kind, mapping.separator))
            for kind, columns in mapping.context()
        ),
        ("outcome", dict(mapping.outcomes), parse_numbers),
        ("truth", dict(mapping.truths), _parse_probability),
    ]
    for prefix, columns, parse in parsers:
        for name, column in columns.items():
            events[f"{prefix}.{name}"] = checks.accept(column, parse)


def _parsed(kind: ContextKind, separator: str | None, column: pa.Array) -> Parsed:
    return kind.parse(column, separator)


def _parse_probability(column: pa.Array) -> Parsed:
    parsed = parse_numbers(column)
    inside = pc.and_(pc.greater_equal(parsed.values, 0.0), pc.less_equal(parsed.values, 1.0))
    bad_N = ~np.asarray(inside.fill_null(False))
    return Parsed(values=parsed.values, bad_N=bad_N, expected="a probability from 0 to 1")
