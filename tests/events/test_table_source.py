"""A whole log: counts, order, memory, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs
from tests.support.remarks import but_for_1970

from interestclock.errors import ConfigError, LatenessError, LogError
from interestclock.events import ColumnMapping, LogCounts, TableSource, open_log, raw_tables

DAY = "1970-01-02"


def read(source: TableSource, rows: int = 65_536) -> list[dict[str, object]]:
    return [row for chunk in source.chunks(rows) for row in chunk.to_pylist()]


def test_counts_add_up_and_nothing_is_silent(tmp_path, write_csv, visits):
    lines = [
        f"1,a,{DAY}T10:00",
        f"1,a,{DAY}T10:00",
        f",a,{DAY}T10:00",
        "1,a,later",
        "1,a",
        f"2,b,{DAY}T09:00",
        f"2,b,{DAY}T11:00",
    ]
    dead = tmp_path / "dead.jsonl"
    source = TableSource(write_csv(lines), visits, lateness_ms=3_600_000, dead_letters=dead)
    rows = read(source)
    assert but_for_1970(source.counts) == LogCounts(read=7, used=3, duplicates=1, dead_letters=3)
    assert source.counts.add_up()
    assert [(row["log_row"], row["user_id"], row["second_of_day"]) for row in rows] == [
        (6, 2, 32_400),
        (1, 1, 36_000),
        (7, 2, 39_600),
    ]
    letters = [json.loads(line) for line in dead.read_text().splitlines()]
    assert [letter["row"] for letter in letters] == [3, 4, 5]
    assert letters[1]["values"] == {"user_id": "1", "item_id": "a", "timestamp_ms": "later"}
    assert letters[2]["values"] == {"line": "1,a"}


def test_the_same_log_in_every_form(tmp_path, write_csv, visits):
    lines = [f"{row % 3},i{row},{row * 60}" for row in range(50)]
    table = pa.table(
        {
            "user_id": [row % 3 for row in range(50)],
            "item_id": [f"i{row}" for row in range(50)],
            "timestamp_ms": pa.array([row * 60_000 for row in range(50)], pa.timestamp("ms")),
        }
    )
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=7)
    folder = tmp_path / "folder"
    folder.mkdir()
    pq.write_table(table.slice(0, 20), folder / "part-0.parquet")
    pq.write_table(table.slice(20), folder / "part-1.parquet")
    tabs = [line.replace(",", "\t") for line in lines]
    sources = [
        TableSource(path, visits)
        for path in (
            write_csv(lines),
            write_csv(lines, name="log.csv.gz"),
            write_csv(tabs, header="user_id\titem_id\ttimestamp_ms", name="log.tsv"),
            tmp_path / "log.parquet",
            folder,
        )
    ]
    first = read(sources[0])
    assert len(first) == 50
    for source in sources[1:]:
        assert read(source) == first


def test_chunks_may_be_asked_for_again(write_csv, visits):
    source = TableSource(write_csv(["1,a,5", "1,b,6"]), visits)
    assert read(source) == read(source)
    assert source.counts.read == 2


def test_empty_logs(tmp_path, write_csv, visits):
    with pytest.raises(LogError, match=r"log\.csv: no events; expected one per row"):
        TableSource(write_csv([]), visits)
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(LogError, match=r"empty\.csv: the file is empty"):
        TableSource(empty, visits)


def test_no_usable_row(tmp_path, write_csv, visits):
    dead = tmp_path / "dead.jsonl"
    source = TableSource(write_csv(["1,a,x", "1,a,y"]), visits, dead_letters=dead)
    with pytest.raises(LogError, match=r"none of its 2 rows can be used; the reasons stand in .*dead\.jsonl"):
        read(source)
    assert source.counts == LogCounts(read=2, dead_letters=2)


def test_a_malformed_row_without_a_dead_letter_file(write_csv, visits):
    with pytest.raises(
        LogError, match=r"log\.csv, row 2: column 'user_id': expected an id .*; correct the row"
    ):
        read(TableSource(write_csv(["1,a,5", ",a,6"]), visits))


def test_dead_letters_spare_the_log(write_csv, visits):
    path = write_csv(["1,a,5"])
    with pytest.raises(ConfigError, match="dead letters would overwrite the log"):
        TableSource(path, visits, dead_letters=path)


def test_a_late_row_is_named_by_file_and_row(tmp_path, visits):
    for name, times in (("a", [1, 2]), ("b", [9, 3])):
        columns = {"user_id": [1, 1], "item_id": [1, 2], "timestamp_ms": times}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    with pytest.raises(LatenessError, match=r"b\.parquet, row 2 is of .* before .*b\.parquet, row 1 of"):
        read(TableSource(tmp_path, visits))


def test_nothing_tells_the_local_time(write_csv):
    with pytest.raises(ConfigError, match="nothing tells its local time; give a zone"):
        TableSource(write_csv(["1,a,5"]), ColumnMapping(positive_only="visit"))


def test_what_is_no_time_says_nothing_of_offsets(tmp_path, write_csv):
    lines = ["user_id,item_id,timestamp_ms", "1,a,1970-01-01T05:30+05:30"]  # the first is a header again
    files = [write_csv(lines[:1], name="a.csv"), write_csv(lines[1:], name="b.csv")]
    dead = tmp_path / "dead.jsonl"
    source = TableSource(files, ColumnMapping(positive_only="visit"), dead_letters=dead)
    assert [event["second_of_day"] for event in read(source)] == [19_800]
    assert source.counts.dead_letters == 1


def test_items_in_a_file_of_their_own(tmp_path, write_csv, visits):
    items = tmp_path / "items.csv"
    items.write_text("item_id,genre\n1,pop\n2,\n")
    mapping = structs.replace(visits, items=items).with_options(item_attributes=["genre"])
    source = TableSource(write_csv(["u,1,5", "u,3,6"]), mapping)
    assert source.items() is not None
    assert source.items().to_pylist() == [
        {"item_id": 1, "attribute.genre": ["pop"]},
        {"item_id": 2, "attribute.genre": []},
    ]
    assert "attribute.genre" not in read(source)[0]


def test_attributes_of_both_kinds_stand_in_the_rows(tmp_path, write_csv, visits):
    items = tmp_path / "items.csv"
    items.write_text("item_id,genre\n1,pop\n")
    mapping = structs.replace(visits, items=items).with_options(
        item_attributes=["genre"], attributes=["mood"]
    )
    path = write_csv(["u,1,5,calm", ",1,5,calm", "u,3,6,"], header="user_id,item_id,timestamp_ms,mood")
    source = TableSource(path, mapping, dead_letters=tmp_path / "dead.jsonl")
    assert source.items() is None
    rows = read(source)
    assert [(row["attribute.mood"], row["attribute.genre"]) for row in rows] == [
        (["calm"], ["pop"]),
        ([], []),
    ]


def test_items_that_are_missing_or_not_asked_for(tmp_path, write_csv, visits):
    log = write_csv(["1,a,5"])
    with pytest.raises(LogError, match=r"nowhere\.csv: no such file or folder"):
        TableSource(log, structs.replace(visits, items=tmp_path / "nowhere.csv"))
    (tmp_path / "items.csv").write_text("item_id,genre\n")
    with pytest.raises(
        ConfigError, match=r"attributes genre stand in an items file; name it \(--items FILE\)"
    ):
        TableSource(log, visits.with_options(item_attributes=["genre"]))
    with pytest.raises(ConfigError, match="no attribute of the items file is named"):
        TableSource(log, structs.replace(visits, items=tmp_path / "items.csv"))


def test_event_ids_come_with_the_rows(write_csv, visits):
    path = write_csv(["1,a,5,e", "1,a,5,e"], header="user_id,item_id,timestamp_ms,event_id")
    source = TableSource(path, visits.with_options(event_id="event_id"))
    rows = read(source)
    assert len(rows) == 1
    assert rows[0]["event_id"] == "e"
    assert source.counts.duplicates == 1


def test_twelve_users_that_floats_make_seven_of(tmp_path, visits):
    ids = [float((1 << 53) + 1 + row % 12) for row in range(600)]
    assert len(set(ids)) == 7
    columns = {"user_id": ids, "item_id": [row % 20 for row in range(600)], "timestamp_ms": range(600)}
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(
        LogError,
        match=r"log\.parquet: column 'user_id' holds 90071992547409\d\d as float64, which tells "
        r"whole numbers apart only below 9,007,199,254,740,992: different ids may be one",
    ):
        read(TableSource(path, visits, dead_letters=tmp_path / "dead.jsonl"))


def test_one_label_beyond_every_integer_costs_its_row(tmp_path):
    labels = pa.array([0, 1, (1 << 63) + 1, 0], pa.uint64())
    columns = {"user_id": range(4), "item_id": range(4), "timestamp_ms": range(4), "finish": labels}
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    mapping = ColumnMapping(zone="UTC").with_options(labels=["finish"])
    source = TableSource(path, mapping, dead_letters=tmp_path / "dead.jsonl")
    assert [row["label.finish"] for row in read(source)] == [0, 1, 0]
    assert but_for_1970(source.counts) == LogCounts(read=4, used=3, dead_letters=1)


def test_requests_are_not_split(write_csv, visits):
    lines = [f"1,i{row},{1_000 + row // 4},r{row // 4}" for row in range(40)]
    path = write_csv(lines, header="user_id,item_id,timestamp_ms,request_id")
    source = TableSource(path, visits.with_options(request="request_id"))
    sizes = [chunk.num_rows for chunk in source.chunks(rows=6)]
    assert sizes == [8, 8, 8, 8, 8]


def test_logs_named_by_text_by_pattern_and_by_one(tmp_path, write_csv, visits):
    write_csv(["1,a,5"], name="part-2.csv")
    write_csv(["1,b,6"], name="part-10.csv.gz")
    write_csv(["1,c,7"], header="user_id,item_id,timestamp_ms", name="part-11.csv")
    (tmp_path / "notes.txt").write_text("user_id\n")
    for log in (
        str(tmp_path),
        str(tmp_path / "part-*"),
        sorted(str(path) for path in tmp_path.glob("part-*")),
    ):
        source = open_log(log, mapping=visits, dead_letters=str(tmp_path.parent / "dead.jsonl"))
        assert [row["item_id"] for row in read(source)] == ["a", "b", "c"]
        left_out = [f"left out, as no file of the log's format: {tmp_path / 'notes.txt'}"]
        assert but_for_1970(source.counts).remarks == (left_out if log == str(tmp_path) else [])


def test_paths_in_a_mapping_may_be_text(tmp_path, write_csv, visits):
    items = tmp_path / "items.csv"
    items.write_text("item_id,genre\na,pop\n")
    mapping = structs.replace(visits, items=str(items)).with_options(item_attributes=["genre"])
    assert TableSource(str(write_csv(["1,a,5"])), mapping).items().num_rows == 1
    (tmp_path / "log.toml").write_text('zone = "UTC"\npositive_only = "visit"\nlog = "log.csv"\n')
    assert len(read(open_log(str(tmp_path)))) == 1
    assert ColumnMapping.from_toml(str(tmp_path / "log.toml")).zone == "UTC"


def test_a_label_that_is_missing_throughout_is_said(write_csv):
    mapping = ColumnMapping(zone="UTC").with_options(labels=["like", "finish"])
    header = "user_id,item_id,timestamp_ms,like,finish"
    source = TableSource(write_csv(["1,a,5,,", "1,b,6,,1"], header=header), mapping)
    read(source)
    (remark,) = but_for_1970(source.counts).remarks
    assert remark == "label 'like' is missing in every row; nothing can be learned of it"


def test_a_column_of_hive(tmp_path, visits):
    for country, time in (("DE", 5), ("US", 6)):
        folder = tmp_path / f"country={country}"
        folder.mkdir()
        columns = {"user_id": [1], "item_id": [2], "timestamp_ms": [time]}
        pq.write_table(pa.table(columns), folder / "part-0.parquet")
    source = TableSource(tmp_path, visits.with_options(categorical=["country"]))
    assert [row["categorical.country"] for row in read(source)] == ["DE", "US"]


def test_the_fingerprint_follows_content(tmp_path, write_csv, visits):
    path = write_csv(["1,a,5"])
    before = TableSource(path, visits).fingerprint()
    path.rename(tmp_path / "other.csv")
    assert TableSource(tmp_path / "other.csv", visits).fingerprint() == before
    assert TableSource(write_csv(["1,a,6"]), visits).fingerprint() != before
    assert len(before) == 64


def test_memory_holds_a_block_and_the_lateness(tmp_path, visits, monkeypatch):
    monkeypatch.setattr(raw_tables, "BATCH_ROWS", 100)
    rows = 5_000
    time = np.arange(rows) * 1_000
    columns = {"user_id": np.zeros(rows, int), "item_id": np.arange(rows), "timestamp_ms": time}
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    source = TableSource(path, visits.with_options(time_unit="ms"), lateness_ms=50_000)
    for chunk in source.chunks(rows=100):
        held = source.counts.read - chunk["log_row"][-1].as_py()
        assert held <= 100 + 51 + 100


def test_the_grocery_log(supplied_data, repository_examples: Callable[[str], ColumnMapping]):
    source = TableSource(supplied_data / "grocery_transactions.parquet", repository_examples("groceries"))
    first = next(iter(source.chunks()))
    assert first.num_rows == 65_536
    assert first["attribute.department"][0].as_py() == ["GROCERY"]
    assert first["second_of_day"][0].as_py() == 27_027  # 12:30:27 UTC in New York's winter
    assert sum(chunk.num_rows for chunk in source.chunks()) == 100_000
    assert source.counts == LogCounts(read=100_000, used=100_000)


def test_rows_in_another_encoding_are_named(tmp_path, visits):
    path = tmp_path / "visits.csv"
    path.write_bytes(f"user_id,item_id,timestamp_ms\n1,Caf\xe9,{DAY}\n".encode("latin-1"))
    with pytest.raises(
        LogError, match="no events; expected one per row; row 1: not UTF-8; give its encoding"
    ):
        TableSource(path, visits)
