"""One way in."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, open_log, resolve_mapping

LOG_TOML = """
log = "events"
items = "items.parquet"
utc_offset_minutes = "offset"
time_unit = "ms"
labels = ["finish"]
item_attributes = ["genre"]
"""


@pytest.fixture
def folder(tmp_path):
    """What the simulator leaves behind: a mapping, a folder of events, an items file."""
    (tmp_path / "log.toml").write_text(LOG_TOML)
    (tmp_path / "events").mkdir()
    events = {"user_id": [1], "item_id": [2], "timestamp_ms": [0], "offset": [60], "finish": [1]}
    pq.write_table(pa.table(events), tmp_path / "events" / "part-00.parquet")
    pq.write_table(pa.table({"item_id": [2], "genre": [["pop", "rock"]]}), tmp_path / "items.parquet")
    return tmp_path


def test_a_folder_opens_by_itself(folder):
    source = open_log(folder)
    (chunk,) = source.chunks()
    assert chunk["second_of_day"].to_pylist() == [3_600]
    assert source.items()["attribute.genre"].to_pylist() == [["pop", "rock"]]
    assert source.schema.labels == ("finish",)


def test_a_log_may_lie_beside_its_mapping(folder):
    text = LOG_TOML.replace('"events"', '"events/part-00.parquet"')
    (folder / "log.toml").write_text(text)
    assert next(iter(open_log(folder).chunks())).num_rows == 1


def test_a_folder_whose_mapping_names_no_log(folder):
    (folder / "log.toml").write_text(LOG_TOML.replace('log = "events"', ""))
    with pytest.raises(ConfigError, match=r"log\.toml: names no log; add for example: log = \"events\""):
        open_log(folder)


def test_a_mapping_changed_on_the_way_still_finds_the_log(folder):
    mapping = resolve_mapping(folder).with_options(zone="UTC")
    assert next(iter(open_log(folder, mapping=mapping).chunks())).num_rows == 1


def test_a_mapping_of_another_folder_reads_the_path_it_is_given(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    events = {
        "user_id": [1, 1],
        "item_id": [2, 2],
        "timestamp_ms": [0, 1],
        "offset": [60, 60],
        "finish": [1, 0],
    }
    pq.write_table(pa.table(events), other / "a.parquet")
    assert next(iter(open_log(other, mapping=resolve_mapping(folder)).chunks())).num_rows == 2


def test_a_given_mapping_and_items_win(folder, tmp_path):
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"item_id": [2], "genre": [["jazz"]]}), other)
    assert open_log(folder, items=other).items()["attribute.genre"].to_pylist() == [["jazz"]]
    mapping = ColumnMapping(zone="UTC", positive_only="play")
    assert open_log(folder / "events", mapping=mapping).schema.labels == ("play",)


def test_nothing_says_what_the_columns_mean(folder):
    with pytest.raises(
        ConfigError, match=r"nothing says what its columns mean; give a mapping file \(--mapping"
    ):
        open_log(folder / "events")


def test_layout_and_mapping_exclude_each_other(folder):
    with pytest.raises(ConfigError, match="a mapping and the layout 'foursquare' are given; give one"):
        resolve_mapping(folder, mapping=ColumnMapping(), layout="foursquare")


def test_no_such_log(tmp_path):
    with pytest.raises(LogError, match="no such file or folder"):
        open_log(tmp_path / "nowhere", mapping=ColumnMapping(zone="UTC", positive_only="play"))


def test_no_such_items_file(folder):
    with pytest.raises(LogError, match=r"nowhere\.csv: no such file or folder"):
        open_log(folder, items=folder / "nowhere.csv")
