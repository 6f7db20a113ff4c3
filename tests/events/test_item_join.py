"""Items that a log has and its items file has not: counted, said, and refused where none joins."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events import ColumnMapping, TableSource, item_join, open_log
from interestclock.events.item_join import ItemJoin
from interestclock.events.schema import JoinCounts

START_MS = 1_700_000_000_000
IDS = [*range(30), -5, 1 << 40, (1 << 63) - 1, -(1 << 63) + 1]


def opened(folder: Path, log: list[str], items: list[str], **keys: object) -> TableSource:
    (folder / "items.csv").write_text("item_id,genre\n" + "".join(f"{item},pop\n" for item in items))
    rows = [f"u,{row},{item},{START_MS + row}\n" for row, item in enumerate(log)]
    (folder / "plays.csv").write_text("user_id,n,item_id,timestamp_ms\n" + "".join(rows))
    mapping = ColumnMapping(
        **{"zone": "UTC", "positive_only": "play", "items": folder / "items.csv"} | keys
    ).with_options(item_attributes=["genre"])
    source = open_log(folder / "plays.csv", mapping=mapping)
    assert isinstance(source, TableSource)
    return source


@pytest.mark.parametrize(
    ("log", "items", "differ"),
    [
        (["104.0", "5.0"], ["104", "5"], "they are integers, written as 104.0 on one side: write them alike"),
        (["a ", "b "], ["a", "b"], "they differ in blanks around them: write them alike"),
        (["007", "008"], ["7", "8"], "they differ in leading zeros: write them alike"),
        (["B07", "b08"], ["b07", "B08"], "they differ in capital letters: write them alike"),
        (
            *(["x1", "x2"], ["y1", "y2"]),
            "name the column of the items file that holds the same (items_key), or the log's column to look "
            "up in it (items_match)",
        ),
    ],
)
def test_none_joins(tmp_path: Path, log: list[str], items: list[str], differ: str) -> None:
    source = opened(tmp_path, log * 3, items)
    with pytest.raises(LogError) as refusal:
        list(source.chunks())
    first, second = sorted(log), sorted(items)
    assert str(refusal.value) == (
        f"{tmp_path / 'items.csv'}: none of the log's 2 values of 'item_id' is in it: the log has "
        f"{first[0]!r}, {first[1]!r}, the items file {second[0]!r}, {second[1]!r}; {differ}"
    )


def test_the_remedy_joins(tmp_path: Path) -> None:
    """Where users are integers, too, the mapping can say that items are."""
    log, items = ["104.0", "105.0"], ["104", "105"]
    remedy = r'written as 104\.0 on one side: id_type = "integer" \(--id-type integer\) reads them as 104'
    with pytest.raises(LogError, match=remedy):
        list(opened(tmp_path, log, items, user="n").chunks())
    source = opened(tmp_path, log, items, user="n", id_type="integer")
    (rows,) = source.chunks()
    assert rows["item_id"].to_pylist() == [104, 105]
    assert source.counts.join == JoinCounts(items=2, items_missing=0, rows=2, rows_missing=0)
    assert source.counts.remarks == []


def test_integers_in_the_log_and_floats_in_the_items_file(tmp_path: Path) -> None:
    source = opened(tmp_path, ["104", "105"], ["104.0", "105.0"])
    assert sum(chunk.num_rows for chunk in source.chunks()) == 2
    assert source.counts.join == JoinCounts(items=2, items_missing=0, rows=2, rows_missing=0)


def test_a_share_is_said_and_a_few_are_counted(tmp_path: Path) -> None:
    source = opened(tmp_path, ["a", "a", "b", "c", "d"], ["a", "c", "d", "e"])
    list(source.chunks())
    assert source.counts.join == JoinCounts(items=4, items_missing=1, rows=5, rows_missing=1)
    assert source.counts.remarks == [
        f"{tmp_path / 'items.csv'}: 1 of the log's 4 values of 'item_id' (25.0%) are not in it, and with "
        "them 1 of 5 rows (20.0%) have no attributes: the log has 'b', the items file 'a', 'c', 'd'"
    ]
    assert source.counts.numbers()["rows_missing"] == 1
    many = [f"i{item}" for item in range(100)]
    source = opened(tmp_path, many, many[1:])
    list(source.chunks())
    assert source.counts.join == JoinCounts(items=100, items_missing=1, rows=100, rows_missing=1)
    assert source.counts.remarks == []


def test_another_column_that_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "roots.csv").write_text("kind,root\nbar,Nightlife\nbank,\n")
    (tmp_path / "visits.csv").write_text(
        "user_id,item_id,timestamp_ms,kind\n" + "".join(f"u,{row},{START_MS + row},Bar\n" for row in range(4))
    )
    mapping = ColumnMapping(
        zone="UTC", positive_only="visit", items=tmp_path / "roots.csv", items_match="kind"
    ).with_options(item_attributes=["root"])
    with pytest.raises(LogError, match=r"none of the log's 1 values of 'kind' is in it.*capital letters"):
        list(open_log(tmp_path / "visits.csv", mapping=mapping).chunks())


@settings(deadline=None)
@given(
    blocks=st.lists(st.lists(st.one_of(st.none(), st.sampled_from(IDS)), max_size=20), max_size=12),
    keys=st.sets(st.sampled_from(IDS), min_size=1),
    least=st.integers(1, 8),
    places=st.sampled_from([0, 10, 1 << 24]),
)
def test_counts_are_those_of_a_counter(
    blocks: list[list[int | None]], keys: set[int], least: int, places: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_join, "_MOST_PLACES", places)
        patch.setattr(item_join, "_LEAST_HELD", least)
        join = ItemJoin("items", column="item_id", keys=pa.array(sorted(keys), pa.int64()))
        for block in blocks:
            join.add(pa.array(block, pa.int64()))
        seen = Counter(value for block in blocks for value in block)
    assert join.counts() == JoinCounts(
        items=len(seen.keys() - {None}),
        items_missing=len(seen.keys() - keys - {None}),
        rows=seen.total(),
        rows_missing=sum(rows for value, rows in seen.items() if value not in keys),
    )
