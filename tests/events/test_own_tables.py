"""What a source of one's own gives: each value that cannot be is refused by table, row and column."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_memory import REQUESTS, START_MS, MemorySource, requests_log

from interestclock.errors import LogError
from interestclock.events.own_source import OwnSource
from interestclock.events.schema import LogCounts

EVENTS = requests_log(1)
LISTS = pa.list_(pa.string())
ITEMS = pa.table({"item_id": [1, 2], "attribute.genre": pa.array([["a"], []], LISTS)})


def own(events: pa.Table = EVENTS, **source: Any) -> OwnSource:
    return OwnSource(MemorySource(schema=REQUESTS, events=events, **source), name="my:Source")


def cut(events: pa.Table, rows: int) -> OwnSource:
    """A source that gives so many rows at a time, wherever that parts them."""
    source = own()
    source._source.chunks = lambda _: (events.slice(at, rows) for at in range(0, EVENTS.num_rows, rows))  # type: ignore[method-assign]
    return source


def changed(column: str, row: int, value: Any) -> pa.Table:
    kind = EVENTS.schema.field(column).type
    values = EVENTS[column].to_pylist()
    values[row] = value
    return EVENTS.set_column(EVENTS.column_names.index(column), column, pa.array(values, kind))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("user_id", None, "is null; give an id, or leave the row out"),
        ("item_id", None, "is null; give an id"),
        ("timestamp_ms", None, "is null; give UTC milliseconds, 1900 to 2200"),
        ("timestamp_ms", 1_700_000_000, "is 1700000000; it reads as seconds; give UTC milliseconds"),
        ("timestamp_ms", 2**62, "is 4611686018427387904; it lies outside 1900 to 2200; give UTC"),
        ("second_of_day", None, "is null; give the local second of the day, 0 to 86399"),
        ("second_of_day", 86_400, "is 86400; give the local second"),
        ("second_of_day", -1, "is -1; give the local second"),
        ("day_of_week", 9, r"is 9; give the local weekday, 0 \(Monday\) to 6"),
        ("day_of_week", None, "is null; give the local weekday"),
        ("log_row", None, "is null; give the row's number in the log"),
        ("log_row", 0, "is 0; give the row's number in the log"),
        ("label.like", 2, "is 2; give 0, 1, or null if missing"),
        ("label.like", -1, "is -1; give 0, 1"),
        ("known_ms.like", None, "is null; give UTC milliseconds; timestamp_ms if it is known"),
        ("known_ms.like", START_MS - 1, "that is before the exposure: give timestamp_ms or later"),
        ("numeric.age", 1e39, r"is 1e\+39; give a finite number within float32"),
        ("numeric.age", float("-inf"), "is -inf; give a finite number"),
        ("truth.finish", 1.5, "is 1.5; give a probability"),
        ("truth.finish", None, "is null; give a probability"),
        ("multivalued.tags", ["a", None], r"is \['a', None\]; leave values that are missing out of the list"),
        ("attribute.genre", [None], r"is \[None\]; leave"),
    ],
)
def test_a_value_that_cannot_be_is_named(column: str, value: Any, reason: str) -> None:
    where = rf"^my:Source: chunks\(\), table 3, row 8: column '{column}' .*{reason}"
    with pytest.raises(LogError, match=where):
        list(cut(changed(column, 107, value), 50).chunks())


@given(row=st.integers(0, EVENTS.num_rows - 1), rows=st.integers(40, 400))
def test_the_row_is_the_one_that_is_bad(row: int, rows: int) -> None:
    where = rf"table {row // rows + 1}, row {row % rows + 1}: column 'label\.skip' is 2"
    with pytest.raises(LogError, match=where):
        list(cut(changed("label.skip", row, 2), rows).chunks())


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([1, 2, 2], "table 1, row 3: column 'log_row' is 2, after 2; number the rows in the order"),
        ([5, 4, 3], "table 1, row 2: column 'log_row' is 4, after 5"),
        ([1, 2, 3, 2], "table 2, row 1: column 'log_row' is 2, after 3"),
    ],
)
def test_rows_are_numbered_upwards(rows: list[int], reason: str) -> None:
    first = EVENTS.slice(0, len(rows))
    events = first.set_column(first.column_names.index("log_row"), "log_row", pa.array(rows))
    with pytest.raises(LogError, match=reason):
        list(cut(events, 3).chunks())


def test_gaps_between_numbers_of_rows_are_rows_left_out() -> None:
    events = EVENTS.filter(pa.array([row % 3 != 1 for row in range(EVENTS.num_rows)]))
    assert pa.concat_tables(own(events).chunks(50)).equals(events)


@pytest.mark.parametrize("column", ["user_id", "request_id"])
def test_a_type_of_ids_stays(column: str) -> None:
    place = EVENTS.column_names.index(column)
    other = EVENTS.set_column(place, column, EVENTS[column].cast(pa.string()))
    source = own()
    source._source.chunks = lambda _: iter([EVENTS[:9], other[9:]])  # type: ignore[method-assign]
    with pytest.raises(
        LogError, match=f"table 2: column '{column}' is string, and in table 1 it is int64; give one type"
    ):
        list(source.chunks())


def test_a_column_that_may_be_absent_has_its_type() -> None:
    zones = EVENTS.append_column("zone", pa.array([1] * EVENTS.num_rows))
    with pytest.raises(LogError, match="table 1: column 'zone' is int64; cast it to string"):
        list(own(zones).chunks())
    zones = EVENTS.append_column("zone", pa.array(["Europe/Berlin", None, "Mars"] + [None] * 357))
    with pytest.raises(LogError, match="row 3: column 'zone' is 'Mars'; give an IANA zone"):
        list(own(zones).chunks())


def test_a_column_stands_once() -> None:
    twice = EVENTS.append_column("user_id", EVENTS["user_id"])
    with pytest.raises(LogError, match=r"chunks\(\) gave 2 columns called 'user_id'; give one of each name"):
        list(own(twice).chunks())


@pytest.mark.parametrize("given", [None, 3, "rows", EVENTS])
def test_what_is_no_iterator_of_tables_is_refused(given: Any) -> None:
    source = own()
    source._source.chunks = lambda rows: given  # type: ignore[method-assign]
    with pytest.raises(LogError, match=r"chunks\(\) gave a \w+; give an iterator of tables: yield each"):
        list(source.chunks())


@pytest.mark.parametrize(
    "counts",
    [
        LogCounts(read=360, used=-7, dead_letters=367),
        LogCounts(),
        LogCounts(read=361, used=360),
        LogCounts(read=360.0, used=360),  # type: ignore[arg-type]
    ],
)
def test_counts_add_up(counts: LogCounts) -> None:
    source = own()
    source._source.chunks = lambda rows: iter([EVENTS])  # type: ignore[method-assign]
    source._source.counts = counts  # type: ignore[misc]
    with pytest.raises(LogError, match=r"my:Source: counts is LogCounts.* after 360 rows; used is how many"):
        list(source.chunks())


def test_counts_and_fingerprint_are_there() -> None:
    source = own()
    source._source.counts = None  # type: ignore[misc, assignment]
    with pytest.raises(LogError, match="my:Source: counts is None; give a LogCounts"):
        _ = source.counts
    source._source.fingerprint = lambda: 3  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(LogError, match=r"my:Source: fingerprint\(\) gave 3; give text"):
        source.fingerprint()


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (pa.concat_tables([ITEMS, ITEMS.slice(1)]), r"row 3: column 'item_id' is 2, as in a row before"),
        (ITEMS.set_column(0, "item_id", pa.array([1, None])), "row 2: column 'item_id' is null"),
        (ITEMS.set_column(1, "attribute.genre", pa.array([["a"], [None]], LISTS)), r"row 2: .*missing out"),
        (ITEMS.append_column("item_id", ITEMS["item_id"]), "gave 2 columns called 'item_id'"),
    ],
)  # fmt: skip
def test_items_stand_once_with_whole_values(items: pa.Table, reason: str) -> None:
    with pytest.raises(LogError, match=rf"my:Source: items\(\).* ?{reason}"):
        own(EVENTS.drop_columns(["attribute.genre"]), item_table=items).items()
