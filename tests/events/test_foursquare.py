"""The layout of TSMC2014."""

from __future__ import annotations

import gzip

import pytest

from interestclock.errors import LogError
from interestclock.events import open_log

LINES = (
    "470\tv1\tc1\tArts & Crafts Store\t40.7\t-74.0\t-240\tTue Apr 03 18:00:09 +0000 2012\n"
    "979\tv2\tc2\tCafé\t40.6\t-74.0\t330\tTue Apr 03 18:00:25 +0000 2012\n"
)


@pytest.fixture
def checkins(tmp_path):
    path = tmp_path / "dataset_TSMC2014_NYC.txt"
    path.write_bytes(LINES.encode("latin-1"))
    return path


def rows(source):
    return [row for chunk in source.chunks() for row in chunk.to_pylist()]


def test_the_official_layout(checkins):
    source = open_log(checkins, layout="foursquare")
    first, second = rows(source)
    assert (first["user_id"], first["item_id"]) == (470, "v1")
    assert (first["timestamp_ms"], first["second_of_day"]) == (1_333_476_009_000, 14 * 3_600 + 9)
    assert second["second_of_day"] == 23 * 3_600 + 30 * 60 + 25
    assert second["attribute.category"] == ["Café"]
    assert first["label.visit"] == 1
    assert source.schema.clock_attributes == ("category",)
    assert source.items() is None


@pytest.mark.parametrize(
    "categories",
    [
        "category,category_name,root_type\nc1,x,Shop\n",
        "category_id,root_type\nc1,Shop\n",
        "category_name,root_type\nArts & Crafts Store,Shop\n",
    ],
)
def test_roots_by_id_or_name(tmp_path, checkins, categories):
    path = tmp_path / "categories.csv"
    path.write_text(categories)
    source = open_log(checkins, layout="foursquare", items=path)
    assert source.schema.clock_attributes == ("category", "root")
    assert source.items() is None
    assert [row["attribute.root"] for row in rows(source)] == [["Shop"], []]


def test_categories_without_a_root(tmp_path, checkins):
    path = tmp_path / "categories.csv"
    path.write_text("category,kind\nc1,Shop\n")
    with pytest.raises(LogError, match=r"expected columns category_id .* it has category, kind"):
        open_log(checkins, layout="foursquare", items=path)


def test_a_quote_is_part_of_a_name(tmp_path):
    path = tmp_path / "log.tsv.gz"
    path.write_bytes(gzip.compress(LINES.replace("Arts", '"Arts').encode("latin-1")))
    assert rows(open_log(path, layout="foursquare"))[0]["attribute.category"] == ['"Arts & Crafts Store']


def test_the_supplied_checkins(supplied_data):
    items = supplied_data / "nyc_categories.csv"
    source = open_log(supplied_data / "nyc_checkins.tsv.gz", layout="foursquare", items=items)
    users, used, last = set(), 0, 0
    for chunk in source.chunks():
        times = chunk["timestamp_ms"].to_pylist()
        assert times == sorted(times)
        assert times[0] >= last
        last = times[-1]
        users |= set(chunk["user_id"].to_pylist())
        used += chunk.num_rows
    assert (len(users), used) == (191, 65_676)
    assert (source.counts.read, source.counts.duplicates) == (65_678, 2)
    assert source.counts.add_up()
