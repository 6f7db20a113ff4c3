"""A mapping to start from: what is told by names and values, and what is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, LabelColumn, guess_mapping, open_log
from interestclock.events.column_looks import look_at

HOURS = range(472_222, 472_226)  # of November 2023
PLAYS = pa.table(
    {
        "uid": [1, 2, 1, 2],
        "song": ["a", "b", "a", "b"],
        "genre": ["pop|rock", "jazz", "pop|rock", "jazz"],
        "played_at": pa.array([hour * 3_600_000 for hour in HOURS], pa.timestamp("ms", "Asia/Tokyo")),
        "completed": [True, False, None, True],
        "rating": [1, 2, 5, 4],
        "note": ["", "", "", ""],
    }
)


def test_names_and_values_tell_a_mapping_and_never_a_zone(tmp_path):
    guess = guess_mapping(PLAYS)
    assert guess.mapping == ColumnMapping(
        user="uid",
        item="song",
        time="played_at",
        labels={"finish": "completed"},
        attributes={"genre": "genre"},
        separator="|",
    )
    zone = "zone = \"Europe/Berlin\" or another; the type of 'played_at' names Asia/Tokyo"
    assert guess.open_questions == (f"the zone, which no log tells: {zone}",)
    (tmp_path / "plays.toml").write_text(str(guess))
    assert ColumnMapping.from_toml(tmp_path / "plays.toml") == guess.mapping
    assert "# completed  0 and 1      25% missing        2 distinct  True, False\n" in str(guess)


def test_in_a_text_file_types_and_the_delimiter_are_told(tmp_path):
    path = tmp_path / "plays.csv"
    rows = "".join(f"u{row % 3};m{row};2024-01-0{row + 1}T10:00:00+01:00;{row % 5}\n" for row in range(9))
    path.write_text("user_id;movie;ts;stars\n" + rows)
    guess = guess_mapping(path)
    assert [each.reads_as for each in guess.columns] == ["text", "text", "times", "integers"]
    assert guess.keys == {"user": "user_id", "item": "movie", "time": "ts", "csv": {"delimiter": ";"}}
    (sentence,) = guess.open_questions  # its times carry offsets
    assert sentence.startswith(
        'what came of each row, as no column holds 0 and 1: below [labels], finish = "stars >= 3"'
    )
    ran = CliRunner().invoke(app, ["mapping", "guess", str(path)])
    assert (ran.exit_code, ran.output) == (0, guess.toml)


def test_what_nothing_tells_is_asked_for():
    guess = guess_mapping(pa.table({"a": [1.5, 2.5], "b": ["x", "y"]}))
    assert guess.keys == {}
    assert [sentence.split(":")[0] for sentence in guess.open_questions[:4]] == [
        "which column is the user",
        "which column is the item",
        "which column is the time",
        "the zone, which no log tells",
    ]
    assert guess.mapping == ColumnMapping()


@pytest.mark.parametrize(
    ("values", "reads_as"),
    [
        (pa.array(["1", "0", ""]), "0 and 1"),
        (pa.array([0.0, 1.0, np.nan]), "0 and 1"),
        (pa.array(["7", "12"]), "integers"),
        (pa.array(["7.5", "1e3"]), "numbers"),
        (pa.array([0.25]), "numbers"),
        (pa.array([1_700_000_000]), "times"),
        (pa.array(["1700000000000"]), "times"),
        (pa.array(["Europe/Berlin", "Asia/Tokyo"]), "time zones"),
        (pa.array([["a"], None]), "lists"),
        (pa.array([None, None]), "nothing"),
        (pa.array([], pa.string()), "nothing"),
        (pa.array([{"a": 1}]), "text"),
    ],
)
def test_a_column_reads_as_what_its_values_are(values, reads_as):
    assert look_at("column", values, typed=True).reads_as == reads_as


def test_zones_and_offsets_are_found_in_columns():
    table = pa.table(
        {"at": ["2024-01-01 10:00"] * 2, "where": ["Europe/Berlin", "Asia/Tokyo"], "tz_offset": [60, 540]}
    )
    guess = guess_mapping(table)
    assert (guess.keys["zone_column"], guess.keys["utc_offset_minutes"]) == ("where", "tz_offset")
    assert not any("zone" in sentence for sentence in guess.open_questions)


def test_a_log_of_which_nothing_is_said_is_refused_with_the_guess(tmp_path):
    pq.write_table(PLAYS, tmp_path / "plays.parquet")
    for data in (PLAYS, PLAYS.to_pandas(), tmp_path / "plays.parquet"):
        with pytest.raises(ConfigError) as found:
            open_log(data)
        assert str(found.value).endswith(str(guess_mapping(data)))
    with pytest.raises(LogError, match="pandas DataFrame: no events; expected one per row"):
        guess_mapping(pd.DataFrame({"a": []}))


def test_what_is_missing_is_said_together_with_the_columns_there_are(tmp_path):
    pq.write_table(PLAYS, tmp_path / "plays.parquet")
    has = "it has uid, song, genre, played_at, completed, rating, note"
    for data, called in (
        (PLAYS, "pyarrow Table"),
        (tmp_path / "plays.parquet", str(tmp_path / "plays.parquet")),
    ):
        with pytest.raises(ConfigError) as found:
            open_log(data, mapping=ColumnMapping(user="uid", item="songs"))
        assert str(found.value) == (
            f"{called}: the log names no label; name one, for example --label-column finish=COLUMN; and no "
            "column 'songs' (closest: 'song'): --item COLUMN; and no column 'timestamp_ms': --time COLUMN; "
            f"and nothing tells its local time, unless times carry offsets: --zone America/New_York; {has}"
        )
        with pytest.raises(ConfigError, match=f"^{called}: the log names no label; .*; {has}$"):
            open_log(data, mapping=ColumnMapping(user="uid", item="song", time="played_at", zone="UTC"))
        labels = {"finish": LabelColumn(column="completed")}
        one = ColumnMapping(user="uid", item="songs", time="played_at", zone="UTC", labels=labels)
        with pytest.raises(LogError, match=r"no column 'songs' \(closest: 'song'\); it has uid, song"):
            open_log(data, mapping=one)


def test_a_ratio_among_what_is_missing_is_told_what_it_lacks():
    labels = {"finish": LabelColumn(column="rating/rating")}
    with pytest.raises(
        ConfigError, match="and it compares nothing: a label is 0 or 1, as 'rating/rating >= "
    ):
        open_log(PLAYS, mapping=ColumnMapping(user="uid", item="songs", labels=labels))


def test_a_column_of_one_value_is_no_label_unless_it_is_called_one():
    rows = pa.table(
        {"member": [7, 8], "place": ["a", "b"], "lat": [0.0, 0.0], "done": [1, 1], "offset_min": [-240, -300]}
    )
    guess = guess_mapping(rows)
    assert guess.keys["labels"] == {"finish": "done"}
    assert guess.keys["item"] == "place"
    assert guess.keys["utc_offset_minutes"] == "offset_min"


def test_a_column_of_one_value_that_may_be_the_label_is_named():
    guess = guess_mapping(pa.table({"user": [7, 8], "item": ["a", "b"], "bought": [1, None]}))
    assert "labels" not in guess.keys
    assert (
        "as no column holds 0 and 1; 'bought' may be it and is 1 in all of them: below [labels], finish = "
        '"bought", or positive_only = "play"'
    ) in guess.open_questions[-1]


@pytest.mark.parametrize(
    ("columns", "item"),
    [
        ({"content_id": ["x", "y"], "place": [1, 2]}, "content_id"),
        ({"book_id": ["x", "y"], "place": ["Rome", "Rome"]}, "book_id"),
        ({"place": [1, 2]}, None),
    ],
)
def test_a_place_in_a_list_is_no_item(columns: dict[str, list[object]], item: str | None):
    assert guess_mapping(pa.table({"user": [7, 8], **columns})).keys.get("item") == item


def test_of_several_files_it_says_which_was_looked_at(tmp_path):
    for name in ("a.parquet", "b.parquet"):
        pq.write_table(PLAYS, tmp_path / name)
    guess = guess_mapping([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert guess.about.endswith(
        "a.parquet and 1 more, of which a.parquet alone was looked at: 7 columns, as 4 rows have them"
    )
