"""Raw rows to event tables and dead letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from interestclock.errors import LogError
from interestclock.events import ColumnMapping, LabelColumn
from interestclock.events.raw_tables import MalformedLine, RawBlock
from interestclock.events.row_checks import RowChecks
from interestclock.events.validation import infer_types, validate

ROW = {"user_id": 1, "item_id": "a", "timestamp_ms": 1_333_476_120_000}


def block_of(rows, *, typed=True, malformed=()):
    table = pa.Table.from_pylist([{**ROW, **row} for row in rows])
    return RawBlock(
        path=Path("log.parquet"),
        table=table,
        row_N=np.arange(1, len(rows) + 1),
        typed=typed,
        malformed=malformed,
    )


def check(rows, mapping, **block):
    raw = block_of(rows, **block)
    events, dead = validate(raw, mapping, infer_types(raw, mapping), rows_before=100)
    return events, [(letter.row, letter.reason) for letter in dead]


def test_the_columns_of_a_positive_only_log(visits):
    events, dead = check([{}], visits)
    assert dead == []
    assert events.to_pylist() == [
        {
            "user_id": 1,
            "item_id": "a",
            "timestamp_ms": 1_333_476_120_000,
            "second_of_day": 64_920,
            "day_of_week": 1,
            "zone": "UTC",
            "log_row": 101,
            "label.visit": 1,
            "known_ms.visit": 1_333_476_120_000,
        }
    ]
    kinds = [str(kind) for kind in events.schema.types]
    assert kinds == ["int64", "string", "int64", "int32", "int8", "string", "int64", "int8", "int64"]


def test_labels_and_when_they_are_known():
    mapping = ColumnMapping(
        zone="UTC",
        time_unit="ms",
        labels={
            "like": LabelColumn(column="liked", delay_seconds=1.5),
            "skip": LabelColumn(column="skipped", delay_seconds=1, known_column="skip_at"),
        },
    )
    rows = [
        {"timestamp_ms": 10, "liked": 1, "skipped": 0, "skip_at": 500},
        {"timestamp_ms": 10, "liked": None, "skipped": 1, "skip_at": None},
        {"timestamp_ms": 10, "liked": 0, "skipped": 1, "skip_at": 9},
        {"timestamp_ms": 10, "liked": 2, "skipped": 1, "skip_at": 500},
    ]
    events, dead = check(rows, mapping)
    assert events["label.like"].to_pylist() == [1, None]
    assert events["known_ms.like"].to_pylist() == [1_510, 1_510]
    assert events["known_ms.skip"].to_pylist() == [500, 1_010]
    assert dead == [
        (3, "column 'skip_at' is before the exposure"),
        (4, "column 'liked': expected 0, 1, true, false or empty"),
    ]


def test_known_times_are_written_as_the_time_is():
    mapping = ColumnMapping(
        zone="America/New_York",
        time_is_local=True,
        labels={"like": LabelColumn(column="liked", known_column="at")},
    )
    rows = [
        {"timestamp_ms": "2024-01-15 12:00", "liked": 1, "at": at} for at in ("2024-01-15 12:01", "soon", "")
    ]
    events, dead = check(rows, mapping)
    gap_ms = events["known_ms.like"].to_numpy() - events["timestamp_ms"].to_numpy()
    assert gap_ms.tolist() == [60_000, 0]
    assert events["second_of_day"].to_pylist() == [43_200, 43_200]
    assert dead == [(2, "column 'at' is no time, nor empty")]


def test_context_attributes_outcomes_and_truths():
    mapping = ColumnMapping(
        zone="UTC",
        separator="|",
        request="request",
        labels={"like": LabelColumn(column="liked")},
        attributes={"genre": "g"},
        categorical={"device": "d"},
        multivalued={"tags": "t"},
        numeric={"age": "n"},
        outcomes={"played_ms": "p"},
        truths={"like": "truth"},
    )
    rest = {"liked": 1, "g": "pop|rock", "d": "", "t": ["x"], "n": 1.5, "p": 3, "truth": 0.25, "request": 9}
    events, dead = check([rest, {**rest, "truth": 1.5}, {**rest, "n": float("inf")}], mapping)
    (row,) = events.to_pylist()
    assert row["request_id"] == 9
    assert row["attribute.genre"] == ["pop", "rock"]
    assert row["categorical.device"] is None
    assert row["multivalued.tags"] == ["x"]
    assert (row["numeric.age"], row["outcome.played_ms"], row["truth.like"]) == (1.5, 3.0, 0.25)
    assert dead == [
        (2, "column 'truth': expected a probability from 0 to 1"),
        (3, "column 'n': expected a finite number within float32 (3.4e38 in size) or empty, not inf"),
    ]


def test_a_quantity_beyond_float32_is_named_with_its_value():
    mapping = ColumnMapping(zone="UTC", positive_only="visit", numeric={"age": "n"})
    events, dead = check([{"n": 3.4e38}, {"n": 1e39}, {"n": -4e38}, {"n": None}], mapping)
    assert events["numeric.age"].to_pylist() == [3.4e38, None]
    reason = "column 'n': expected a finite number within float32 (3.4e38 in size) or empty, not "
    assert dead == [(2, f"{reason}1e+39"), (3, f"{reason}-4e+38")]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.time64("ns")])
def test_times_that_python_cannot_hold_are_quoted(kind):
    largest = pa.array([2**31 - 1], pa.int32()) if kind == pa.date32() else pa.array([2**62], pa.int64())
    table = pa.table({"user_id": [None], "item_id": [1], "timestamp_ms": [0], "day": largest.view(kind)})
    block = RawBlock(path=Path("log.parquet"), table=table, row_N=np.array([1]), typed=True)
    checks = RowChecks(block)
    checks.reject(np.array([True]), "no user")
    assert all(isinstance(letter.values["day"], str) for letter in checks.dead_letters())


def test_a_date_of_the_year_five_million_is_a_dead_letter():
    dates = pa.array([2**31 - 1, 15_000], pa.int32()).view(pa.date32())
    table = pa.table({"user_id": [1, 1], "item_id": [1, 2], "timestamp_ms": dates})
    block = RawBlock(path=Path("log.parquet"), table=table, row_N=np.array([1, 2]), typed=True)
    mapping = ColumnMapping(zone="UTC", positive_only="visit")
    events, (letter,) = validate(block, mapping, infer_types(block, mapping), rows_before=0)
    assert (events.num_rows, letter.row) == (1, 1)
    assert letter.values["timestamp_ms"] == "<value out of range: 2147483647>"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"user_id": None}, "column 'user_id': expected an id"),
        ({"item_id": ""}, "column 'item_id': expected an id"),
        ({"timestamp_ms": None}, "column 'timestamp_ms' is empty"),
        ({"offset": 90_000}, "column 'offset': expected whole minutes from -1080 to 1080, or empty"),
        ({"offset": 0.5}, "column 'offset': expected whole minutes from -1080 to 1080, or empty"),
        (
            {"offset": None, "zone": "Mars/Olympus"},
            "'offset' and 'zone': no offset and no known zone; correct it, or give the log a zone",
        ),
    ],
)
def test_reasons(row, reason):
    mapping = ColumnMapping(positive_only="visit", utc_offset_minutes="offset", zone_column="zone")
    good = {"offset": 60.0, "zone": None}
    events, dead = check([good, {**good, **row}], mapping)
    assert events.num_rows == 1
    assert [number for number, _ in dead] == [2]
    assert dead[0][1].startswith(reason)


def test_the_first_fault_is_the_reason_and_lines_stay_in_order(visits):
    line = MalformedLine(row=0, reason="3 columns expected, 2 found", text="a,b")
    events, dead = check([{"user_id": None, "item_id": None}, {}], visits, malformed=[line])
    assert events.num_rows == 1
    assert dead[0] == (0, "3 columns expected, 2 found")
    assert dead[1][1].startswith("column 'user_id': expected an id")
    assert len(dead) == 2


def test_a_column_of_a_wrong_type(visits):
    with pytest.raises(
        LogError, match=r"log\.parquet: column 'user_id' holds list<.*ids are integers or text"
    ):
        check([{"user_id": [1]}], visits)
    with pytest.raises(LogError, match=r"log\.parquet: column 'timestamp_ms' holds bool"):
        check([{"timestamp_ms": True}], visits)


def test_text_and_typed_columns_give_the_same_events():
    mapping = ColumnMapping(
        utc_offset_minutes="offset",
        labels={"like": LabelColumn(column="liked")},
        numeric={"age": "age"},
    )
    typed = [{"offset": -240, "liked": True, "age": 1.5}, {"offset": 330, "liked": None, "age": None}]
    text = [
        {
            "user_id": "1",
            "timestamp_ms": str(ROW["timestamp_ms"]),
            "offset": offset,
            "liked": liked,
            "age": age,
        }
        for offset, liked, age in (("-240", "true", "1.5"), ("330", "", ""))
    ]
    assert check(typed, mapping)[0].equals(check(text, mapping, typed=False)[0])


def test_a_time_no_calendar_holds_becomes_a_dead_letter():
    times = pa.array([0, 1 << 62], pa.timestamp("ms", tz="UTC"))
    table = pa.table({"user_id": [1, 2], "item_id": [3, 4], "timestamp_ms": times})
    block = RawBlock(path=Path("a.parquet"), table=table, row_N=np.arange(1, 3), typed=True)
    mapping = ColumnMapping(zone="UTC", positive_only="visit")
    events, dead = validate(block, mapping, infer_types(block, mapping), rows_before=0)
    assert events["user_id"].to_pylist() == [1]
    assert [letter.row for letter in dead] == [2]


def test_offsets_beyond_any_day_are_refused():
    table = pa.table(
        {
            "user_id": [1, 2, 3],
            "item_id": [3, 4, 5],
            "timestamp_ms": [0, 0, 0],
            "offset": [60.0, 1e30, 2000.0],
        }
    )
    block = RawBlock(path=Path("a.parquet"), table=table, row_N=np.arange(1, 4), typed=True)
    mapping = ColumnMapping(utc_offset_minutes="offset", positive_only="visit")
    events, dead = validate(block, mapping, infer_types(block, mapping), rows_before=0)
    assert events["second_of_day"].to_pylist() == [3_600]
    assert all("whole minutes" in letter.reason for letter in dead)
