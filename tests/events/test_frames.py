"""Frames as logs: the same rows give the same events, whoever holds them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import duckdb
import ibis
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, EventSource, guess_mapping, held_frame, open_log
from interestclock.events.frames import column_names

ROWS = pa.table(
    {
        "uid": pa.array([3, 7, 3, 7], pa.int64()),
        "song": ["a", "b", "b", None],
        "played_at": pa.array([0, 3_600_000_000, 7_200_000_000, 9_000_000_000], pa.timestamp("us", tz="UTC")),
        "finished": pa.array([1, 0, None, 1], pa.int8()),
        "genres": [["pop", "rock"], [], ["pop"], None],
        "note": ["", "x", "y", "z"],
    }
)
MAPPING = ColumnMapping(
    user="uid",
    item="song",
    time="played_at",
    zone="Europe/Berlin",
    labels={"finish": "finished"},
    attributes={"genre": "genres"},
)
HOLDERS: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow Table": lambda table: table,
    "pyarrow RecordBatchReader": lambda table: table.to_reader(max_chunksize=3),
    "pandas DataFrame": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars DataFrame": pl.from_arrow,
    "polars LazyFrame": lambda table: pl.from_arrow(table).lazy(),
    "duckdb DuckDBPyRelation": duckdb.from_arrow,
    "ibis Table": ibis.memtable,
    "narwhals DataFrame": lambda table: nw.from_native(pl.from_arrow(table)),
    "narwhals LazyFrame": lambda table: nw.from_native(pl.from_arrow(table).lazy()),
}


def events_of(source: EventSource) -> list[dict[str, Any]]:
    return [row for chunk in source.chunks() for row in chunk.to_pylist()]


@pytest.mark.parametrize("called", HOLDERS)
def test_every_frame_gives_what_the_file_gives(tmp_path, called):
    pq.write_table(ROWS, tmp_path / "plays.parquet")
    files = open_log(str(tmp_path / "plays.parquet"), mapping=MAPPING, dead_letters=tmp_path / "a.jsonl")
    frame = open_log(HOLDERS[called](ROWS), mapping=MAPPING, dead_letters=tmp_path / "b.jsonl")
    assert events_of(frame) == events_of(files)
    assert frame.counts == files.counts
    assert frame.counts.dead_letters == 1
    assert events_of(frame) == events_of(files)  # a second time, too
    in_file, in_frame = ((tmp_path / name).read_text() for name in ("a.jsonl", "b.jsonl"))
    assert in_frame == in_file.replace(str(tmp_path / "plays.parquet"), called)


def test_the_same_rows_have_one_fingerprint_and_others_another():
    by_holder = {called: open_log(make(ROWS), mapping=MAPPING) for called, make in HOLDERS.items()}
    assert len({source.fingerprint() for source in by_holder.values()}) == 1
    for other in (ROWS.slice(1), ROWS.set_column(0, "uid", pa.array([3, 7, 3, 8]))):
        assert open_log(other, mapping=MAPPING).fingerprint() != by_holder["pyarrow Table"].fingerprint()


def test_in_how_many_pieces_a_table_lies_does_not_matter(monkeypatch):
    monkeypatch.setattr(held_frame, "FRAME_ROWS", 2)
    pieces = pa.concat_tables([ROWS.slice(0, 1), ROWS.slice(1, 2)])
    one, other = open_log(pieces, mapping=MAPPING), open_log(pieces.combine_chunks(), mapping=MAPPING)
    assert events_of(one) == events_of(other)
    assert one.fingerprint() == other.fingerprint()


def test_nothing_is_copied_of_an_arrow_table():
    numbers = pa.array(np.arange(100_000))
    table = pa.table({"user_id": numbers, "item_id": numbers, "timestamp_ms": numbers})
    before = pa.total_allocated_bytes()
    source = open_log(table, mapping=ColumnMapping(zone="UTC", positive_only="play", time_unit="s"))
    assert source.counts.read == 0
    assert pa.total_allocated_bytes() - before < numbers.nbytes


def test_what_pandas_makes_of_columns_is_read():
    frame = pd.DataFrame(
        {
            "song": pd.Series(["a", "b", "a"], dtype="category"),
            "at": pd.to_datetime(["2024-01-01 09:00", "2024-01-01 10:00", "2024-01-01 11:00"]).tz_localize(
                "Europe/Berlin"
            ),
            "done": pd.array([True, None, False], "boolean"),
            "rate": [0.5, np.nan, 1.0],
            "tags": [["x"], np.array(["y", "z"]), None],
            "kind": [{"b", "a"}, None, frozenset()],
            "ref": ["p", 7, None],
        }
    ).set_index(pd.Index([7, 7, 9], name="uid"))
    mapping = ColumnMapping(
        user="uid",
        item="song",
        time="at",
        zone="Europe/Berlin",
        labels={"finish": "done"},
        attributes={"tag": "tags", "kind": "kind"},
        categorical={"ref": "ref"},
        numeric={"rate": "rate"},
    )
    rows = events_of(open_log(frame, mapping=mapping))
    assert [row["user_id"] for row in rows] == [7, 7, 9]
    assert [row["item_id"] for row in rows] == ["a", "b", "a"]
    assert [row["second_of_day"] for row in rows] == [9 * 3600, 10 * 3600, 11 * 3600]
    assert [row["label.finish"] for row in rows] == [1, None, 0]
    assert [row["attribute.tag"] for row in rows] == [["x"], ["y", "z"], []]
    assert [row["attribute.kind"] for row in rows] == [["a", "b"], [], []]
    assert [row["categorical.ref"] for row in rows] == ["p", "7", None]
    assert [row["numeric.rate"] for row in rows] == [0.5, None, 1.0]


def test_columns_of_pandas_that_arrow_has_no_type_for_are_their_text():
    frame = pd.DataFrame(
        {
            "user_id": [2**70, 1],
            "item_id": pd.arrays.SparseArray([0, 5]),
            "timestamp_ms": [0, 1000],
            "month": pd.period_range("2024-01", periods=2, freq="M"),
        }
    )
    mapping = ColumnMapping(zone="UTC", positive_only="play", categorical={"month": "month"})
    rows = events_of(open_log(frame, mapping=mapping))
    assert [row["user_id"] for row in rows] == [str(2**70), "1"]
    assert [row["item_id"] for row in rows] == [0, 5]
    assert [row["categorical.month"] for row in rows] == ["2024-01", "2024-02"]


def test_a_column_is_named_as_the_user_wrote_it_and_a_row_by_its_number():
    with pytest.raises(LogError, match=r"^pandas DataFrame: no column 'song' \(closest: 'songs'\); it has "):
        open_log(ROWS.rename_columns({"song": "songs"}).to_pandas(), mapping=MAPPING)
    with pytest.raises(LogError, match=r"^polars DataFrame, row 4: column 'song': expected "):
        events_of(open_log(pl.from_arrow(ROWS), mapping=MAPPING))
    twice = pd.DataFrame(np.zeros((2, 2)), columns=["uid", "uid"])
    with pytest.raises(LogError, match="pandas DataFrame: 2 columns are called 'uid'; rename all but one"):
        open_log(twice, mapping=ColumnMapping(user="uid", item="uid", time="uid", positive_only="play"))
    numbered = ColumnMapping(user="0", item="1", time="2", zone="UTC", positive_only="play")
    assert len(events_of(open_log(pd.DataFrame([[1, 2, 0], [1, 3, 5]]), mapping=numbered))) == 2


def test_what_is_no_log_is_refused():
    given = {"an int": 7, "an empty list": [], "a numpy ndarray": np.zeros((1, 2)), "a dict": {"uid": [1]}}
    given |= {"a list of dict": [{"uid": 1}], "a list of DataFrame": [pd.DataFrame()]}
    for called, each in given.items():
        said = f"{called.replace('an int', 'a int')} is no log; give a frame of pandas or Polars, an Arrow"
        with pytest.raises(ConfigError, match=said):
            open_log(each, mapping=MAPPING)  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"pandas\.DataFrame\(\.\.\.\) makes one of a dictionary, a list of"
    ):
        open_log(given["a list of dict"], mapping=MAPPING)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"polars\.concat\(\.\.\.\) or .* makes one of several"):
        open_log(given["a list of DataFrame"], mapping=MAPPING)  # type: ignore[arg-type]
    for one in (pd.Series([1]), pl.Series([1])):
        with pytest.raises(
            ConfigError, match="Series is one column and no log; give the frame that it is of"
        ):
            open_log(one, mapping=MAPPING)  # type: ignore[arg-type]
    with pytest.raises(
        LogError, match=r"polars LazyFrame: cannot be worked out \(ColumnNotFoundError: .*\.col"
    ):
        open_log(pl.LazyFrame({"uid": [1]}).select("nope"), mapping=MAPPING)
    with pytest.raises(ConfigError, match=r"no column 'uid': .*; it has no columns$"):
        open_log(pd.DataFrame(), mapping=MAPPING)
    with pytest.raises(ConfigError, match="csv says how a text file is written; a pyarrow Table is none"):
        open_log(ROWS, layout="foursquare")
    with pytest.raises(ConfigError, match=r"nothing says what its columns mean.*it has uid, song, played_at"):
        open_log(ROWS)


@pytest.mark.parametrize(
    ("called", "remedy"),
    [
        ("pyarrow Table", "data.sort_by('played_at')"),
        ("pandas DataFrame", "data.sort_values('played_at', kind='stable')"),
        ("polars LazyFrame", "data.sort('played_at', maintain_order=True)"),
        ("duckdb DuckDBPyRelation", "duckdb -c "),
    ],
)
def test_a_frame_out_of_order_is_sorted_by_its_own_library(called, remedy):
    days = pa.array([0, 5 * 86_400, 86_400], pa.timestamp("s", "UTC"))
    table = ROWS.slice(0, 3).set_column(2, "played_at", days)
    with pytest.raises(LogError, match=re.escape(f"Sort it first: {remedy}")):
        events_of(open_log(HOLDERS[called](table), mapping=MAPPING))


def test_a_frame_out_of_order_by_less_than_a_day_is_sorted_as_well():
    hours = pa.array([0, 5 * 3_600, 3_600], pa.timestamp("s", "UTC"))
    table = ROWS.slice(0, 3).set_column(2, "played_at", hours)
    wanted = "data.sort_values('played_at', kind='stable'). If its rows stand as they arrived"
    with pytest.raises(LogError, match=re.escape(wanted) + r".* at least --lateness-minutes 240\)"):
        events_of(open_log(table.to_pandas(), mapping=MAPPING))


def test_times_that_are_text_are_not_sorted_as_text():
    """Sorted as it is, this frame would be as far out of order as before."""
    at = ["2024-03-01T10:00+09:00", "2024-03-01T09:00+00:00", "2024-03-01T12:00+09:00"]
    table = ROWS.slice(0, 3).set_column(2, "played_at", pa.array(at))
    wanted = "make times of 'played_at', as it is text and sorts as text, then data.sort_values("
    with pytest.raises(LogError, match=re.escape(wanted)):
        events_of(open_log(table.to_pandas(), mapping=MAPPING))


def test_a_name_of_several_words_stands_in_quotes():
    frame = ROWS.rename_columns(["uid", "song", "played_at", "Play Ratio", "genres", "note"])
    labels = {"finish": "Play Ratio >= 0.5"}
    with pytest.raises(
        LogError, match='can be read, as "Play Ratio" >= 4: a name of several words stands in'
    ):
        open_log(
            frame, mapping=ColumnMapping(user="uid", item="song", time="played_at", zone="UTC", labels=labels)
        )


def test_a_reader_gives_its_rows_once():
    reader = ROWS.slice(0, 3).to_reader()
    assert column_names(reader) == tuple(ROWS.column_names)
    assert len(events_of(open_log(reader, mapping=MAPPING))) == 3
    with pytest.raises(LogError, match="no events; expected one per row, and a reader gives its rows once"):
        open_log(reader, mapping=MAPPING)
    with pytest.raises(LogError, match="pyarrow Table: no events; expected one per row"):
        open_log(ROWS.slice(0, 0), mapping=MAPPING)


def test_items_may_be_a_frame(tmp_path):
    items = pa.table({"song": ["a", "b"], "genre": ["pop|rock", "jazz"]})
    pq.write_table(items, tmp_path / "items.parquet")
    mapping = ColumnMapping(
        user="uid",
        item="song",
        time="played_at",
        zone="UTC",
        positive_only="play",
        item_attributes=["genre"],  # type: ignore[arg-type]
        separator="|",
    )
    log = ROWS.slice(0, 3)
    by_file = open_log(log, mapping=mapping, items=tmp_path / "items.parquet")
    by_frame = open_log(log, mapping=mapping, items=pl.from_arrow(items))
    assert by_frame.items().equals(by_file.items())
    assert events_of(by_frame) == events_of(by_file)
    assert by_frame.fingerprint() != open_log(log, mapping=mapping, items=items.slice(0, 1)).fingerprint()
    with pytest.raises(ConfigError, match="pyarrow Table: no attribute of the items file is named"):
        open_log(log, mapping=MAPPING, items=items)


def test_opening_a_file_imports_no_library_of_frames(tmp_path):
    pq.write_table(ROWS, tmp_path / "plays.parquet")
    code = (
        "import sys; from interestclock.events import *; "
        "open_log(sys.argv[1], mapping=ColumnMapping(user='uid', item='song', time='played_at', zone='UTC', "
        "positive_only='play')); print({'polars', 'narwhals', 'ibis'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "plays.parquet"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"  # of pandas, Arrow itself imports what is there


@pytest.mark.parametrize("zero", ["+00:00", "+0000", "-00:00", "Z", " UTC"])
def test_utc_is_not_where_the_user_is(zero):
    at = [f"2024-03-01T1{hour}:00:00{zero}" for hour in range(ROWS.num_rows)]
    table = ROWS.set_column(2, "played_at", pa.array(at))
    mapping = ColumnMapping(user="uid", item="song", time="played_at", positive_only="play")
    with pytest.raises(ConfigError, match="nothing tells its local time; give a zone"):
        events_of(open_log(table, mapping=mapping))


@pytest.mark.parametrize(
    "genres",
    [
        pl.Series([["a", "b"], ["b", "a"], None, ["b"] * 2], dtype=pl.Array(pl.String, 2)),
        pl.Series([["a", "b"], ["b", "a"], None, ["b"] * 2], dtype=pl.List(pl.Categorical)),
        pl.Series([["a", "b"], ["b", "a"], None, ["b"] * 2], dtype=pl.List(pl.Enum(["a", "b"]))),
    ],
)
def test_lists_of_any_layout_are_lists(genres):
    frame = pl.DataFrame({"uid": [1, 1, 1, 1], "song": [1, 2, 3, 4], "at": [0, 1, 2, 3], "genres": genres})
    mapping = ColumnMapping(
        user="uid", item="song", time="at", zone="UTC", positive_only="play", attributes={"genre": "genres"}
    )
    (events,) = open_log(frame, mapping=mapping).chunks()
    assert events["attribute.genre"].to_pylist() == [["a", "b"], ["b", "a"], [], ["b", "b"]]
    assert guess_mapping(frame).columns[-1].reads_as == "lists"


def test_nan_is_no_value_of_an_attribute():
    frame = pl.DataFrame({"uid": [1, 1], "song": [1, 2], "at": [0, 1], "tempo": [float("nan"), 120.0]})
    mapping = ColumnMapping(
        user="uid", item="song", time="at", zone="UTC", positive_only="play", attributes={"tempo": "tempo"}
    )
    (events,) = open_log(frame, mapping=mapping).chunks()
    assert events["attribute.tempo"].to_pylist() == [[], ["120"]]


@pytest.mark.parametrize(("kind", "remedy"), [(pl.Int128, "polars.Int64"), (pl.Object, "map_elements")])
def test_what_polars_cannot_hand_over_is_told_what_to_become(kind, remedy):
    frame = pl.DataFrame({"uid": [1], "song": [1], "at": [0]}).with_columns(odd=pl.Series([1], dtype=kind))
    with pytest.raises(
        LogError, match=rf"column 'odd' holds {kind.__name__}, which cannot be read; .*{remedy}"
    ):
        guess_mapping(frame)
