"""A table of items as messages: one a row, and nothing is other when it is appended again."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from embedded_logs import messages_in

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping
from interestclock.events.item_messages import check_whole_items, item_messages
from interestclock.streams import EmbeddedLogWriter
from interestclock.streams.append_items import append_items

LISTS = pa.list_(pa.string())


def table_of(*genres: list[str] | None, from_ms: list[int] | None = None) -> pa.Table:
    ids = pa.array([f"s{place}" for place in range(len(genres))])
    table = pa.table({"item_id": ids, "attribute.genre": pa.array(genres, LISTS)})
    return table if from_ms is None else table.append_column("from_ms", pa.array(from_ms, pa.int64()))


@pytest.mark.parametrize("most_waiting", [1, 4_096])
def test_a_row_is_a_message(most_waiting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.streams.bulk_append._MOST_WAITING", most_waiting)
    monkeypatch.setattr("interestclock.streams.append_items._REPORT_EVERY", 2)
    reported: list[int] = []
    with EmbeddedLogWriter(tmp_path) as writer:
        table = table_of(["a", "b"], [], None)
        assert append_items(writer, table, from_ms=9, report=reported.append) == 3
        assert append_items(writer, table_of(["c"], from_ms=[5]), from_ms=9) == 1
        assert append_items(writer, table.slice(0, 0), from_ms=9) == 0
    assert reported == [2]
    assert [json.loads(each) for each in messages_in(tmp_path)] == [
        {"item": "s0", "attributes": {"genre": ["a", "b"]}, "from_ms": 9},
        {"item": "s1", "attributes": {"genre": []}, "from_ms": 9},
        {"item": "s2", "attributes": {"genre": None}, "from_ms": 9},
        {"item": "s0", "attributes": {"genre": ["c"]}, "from_ms": 5},
    ]


def test_what_no_message_can_hold_is_said_with_what_stands_before_it(tmp_path: Path) -> None:
    table = table_of(["a"], ["b" * 100_000], ["c"])
    with (
        EmbeddedLogWriter(tmp_path) as writer,
        pytest.raises(LogError, match=r"item 's1': .*; correct the items file; 1 items before it are append"),
    ):
        append_items(writer, table, from_ms=9)
    assert len(messages_in(tmp_path)) == 1


def test_rows_have_to_say_all_of_an_item() -> None:
    check_whole_items(ColumnMapping(item_attributes={"genre": "genre"}, items_match="item_id"), called="x")
    with pytest.raises(ConfigError, match=r"are looked up by 'category' \(items_match\), and are no items"):
        check_whole_items(ColumnMapping(items_match="category"), called="x")
    with pytest.raises(ConfigError, match="has attribute mood in the log's rows, and an item message says"):
        check_whole_items(ColumnMapping(attributes={"mood": "m"}, item_attributes={"genre": "g"}), called="x")


def test_no_rows_are_no_messages() -> None:
    assert list(item_messages(table_of(), from_ms=0)) == []
