"""A log of any form as plain columns, with the mapping that names them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.schema import LogSchema
from interestclock.events.toml_text import toml_value
from interestclock.timeofday import utc_offset_minutes

__all__ = ["plain_columns", "plain_mapping"]

# Shapes: N rows of the log.

_IDS = ("user_id", "item_id", "request_id", "event_id")


def plain_columns(table: pa.Table, schema: LogSchema) -> pa.Table:
    """An event table as what a mapping file can name: ids as text, and how far local time is from UTC.

    Args:
        table: as ``events.schema`` describes it.

    Returns:
        The same rows: each with an ``event_id`` (``row PLACE``, where the log has none), and either ``zone``,
        or ``utc_offset_minutes`` (int16) and ``offset``, the same as text, which no one takes for hours.

    Example:
        >>> table = pa.table({
        ...     "user_id": [7], "item_id": [3], "timestamp_ms": [0], "second_of_day": [19_800],
        ...     "day_of_week": [3], "log_row": [1], "label.finish": pa.array([1], pa.int8()),
        ...     "known_ms.finish": [60_000]})
        >>> plain = plain_columns(table, LogSchema(labels=("finish",)))
        >>> plain.select(["event_id", "utc_offset_minutes", "offset", "zone"]).to_pylist()
        [{'event_id': 'row 1', 'utc_offset_minutes': 330, 'offset': '+05:30', 'zone': None}]
    """
    columns = {name: table[name].cast(pa.string()) for name in _IDS if name in table.column_names}
    row = pc.binary_join_element_wise("row", table["log_row"].cast(pa.string()), " ")
    columns["event_id"] = pc.coalesce(columns["event_id"], row) if "event_id" in columns else row
    columns["timestamp_ms"] = table["timestamp_ms"]
    columns |= _local_time(table)
    columns |= {name: table[name] for name in _kept(schema) if name in table.column_names}
    return pa.table(columns)


def plain_mapping(schema: LogSchema, *, columns: Collection[str], items: bool) -> str:
    """The mapping of plain columns, as a file has it.

    Args:
        columns: that hold something, of those that may be missing. items: whether a table of items has the
            attributes, and not the rows.

    Example:
        >>> schema = LogSchema(labels=("finish",), attributes=("genre",))
        >>> print(plain_mapping(schema, columns={"zone"}, items=True))
        log = "events"
        id_type = "text"
        event_id = "event_id"
        zone_column = "zone"
        items = "items.parquet"
        items_key = "item_id"
        clock_attributes = []
        engaged = ["finish"]
        <BLANKLINE>
        [labels]
        "finish" = { column = "label.finish", known_column = "known_ms.finish" }
        <BLANKLINE>
        [eq3]
        "finish" = "finish"
        <BLANKLINE>
        [item_attributes]
        "genre" = "attribute.genre"
        <BLANKLINE>
    """
    return "\n".join([*_keys(schema, columns, items=items), *_tables(schema, items=items), ""])


def _local_time(table: pa.Table) -> dict[str, pa.Array]:
    """The zone where that told local time, else the offset."""
    minutes_N = utc_offset_minutes(
        *(table[name].to_numpy() for name in ("timestamp_ms", "second_of_day", "day_of_week"))
    )
    none = pa.nulls(table.num_rows, pa.string())
    zone = table["zone"].cast(pa.string()) if "zone" in table.column_names else none
    minutes = pa.array(minutes_N, pa.int16(), mask=np.asarray(pc.is_valid(zone)))
    texts = [None if each is None else _offset_text(each) for each in minutes.to_pylist()]
    return {"zone": zone, "utc_offset_minutes": minutes, "offset": pa.array(texts, pa.string())}


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def _kept(schema: LogSchema) -> Iterator[str]:
    for label in schema.labels:
        yield from (f"label.{label}", f"known_ms.{label}")
    yield from (f"attribute.{name}" for name in schema.attributes)
    yield from (f"{kind}.{name}" for kind, names in schema.context.items() for name in names)


def _keys(schema: LogSchema, columns: Collection[str], *, items: bool) -> Iterator[str]:
    named = {"log": "events", "id_type": "text", "event_id": "event_id"}
    named |= {"utc_offset_minutes": "offset"} if "offset" in columns else {}
    named |= {"zone_column": "zone"} if "zone" in columns else {}
    named |= {"request": "request_id"} if "request_id" in columns else {}
    named |= {"items": "items.parquet", "items_key": "item_id"} if items else {}
    named |= {"positive_only": schema.labels[0]} if schema.positive_only else {}
    yield from (f"{key} = {toml_value(value)}" for key, value in named.items())
    yield f"clock_attributes = {toml_value(list(schema.clock_attributes))}"
    yield f"engaged = {toml_value(list(schema.engaged))}"


def _tables(schema: LogSchema, *, items: bool) -> Iterator[str]:
    if not schema.positive_only:
        yield "\n[labels]"
        for name in schema.labels:
            column, known = toml_value(f"label.{name}"), toml_value(f"known_ms.{name}")
            yield f"{toml_value(name)} = {{ column = {column}, known_column = {known} }}"
    yield from _table("eq3", dict(schema.eq3_labels))
    attributes = {name: f"attribute.{name}" for name in schema.attributes}
    yield from _table("item_attributes" if items else "attributes", attributes)
    for kind, names in schema.context.items():
        yield from _table(kind, {name: f"{kind}.{name}" for name in names})


def _table(key: str, entries: Mapping[str, str]) -> Iterator[str]:
    if entries:
        yield f"\n[{key}]"
        yield from (f"{toml_value(name)} = {toml_value(value)}" for name, value in entries.items())
