"""A log and a stream that say the same are read by one rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events import ColumnMapping, LabelColumn, exposure_message, open_log
from interestclock.events.limits import NO_ID
from interestclock.events.message_numbers import offset_in_minutes
from interestclock.streams import Message, MessageParser, OffsetRanges, ReplaySource

MAPPING = ColumnMapping(
    event_id="event_id",
    utc_offset_minutes="utc_offset_minutes",
    labels={"finish": LabelColumn(column="finish")},
    attributes={"genre": "genre"},
)
BASE_MS = 1_700_000_000_000
ROW = {
    "event_id": "e1",
    "user_id": "u1",
    "item_id": "i1",
    "timestamp_ms": BASE_MS,
    "utc_offset_minutes": 60,
    "finish": 1,
    "genre": ["rock"],
}
COLUMNS = ["user_id", "item_id", "timestamp_ms", "second_of_day", "label.finish", "attribute.genre"]


def from_log(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows that a replay brings, and reasons for those that it does not."""
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    dead = tmp_path / "dead.jsonl"
    source = ReplaySource(open_log(tmp_path / "log.parquet", mapping=MAPPING, dead_letters=dead))
    batch = source.poll(1_000, 0.0)
    assert batch is not None
    reasons = [json.loads(line)["reason"] for line in dead.read_text().splitlines()] if dead.exists() else []
    return batch.exposures.select(COLUMNS).to_pylist(), reasons


def from_stream(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The same of messages that are admitted."""
    payloads = []
    for row in rows:
        said = {name: each for name, each in row.items() if name not in ("finish", "genre")}
        said |= {"labels": {"finish": row["finish"]}, "attributes": {"genre": row["genre"]}}
        payloads.append(json.dumps(said).encode())
    messages = [Message(partition="0", offset=str(at), payload=each) for at, each in enumerate(payloads)]
    ranges = OffsetRanges(source="t", ranges={"0": ("0", str(len(rows)))}, messages=len(rows))
    schema = MAPPING.schema()
    batch = MessageParser(schema).parse(ranges, messages)
    buffer = EventBuffer(schema, config=AdmissionConfig())
    kept = [each.exposures for each in buffer.admit(batch.tables()) if each.exposures is not None]
    labels = batch.exposures.select(["event_id", "label.finish"])
    rows_kept = pa.concat_tables(kept).to_pylist()
    label_of = {each["event_id"]: each["label.finish"] for each in labels.to_pylist()}
    found = [row | {"label.finish": label_of[row["event_id"]]} for row in rows_kept]
    return [{name: row[name] for name in COLUMNS} for row in found], [each.reason for each in batch.bad]


LONG = "é" * 129


@pytest.mark.parametrize(
    "change", [{"user_id": LONG}, {"item_id": LONG}, {"event_id": LONG}, {"genre": ["rock", LONG]}]
)
def test_what_is_longer_than_256_bytes_is_set_aside(tmp_path: Path, change: dict[str, Any]) -> None:
    rows = [ROW, ROW | {"event_id": "e2"} | change]
    read, reasons = from_log(tmp_path, rows)
    streamed, reasons_of_stream = from_stream(rows)
    assert read == streamed
    assert len(read) == len(reasons) == len(reasons_of_stream) == 1
    assert "256 bytes" in reasons[0]
    assert "258 bytes long; give at most 256" in reasons_of_stream[0]


@pytest.mark.parametrize("change", [{"user_id": "é" * 128}, {"genre": ["é" * 128]}])
def test_256_bytes_are_read(tmp_path: Path, change: dict[str, Any]) -> None:
    read, _ = from_log(tmp_path, [ROW | change])
    assert read == from_stream([ROW | change])[0]
    assert len(read) == 1


def test_the_number_that_stands_for_no_id_is_set_aside(tmp_path: Path) -> None:
    read, reasons = from_log(tmp_path, [ROW | {"user_id": 7}, ROW | {"event_id": "e2", "user_id": NO_ID}])
    assert [row["user_id"] for row in read] == [7]
    assert reasons == ["column 'user_id': expected an id (an integer)"]


@pytest.mark.parametrize("later_ms", [0, 1, 3_000_000])
def test_a_retry_of_one_event_id_counts_once_whatever_its_time(tmp_path: Path, later_ms: int) -> None:
    rows = [ROW, ROW | {"event_id": "e2", "item_id": "i2"}, ROW | {"timestamp_ms": BASE_MS + later_ms}]
    read, _ = from_log(tmp_path, rows)
    assert read == from_stream(rows)[0]
    assert [row["item_id"] for row in read] == ["i1", "i2"]


def test_whole_numbers_are_read_whatever_their_type(tmp_path: Path) -> None:
    row = ROW | {"user_id": 7.0, "item_id": 8.0, "finish": 1.0, "timestamp_ms": float(BASE_MS)}
    (read,), reasons = from_log(tmp_path, [row])
    (streamed,), reasons_of_stream = from_stream([row])
    assert (reasons, reasons_of_stream) == ([], [])
    ids = {"user_id": 7, "item_id": 8}
    assert read == streamed | ids
    assert (streamed["user_id"], streamed["item_id"], streamed["label.finish"]) == ("7", "8", 1)


@pytest.mark.parametrize("value", [7.5, 2.0**53])
def test_numbers_that_are_not_whole_are_no_ids_of_a_message(value: float) -> None:
    streamed, (reason,) = from_stream([ROW, ROW | {"user_id": value}])
    assert len(streamed) == 1
    assert reason == f"user_id {value!r} is not text or a whole number"


@pytest.mark.parametrize(
    ("offset", "minutes"), [(330, 330), (2, 120), (-5, -300), (5.5, 330), (19_800, 330), ("+05:30", 330)]
)
def test_offsets_in_hours_seconds_and_as_a_clock_has_them(tmp_path: Path, offset: Any, minutes: int) -> None:
    rows = [ROW | {"utc_offset_minutes": offset}]
    (read,), _ = from_log(tmp_path, rows)
    (streamed,), _ = from_stream(rows)
    assert read == streamed
    assert read["second_of_day"] == (BASE_MS // 1_000 + minutes * 60) % 86_400


def test_a_writer_takes_them_too() -> None:
    written = exposure_message(
        event_id="e", user_id=7.0, item_id=3, timestamp_ms=0, utc_offset_minutes="+05:30"
    )
    assert json.loads(written) == {
        "event_id": "e",
        "user_id": 7,
        "item_id": 3,
        "timestamp_ms": 0,
        "utc_offset_minutes": 330,
    }


def test_hours_in_place_of_minutes_are_said_out_loud(caplog: pytest.LogCaptureFixture) -> None:
    offset_in_minutes.cache_clear()
    with caplog.at_level("WARNING", logger="interestclock.source"):
        assert [offset_in_minutes(each) for each in (2, 2, 330, "+02:00")] == [120, 120, 330, 120]
    assert caplog.messages == ["utc_offset_minutes is 2 in a message: read as 120 minutes"]
