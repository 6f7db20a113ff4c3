"""A log that the user's own code reads: what is asked of it, and of its tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pytest
from in_memory import REQUESTS, MemorySource, requests_log
from own_code import write_own_code

from interestclock.errors import ConfigError, LatenessError, LogError
from interestclock.events import open_own_log
from interestclock.events.own_source import OwnSource
from interestclock.streams import ReplaySource, open_hybrid, open_live
from interestclock.streams.own_live import open_own_live


@pytest.fixture
def _shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_code(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("my_logs", "dying", "other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "other.py").write_text(
        "class Empty: pass\n\nclass Wrong:\n    schema = counts = items = chunks = fingerprint = None\n"
    )


def own(events: pa.Table) -> OwnSource:
    return OwnSource(MemorySource(schema=REQUESTS, events=events), name="my:Source")


def test_what_is_right_goes_through_unchanged() -> None:
    events = requests_log(1)
    source = own(events)
    assert pa.concat_tables(source.chunks(50)).equals(events)
    assert source.counts.read == events.num_rows
    assert (source.schema, source.items(), source.fingerprint()) == (REQUESTS, None, "0" * 64)


@pytest.mark.parametrize("column", ["user_id", "second_of_day", "label.like", "known_ms.skip", "numeric.age"])
def test_a_missing_column_is_named(column: str) -> None:
    source = own(requests_log(1).drop_columns([column]))
    with pytest.raises(LogError, match=rf"my:Source: chunks\(\) gave no column '{column}'; add it, as"):
        list(source.chunks())


@pytest.mark.parametrize(
    ("column", "given", "wanted"),
    [
        ("second_of_day", pa.int64(), "int32"),
        ("user_id", pa.int32(), "int64 or string"),
        ("label.finish", pa.int64(), "int8"),
        ("attribute.genre", pa.large_list(pa.string()), "list<"),
    ],
)
def test_a_column_of_another_type_is_named(column: str, given: pa.DataType, wanted: str) -> None:
    events = requests_log(1)
    cast = events.set_column(events.column_names.index(column), column, events[column].cast(given))
    with pytest.raises(LogError, match=rf"gave column '{column}' as .*; cast it to {wanted}"):
        list(own(cast).chunks())


def test_attributes_stand_in_the_rows_or_in_the_items() -> None:
    events = requests_log(1).drop_columns(["attribute.genre"])
    with pytest.raises(LogError, match=r"chunks\(\) gave no column 'attribute\.genre'"):
        list(own(events).chunks())
    table = pa.table({"item_id": [1], "attribute.genre": pa.array([["a"]], pa.list_(pa.string()))})
    described = MemorySource(schema=REQUESTS, events=events, item_table=table)
    assert list(OwnSource(described, name="my:Source").chunks())
    described.item_table = table.drop_columns(["attribute.genre"])
    with pytest.raises(LogError, match=r"items\(\) gave no column 'attribute\.genre'"):
        OwnSource(described, name="my:Source").items()


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_rows_out_of_time_order_are_refused_wherever_tables_are_cut(rows: int) -> None:
    events = requests_log(1)
    times = events["timestamp_ms"].to_numpy().copy()
    times[:4] = [0, 3_600_000, 3_600_000, 3_599_000]
    late = events.set_column(events.column_names.index("timestamp_ms"), "timestamp_ms", pa.array(times))
    with pytest.raises(LatenessError) as refusal:
        list(own(late).chunks(rows))
    assert str(refusal.value) == (
        "my:Source: log_row 4 is of 1970-01-01 00:59:59 UTC, 0:00:01 before my:Source: log_row 2 of "
        "1970-01-01 01:00:00 UTC; chunks() gives all rows in time order: sort them there, for example "
        'table.sort_by("timestamp_ms"), before they are cut into tables'
    )


def test_a_table_without_rows_goes_through() -> None:
    assert sum(each.num_rows for each in own(requests_log(1).slice(0, 0)).chunks()) == 0


def test_what_is_no_table_is_refused() -> None:
    source = OwnSource(MemorySource(schema=REQUESTS, events=requests_log(1)), name="my:Source")
    source._source.chunks = lambda rows: iter([{"user_id": [1]}])  # type: ignore[attr-defined]
    with pytest.raises(LogError, match=r"chunks\(\) gave a dict; give a pyarrow\.Table"):
        list(source.chunks())


@pytest.mark.usefixtures("_shown")
def test_the_source_of_the_page_is_opened_by_its_name() -> None:
    assert sum(each.num_rows for each in open_own_log("my_logs:Plays").chunks(500)) == 1_200
    live = open_live("my_logs:Plays", speed_up=60.0)
    assert isinstance(live, ReplaySource)
    assert type(open_live("dying:Pieces")).__name__ == "Pieces"


@pytest.mark.usefixtures("_shown")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other:Empty", "other:Empty is no event source: it has no 'schema'"),
        ("dying:Pieces", "dying:Pieces is no event source: it has no 'counts'"),
        ("other:Wrong", "other:Wrong: schema is None; give a LogSchema"),
    ],
)
def test_what_is_no_event_source_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        open_own_log(name)


@pytest.mark.usefixtures("_shown")
def test_what_does_not_go_with_a_source_of_one_s_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave out --mapping, --layout and --items"):
        open_live("my_logs:Plays", mapping=tmp_path / "plays.toml")
    with pytest.raises(ConfigError, match="leave out --speed-up"):
        open_live("dying:Pieces", speed_up=2.0)
    with pytest.raises(ConfigError, match="other:Empty is no live source: it has no 'schema'"):
        open_own_live("other:Empty")
    with pytest.raises(ConfigError, match="'my_logs:Plays' is no log; --then follows a log"):
        open_hybrid("my_logs:Plays", "redis://127.0.0.1:1/plays")


@pytest.mark.usefixtures("_shown")
def test_a_file_of_that_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_logs:Plays").write_text("user_id\n1\n")
    with pytest.raises(ConfigError, match="nothing says what its columns mean"):
        open_live("my_logs:Plays")
