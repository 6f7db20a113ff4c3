"""What is said of a log's times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.errors import ConfigError, LatenessError, LogError
from interestclock.events import ColumnMapping, open_log

FIRST_S = 1_700_000_000  # 2023-11-14 22:13:20 UTC
SECONDS = [FIRST_S + 1_800 * row for row in range(600)]
WALLS = [f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}" for second in SECONDS]
ZONE = "America/New_York"


@pytest.fixture
def read(tmp_path):
    """Events of a log with these times, twelve users and twenty items, and what was said."""

    def read_times(times, *, lateness_ms=0, dead_letters=None, name="log.parquet", **keys):
        rows = len(times)
        columns = {"user_id": [row % 12 for row in range(rows)], "item_id": [row % 20 for row in range(rows)]}
        pq.write_table(pa.table({**columns, "ts": times}), tmp_path / name)
        mapping = ColumnMapping(**{"time": "ts", "positive_only": "play", **keys})
        log = open_log(tmp_path / name, mapping=mapping, lateness_ms=lateness_ms, dead_letters=dead_letters)
        events = pa.concat_tables(log.chunks(100))
        return events, log.counts.remarks

    return read_times


def at(events):
    return events["timestamp_ms"].to_pylist()


def test_seconds_with_one_nan(read, tmp_path):
    dead = tmp_path / "dead.jsonl"
    seconds = [float("nan") if row == 7 else float(second) for row, second in enumerate(SECONDS)]
    events, remarks = read(seconds, zone="UTC", dead_letters=dead)
    assert at(events) == [second * 1_000 for row, second in enumerate(SECONDS) if row != 7]
    assert dead.read_text().count("\n") == 1
    assert "column 'ts' is empty" in dead.read_text()
    assert remarks == []


def test_dates_as_numbers(read):
    dates = [int(wall[:10].replace("-", "")) for wall in WALLS]
    events, remarks = read(dates, zone="UTC")
    assert datetime.fromtimestamp(at(events)[-1] / 1_000, UTC) == datetime(2023, 11, 27, tzinfo=UTC)
    assert remarks == [
        "column 'ts': all 600 rows are at 00:00:00; a date without its time of day tells no clock anything"
    ]


@pytest.mark.parametrize(
    ("times", "keys", "remark"),
    [
        (
            [20_231_114] * 10,
            {"time_unit": "s"},
            "read as times from 1970-08-23 03:45:14 to 1970-08-23 03:45:14, before 1990; if that is not so, "
            "give --time-unit, or time_format in the mapping file",
        ),
        (["2150-01-01 00:00:01"], {}, "2150-01-01 00:00:01, after next year; if that is not so, give"),
        ([FIRST_S] * 600, {}, "all 600 rows are of one time, 2023-11-14 22:13:20"),
        (pa.array(SECONDS).cast(pa.float32(), safe=False), {}, "holds float, which has only every 128th of"),
    ],
)
def test_what_no_log_is_likely_to_hold(read, times, keys, remark):
    _, (told,) = read(times, zone="UTC", **keys)
    assert "column 'ts'" in told
    assert remark in told


def test_what_is_said_is_said_once_of_each_reading(tmp_path):
    pq.write_table(pa.table({"user_id": [1], "item_id": [2], "timestamp_ms": [5]}), tmp_path / "a.parquet")
    log = open_log(tmp_path / "a.parquet", mapping=ColumnMapping(zone="UTC", positive_only="play"))
    for _ in range(2):
        assert [chunk.num_rows for chunk in log.chunks()] == [1]
        assert len(log.counts.remarks) == 1


def test_offsets_in_the_text_count_before_the_zone_and_that_is_said(read):
    moments = [datetime.fromtimestamp(second, UTC) + timedelta(hours=5.5) for second in SECONDS]
    texts = [f"{moment:%Y-%m-%dT%H:%M:%S}+05:30" for moment in moments]
    events, (remark,) = read(texts, zone="UTC")
    assert events["second_of_day"][0].as_py() == 3 * 3_600 + 43 * 60 + 20
    assert at(events) == [second * 1_000 for second in SECONDS]
    assert "row 1: '2023-11-15T03:43:20+05:30' carries the event's own offset, 330 minutes" in remark
    assert "'UTC' counts only where there is none" in remark
    alone, remarks = read(texts)
    assert alone["second_of_day"].equals(events["second_of_day"])
    assert remarks == []


def test_text_without_an_offset_is_shown_both_ways(read):
    events, (remark,) = read(WALLS, zone=ZONE)
    assert at(events) == [second * 1_000 for second in SECONDS]
    assert (
        "row 1: '2023-11-14 22:13:20' names no offset and is read as UTC, which is 2023-11-14 17:13:20"
        in remark
    )
    assert "and 2023-11-14 22:13:20 there, give --time-is-local" in remark
    local, remarks = read(WALLS, zone=ZONE, time_is_local=True)
    assert at(local) == [(second + 5 * 3_600) * 1_000 for second in SECONDS]
    assert remarks == []
    assert read(WALLS, zone=ZONE, time_is_local=False)[1] == []
    assert read(WALLS, zone="UTC")[1] == []  # both ways are one
    assert read(SECONDS, zone=ZONE)[1] == []  # numbers show no wall clock


def berlin_nights(minutes):
    begin = datetime(2023, 10, 28, 22, tzinfo=UTC)
    utc = [begin + timedelta(minutes=minutes * row) for row in range(600 // minutes)]
    walls = [
        moment.replace(tzinfo=None) + timedelta(hours=2 if moment.hour in (22, 23, 0) else 1)
        for moment in utc
    ]
    return [round(moment.timestamp()) * 1_000 for moment in utc], [
        f"{wall:%Y-%m-%d %H:%M:%S}" for wall in walls
    ]


@pytest.mark.parametrize("lateness_ms", [0, 300_000])
def test_the_night_the_clock_goes_back(read, lateness_ms):
    utc_ms, walls = berlin_nights(10)
    events, remarks = read(walls, zone="Europe/Berlin", time_is_local=True, lateness_ms=lateness_ms)
    assert at(events) == utc_ms
    assert remarks == []


def test_that_night_read_as_utc_gets_no_advice_out_of_the_gap(read):
    with pytest.raises(LatenessError) as refused:
        read(berlin_nights(10)[1], zone="Europe/Berlin")
    assert "give --time-is-local. If they are UTC" in str(refused.value)
    assert "lateness-minutes" not in str(refused.value)
    with pytest.raises(LatenessError, match="at least --lateness-minutes 50"):
        read(berlin_nights(10)[1], zone="Europe/Berlin", time_is_local=False)


def test_a_time_that_does_not_exist_is_said(read):
    walls = ["2024-03-31 01:50:00", "2024-03-31 02:30:00", "2024-03-31 03:40:00"]
    events, (remark,) = read(walls, zone="Europe/Berlin", time_is_local=True)
    assert events["second_of_day"].to_pylist() == [6_600, 12_600, 13_200]
    assert "row 2: '2024-03-31 02:30:00' does not exist in Europe/Berlin" in remark
    assert "read as 2024-03-31 03:30:00" in remark


def test_the_zone_in_the_type_is_named(read):
    times = pa.array(SECONDS).cast(pa.timestamp("s", tz="Asia/Tokyo"))
    with pytest.raises(ConfigError, match="--zone Asia/Tokyo, which the type of column 'ts' names"):
        read(times)
    with pytest.raises(ConfigError, match="--zone America/New_York"):
        read(pa.array(SECONDS).cast(pa.timestamp("s", tz="UTC")))
    own = pa.array(SECONDS).cast(pa.timestamp("s", tz="+05:30"))
    assert read(own)[0]["second_of_day"][0].as_py() == 3 * 3_600 + 43 * 60 + 20


@pytest.mark.parametrize("offset", ["5.5", "19800", "+05:30", "330"])
def test_offsets_in_any_unit(tmp_path, offset):
    path = tmp_path / "log.csv"
    path.write_text(f"user_id,item_id,timestamp_ms,offset\n1,2,{FIRST_S},{offset}\n")
    log = open_log(path, mapping=ColumnMapping(utc_offset_minutes="offset", positive_only="play"))
    (events,) = log.chunks()
    assert events["second_of_day"].to_pylist() == [3 * 3_600 + 43 * 60 + 20]
    expected = [f"{path}: column 'offset': {offset} is read as 330 minutes"] if offset[0] in "51" else []
    assert log.counts.remarks == expected


@pytest.mark.parametrize(
    ("text", "keys", "reason"),
    [
        ("14.11.2023 22:13", {}, "holds '14.11.2023 22:13', no time as ISO 8601, RFC 2822 or Unix time"),
        (
            "14.11.2023 22:13",
            {"time_format": "%d.%m.%Y %H:%M:%S.%f"},
            "holds '14.11.2023 22:13', not written as time_format '%d.%m.%Y %H:%M:%S.%f' has it",
        ),
        ("2523-11-14 22:13", {}, "holds '2523-11-14 22:13', which lies outside 1900 to 2200"),
        ("", {}, "is empty"),
    ],
)
def test_a_column_at_fault_is_refused_as_one(read, text, keys, reason):
    with pytest.raises(LogError) as refused:
        read([text] * 20, zone="UTC", dead_letters=Path("never.jsonl"), **keys)
    assert f"log.parquet: column 'ts' {reason}" in str(refused.value)
    assert str(refused.value).endswith("; none of its rows has a time")


def test_a_row_at_fault_has_its_own_reason(read, tmp_path):
    dead = tmp_path / "dead.jsonl"
    read([*map(str, SECONDS), "", "soon", "1700000000000"], zone="UTC", time_unit="s", dead_letters=dead)
    reasons = [
        line.partition('"reason": ')[2].partition(', "values"')[0] for line in dead.read_text().splitlines()
    ]
    assert reasons[0] == "\"column 'ts' is empty\""
    assert reasons[1].startswith("\"column 'ts' holds 'soon', no time as ISO 8601")
    assert "lies outside 1900 to 2200 in s, as time_unit says, and reads as ms" in reasons[2]


def test_numbers_of_several_units_are_read_by_their_size_and_that_is_said(read):
    times = [*SECONDS[:300], *(second * 1_000 for second in SECONDS[300:])]
    events, (remark,) = read(times, zone="UTC")
    assert at(events) == [second * 1_000 for second in SECONDS]
    assert remark == (
        "column 'ts': numbers are read by their size, 300 as s and 300 as ms; if that is not so, give "
        "--time-unit, or time_format in the mapping file"
    )


def test_a_wrong_zone_in_a_row_gets_its_suggestion(tmp_path):
    path, dead = tmp_path / "log.csv", tmp_path / "dead.jsonl"
    path.write_text(f"user_id,item_id,timestamp_ms,zone\n1,2,{FIRST_S},PST\n1,2,{FIRST_S + 1},UTC\n")
    mapping = ColumnMapping(zone_column="zone", positive_only="play")
    assert [chunk.num_rows for chunk in open_log(path, mapping=mapping, dead_letters=dead).chunks()] == [1]
    assert "did you mean America/Los_Angeles?" in dead.read_text()
