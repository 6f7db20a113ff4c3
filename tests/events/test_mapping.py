"""Mapping files and command-line values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, field

from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, CsvFormat, LabelColumn
from interestclock.events.mapping_toml import read_mapping
from interestclock.events.schema import LogSchema
from interestclock.mapping_keys import Key, LogKeys

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def toml(tmp_path: Path, text: str) -> ColumnMapping:
    path = tmp_path / "log.toml"
    path.write_text(text)
    return ColumnMapping.from_toml(path)


EVERY_KEY = """
log = "events"
items = "items.parquet"
items_key = "item_id"
items_match = "item_id"
user = "u"
item = "i"
time = "t"
time_unit = "ms"
id_type = "text"
time_format = "%d/%m/%Y %H:%M"
time_is_local = true
utc_offset_minutes = "offset"
zone_column = "zone"
zone = "America/New_York"
request = "request_id"
event_id = "event_id"
duplicates = "merge"
separator = "|"
clock_attributes = ["genre"]
engaged = ["finish", "like"]
[labels]
finish = "finish"
like = { column = "liked", delay_seconds = 60 }
skip = { column = "skip", known_column = "skip_known_ms" }
love = { expression = "rating >= 4 and not bot" }
[eq3]
finish = "finish"
[attributes]
category = "product_category"
[item_attributes]
genre = "genre"
[categorical]
device = "device"
[multivalued]
playlist_tags = "tags"
[numeric]
age_days = "age_days"
[outcomes]
played_ms = "played_ms"
[truths]
finish = "truth_finish"
[csv]
delimiter = ";"
encoding = "latin-1"
columns = ["user", "item", "t"]
quoted = false
"""


def test_every_key_is_read(tmp_path):
    mapping = toml(tmp_path, EVERY_KEY)
    assert mapping == ColumnMapping(
        log=tmp_path / "events",
        items=tmp_path / "items.parquet",
        items_key="item_id",
        items_match="item_id",
        user="u",
        item="i",
        time="t",
        time_unit="ms",
        id_type="text",
        time_format="%d/%m/%Y %H:%M",
        time_is_local=True,
        utc_offset_minutes="offset",
        zone_column="zone",
        zone="America/New_York",
        request="request_id",
        event_id="event_id",
        duplicates="merge",
        separator="|",
        clock_attributes=("genre",),
        engaged=("finish", "like"),
        labels={
            "finish": LabelColumn(column="finish"),
            "like": LabelColumn(column="liked", delay_seconds=60),
            "skip": LabelColumn(column="skip", known_column="skip_known_ms"),
            "love": LabelColumn(expression="rating >= 4 and not bot"),
        },
        eq3={"finish": "finish"},
        attributes={"category": "product_category"},
        item_attributes={"genre": "genre"},
        categorical={"device": "device"},
        multivalued={"playlist_tags": "tags"},
        numeric={"age_days": "age_days"},
        outcomes={"played_ms": "played_ms"},
        truths={"finish": "truth_finish"},
        csv=CsvFormat(delimiter=";", encoding="latin-1", columns=("user", "item", "t"), quoted=False),
    )
    missing = {"positive_only"}  # excludes labels
    assert {name for name in mapping.__struct_fields__ if f"{name}" in EVERY_KEY} >= {
        *mapping.__struct_fields__
    } - missing
    schema = mapping.schema()
    assert schema.labels == ("finish", "like", "skip", "love")
    assert schema.label_expressions == {"love": "rating >= 4 and not bot"}
    assert schema.attributes == ("category", "genre")
    assert schema.clock_attributes == ("genre",)
    assert (schema.categorical, schema.multivalued, schema.numeric) == (
        ("device",),
        ("playlist_tags",),
        ("age_days",),
    )
    assert (schema.outcomes, schema.truths) == (("played_ms",), ("finish",))


_Text = Annotated[str, Meta(description="text in quotes")]


class MoodyKeys(LogKeys, frozen=True, kw_only=True):
    """What a new key takes: a declaration."""

    mood: Annotated[_Text | None, Key(help="Column of the mood.", option="mood")] = None
    weather: Annotated[
        dict[str, _Text],
        Key(help="Context from outside.", option="weather"),
    ] = field(default_factory=dict)


def test_a_key_that_is_declared_is_read_and_checked_without_more(tmp_path):
    path = tmp_path / "log.toml"
    path.write_text('mood = "m"\nweather = ["rain"]\n')
    read = read_mapping(path, MoodyKeys)
    assert (read.mood, read.weather, read.user) == ("m", {"rain": "rain"}, "user_id")
    for text, message in (
        ("mod = 'm'", "unknown key 'mod'; did you mean 'mood'?"),
        ("mood = 3", "'mood' is 3; give text in quotes"),
        ("[weather]\nrain = 3", "'weather.rain' is 3; give text in quotes"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError) as refusal:
            read_mapping(path, MoodyKeys)
        assert str(refusal.value) == f"{path}: {message}"


def test_lists_stand_for_tables(tmp_path):
    mapping = toml(tmp_path, 'labels = ["finish", "like"]\nnumeric = ["tempo"]\n')
    assert mapping.labels["like"].column == "like"
    assert mapping.numeric == {"tempo": "tempo"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("usr = 'a'", "unknown key 'usr'; did you mean 'user'"),
        ("zzzz = 1", "unknown key 'zzzz'; keys are log, items"),
        ("[csv]\ndelimeter = ';'", r"unknown key 'csv\.delimeter'; did you mean 'csv\.delimiter'"),
        ("[labels]\nlike = {col = 'a'}", r"unknown key 'labels\.like\.col'; did you mean"),
        ("[labels]\nlike = {delay_seconds = 1}", r"labels\.like: a label needs a column or an expression"),
        (
            "[labels]\nlike = {column = 'a', expression = 'a > 1'}",
            r"labels\.like: a label has column 'a'",
        ),
        ("[labels]\nlike = 3", r"'labels\.like' is 3; give a column's name or a table"),
        ("[labels]\nlike = ''", r"'labels\.like\.column' is empty; give text in quotes, or leave it out"),
        ("labels = [1]", r"'labels' is \[1\]; give a table of NAME = COLUMN"),
        ("[labels]\nlike = {column = 'a', delay_seconds = true}", "is True; give a number"),
        ("[labels]\nlike = {column = 'a', delay_seconds = -1}", "cannot be known before its exposure"),
        ("user = 3", "'user' is 3; give text in quotes"),
        ("engaged = 'finish'", "'engaged' is 'finish'; give a list"),
        ("attributes = 'genre'", "'attributes' is 'genre'; give a table"),
        ("time_is_local = 'yes'", "'time_is_local' is 'yes'; give true or false"),
        ("time_unit = 'hours'", "'time_unit' is 'hours'; give one of auto, s, ms, us, ns"),
        ("user = ''", "'user' is empty; give text in quotes"),
        ("log = 3", "'log' is 3; give text in quotes"),
        ("engaged = ['a', 3]", "'engaged' is 3; give text in quotes"),
        ("numeric = {tempo = ['a']}", r"'numeric\.tempo' is \['a'\]; give text in quotes"),
        ("csv = 'excel'", "'csv' is 'excel'; give a table"),
        ("zone = 'America/New_Yrok'", "unknown time zone .* did you mean .*America/New_York"),
        ("user = ", "not a TOML file"),
        ("positive_only = 'visit'\nlabels = ['like']", "give one of the two"),
        ("attributes = ['genre']\nitem_attributes = ['genre']", "attribute 'genre' is named both"),
        ("[csv]\ndelimiter = '--'", "csv delimiter is '--'; give one character"),
        ("[csv]\nencoding = 'latin-99'", "unknown encoding 'latin-99'"),
        ("[csv]\ndelimiter = 'é'", "csv delimiter is 'é'; give one character of ASCII, no quote"),
        ('[csv]\ndelimiter = "\\u0000"', r"csv delimiter is '\\x00'; give one character of ASCII"),
        ("[csv]\ndelimiter = '\"'", "csv delimiter is '\"'; give one character of ASCII"),
        ("[csv]\nencoding = 'punycode'", "unknown encoding 'punycode'; for example utf-8"),
        ("[csv]\nencoding = 'undefined'", "unknown encoding 'undefined'"),
        ('[csv]\nencoding = "a\\u0000"', r"unknown encoding 'a\\x00'"),
        (f"user = {'1' * 5_000}", "it has a number of thousands of digits; give text in quotes"),
        (f"user = 0x{'f' * 6_000}", "'user' is a number of very many digits; give text in quotes"),
        (f"user = {'[' * 3_000}{']' * 3_000}", "lists or tables in it are nested too deeply"),
        ("user = 2020-01-01", "'user' is 2020-01-01; give text in quotes"),
        ("user = [2020-01-01T07:00:00]", r"'user' is \[2020-01-01T07:00:00\]; give text in quotes"),
        ("user = 07:00:00", "'user' is 07:00:00; give text in quotes"),
        ("[labels]\n'' = 'liked'", "'labels name' is empty; give text in quotes, or leave it out"),
        ("[numeric]\n'' = 'age'", "'numeric name' is empty; give text"),
    ],
)
def test_refusals_name_the_file_and_the_remedy(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as refusal:
        toml(tmp_path, text)
    assert str(refusal.value).startswith(str(tmp_path / "log.toml"))


def test_no_label_is_refused_when_the_schema_is_asked_for():
    with pytest.raises(ConfigError, match="names no label"):
        ColumnMapping(zone="UTC").schema()


def test_unknown_clock_attribute():
    mapping = ColumnMapping(positive_only="visit", clock_attributes=("mood",), attributes={"genre": "g"})
    with pytest.raises(ConfigError, match="no attribute 'mood' in this log; it has genre"):
        mapping.schema()


def test_command_line_goes_over_a_file(tmp_path):
    mapping = toml(tmp_path, 'user = "u"\nzone = "UTC"\n[labels]\nlike = "liked"\n')
    over = mapping.with_options(item="song", zone="Asia/Tokyo", labels=["finish=done"], numeric=["tempo"])
    assert (over.user, over.item, over.zone) == ("u", "song", "Asia/Tokyo")
    assert {name: label.column for name, label in over.labels.items()} == {"like": "liked", "finish": "done"}
    assert over.numeric == {"tempo": "tempo"}
    assert mapping.with_options() == mapping
    assert mapping.with_options(time_is_local=False).time_is_local is False
    assert mapping.with_options(time_is_local=True).with_options(time_is_local=None).time_is_local


def test_a_key_that_there_is_not_cannot_be_put_over_a_mapping():
    with pytest.raises(ConfigError, match="a mapping has no key 'numerical'; it has log, items"):
        ColumnMapping().with_options(numerical=["tempo"])
    with pytest.raises(ConfigError, match="'time_unit' is 'hours'; give one of auto, s"):
        ColumnMapping().with_options(time_unit="hours")


@pytest.mark.parametrize("entry", ["=liked", "like=", ""])
def test_half_an_entry_is_refused(entry):
    with pytest.raises(ConfigError, match="write NAME=COLUMN, or NAME"):
        ColumnMapping().with_options(labels=[entry])


def test_columns_to_read_are_each_named_once():
    mapping = ColumnMapping(
        zone="UTC",
        time="t",
        labels={"like": LabelColumn(column="liked", known_column="t")},
        item_attributes={"root": "root_type"},
        items_match="category",
        categorical={"category": "category"},
    )
    assert mapping.log_columns() == ("user_id", "item_id", "t", "category", "liked")


def test_the_grocery_example():
    schema = ColumnMapping.from_toml(EXAMPLES / "groceries.toml").schema()
    assert schema.labels == ("purchase",)
    assert schema.clock_attributes == ("department", "product_category")
    assert schema.eq3_labels == {"finish": "purchase"}


def test_a_column_named_anew_keeps_its_labels_delay() -> None:
    mapping = ColumnMapping(zone="UTC", labels={"like": LabelColumn(column="liked", delay_seconds=60)})
    assert mapping.with_options(labels=["like=loved"]).labels["like"] == LabelColumn(
        column="loved", delay_seconds=60
    )


def test_what_is_engaged_with_from_the_command_line() -> None:
    mapping = ColumnMapping(zone="UTC", engaged=("like",)).with_options(labels=["like", "click"])
    assert mapping.schema().engaged == ("like",)
    assert mapping.with_options(engaged=["click"]).schema().engaged == ("click",)
    with pytest.raises(ConfigError, match="no label 'clik' in this log; it has like, click"):
        mapping.with_options(engaged=["clik"]).schema()


def test_terms_and_labels_the_wrong_way_round() -> None:
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"], eq3=["click=finish"])
    with pytest.raises(ConfigError, match=r"'click' is no term of Eq\. 3; write TERM=LABEL .* finish=click"):
        mapping.schema()


def test_without_a_term_of_eq3_nothing_feeds_a_clock() -> None:
    mapping = ColumnMapping(zone="UTC").with_options(labels=["click"], attributes=["genre"])
    assert mapping.schema().clock_attributes == ()
    assert mapping.with_options(eq3=["finish=click"]).schema().clock_attributes == ("genre",)


def test_delays_from_the_command_line() -> None:
    mapping = ColumnMapping(zone="UTC").with_options(labels=["like"], label_delays=["like=600"])
    assert mapping.labels["like"].delay_seconds == 600
    with pytest.raises(ConfigError, match="no label 'skip' to delay; there are like"):
        mapping.with_options(label_delays=["skip=1"])
    with pytest.raises(ConfigError, match="'soon' is no delay of label 'like'; give seconds, as 600"):
        mapping.with_options(label_delays=["like=soon"])


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "log.toml").write_text("user = 'u'\n", encoding="utf-8-sig")
    assert ColumnMapping.from_toml(tmp_path / "log.toml").user == "u"


def test_a_folder_is_no_mapping_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(.*\); name a TOML file"):
        ColumnMapping.from_toml(tmp_path)


@pytest.mark.parametrize(
    "part", ["labels", "attributes", "categorical", "multivalued", "numeric", "outcomes"]
)
def test_a_name_is_not_empty(part: str) -> None:
    given = {"labels": ("finish",)} | {part: ("finish", "")}
    with pytest.raises(ConfigError, match="has an empty name; name it"):
        LogSchema(**given)


@pytest.mark.parametrize("part", ["labels", "attributes", "categorical", "multivalued"])
def test_a_name_of_a_file_is_not_too_long(part: str) -> None:
    LogSchema(**{"labels": ("finish",)} | {part: ("é" * 75,)})
    with pytest.raises(
        ConfigError, match=r"'é{20}\.\.\.' is 152 bytes long; names become names of files: give at"
    ):
        LogSchema(**{"labels": ("finish",)} | {part: ("é" * 76,)})


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("[attributes]\ngenre = 'g'", "zone = 'UTC'"),
        ("[attributes]\ngenre = 'g'", "request = 'page_id'"),
        ("[labels]\nlike = 'liked'", "clock_attributes = ['genre']"),
        ("[labels]\nlike = 'liked'", "numeric = ['age_days']"),
        ("[labels.like]\ncolumn = 'liked'", "time_is_local = true"),
        ("[csv]\ndelimiter = ';'", "separator = '|'"),
    ],
)
def test_a_key_below_a_table_is_pointed_at(tmp_path, table, line):
    path = tmp_path / "log.toml"
    path.write_text(f"{table}\n{line}\n")
    key, under = line.split(" ")[0], table.split("\n")[0].strip("[]").rpartition(".")[2]
    with pytest.raises(ConfigError) as refused:
        ColumnMapping.from_toml(path)
    assert str(refused.value) == (
        f"{path}: '{key}' stands under [{under}] and is a name there; if the key '{key}' is meant, move its "
        "line above the first [table], else choose another name"
    )


def test_a_name_may_be_that_of_a_key_where_the_key_is_given_or_of_another_shape(tmp_path):
    path = tmp_path / "log.toml"
    path.write_text("zone = 'UTC'\n[categorical]\nzone = 'user_zone'\n[labels]\nengaged = 'engaged'\n")
    mapping = ColumnMapping.from_toml(path)
    assert (mapping.categorical, mapping.labels["engaged"].column) == ({"zone": "user_zone"}, "engaged")
