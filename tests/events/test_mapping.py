"""Mapping files and command-line values."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import interestclock.events.mapping_toml as mapping_module
from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, CsvFormat, LabelColumn

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def toml(tmp_path: Path, text: str) -> ColumnMapping:
    path = tmp_path / "log.toml"
    path.write_text(text)
    return ColumnMapping.from_toml(path)


def documented_example() -> str:
    """The example in the module's docstring, without the key that excludes [labels]."""
    lines = mapping_module.__doc__.split("::\n", 1)[1].splitlines()
    block = [line for line in lines if line.startswith("    ") or not line]
    text = textwrap.dedent("\n".join(block))
    return "\n".join(line for line in text.splitlines() if not line.startswith("positive_only"))


def test_every_documented_key_is_read(tmp_path):
    text = documented_example()
    mapping = toml(tmp_path, text)
    assert mapping.log == tmp_path / "events"
    assert mapping.items == tmp_path / "items.parquet"
    assert mapping.labels["like"] == LabelColumn(column="liked", delay_seconds=60.0)
    assert mapping.labels["skip"].known_column == "skip_known_ms"
    assert mapping.csv == CsvFormat(
        delimiter=";", encoding="latin-1", columns=("user", "item", "t"), quoted=False
    )
    schema = mapping.schema()
    assert schema.labels == ("finish", "like", "skip", "love")
    assert schema.label_expressions == {"love": "rating >= 4 and not bot"}
    assert schema.attributes == ("category", "genre")
    assert schema.clock_attributes == ("genre",)
    assert schema.eq3_labels == {"finish": "finish"}
    assert (schema.categorical, schema.multivalued, schema.numeric) == (
        ("device",),
        ("playlist_tags",),
        ("age_days",),
    )
    assert (schema.outcomes, schema.truths) == (("played_ms",), ("finish",))


def test_every_field_is_documented():
    for name in ColumnMapping.__dataclass_fields__:
        assert f"{name} =" in mapping_module.__doc__ or f"[{name}]" in mapping_module.__doc__


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
        ("[labels]\nlike = {delay_seconds = 1}", r"'labels\.like\.column' is None; give text in quotes"),
        ("[labels]\nlike = {column = 'a', delay_seconds = true}", "is True; give a number"),
        ("[labels]\nlike = {column = 'a', delay_seconds = -1}", "cannot be known before its exposure"),
        ("user = 3", "'user' is 3; give text in quotes"),
        ("engaged = 'finish'", "'engaged' is 'finish'; give a list"),
        ("attributes = 'genre'", "'attributes' is 'genre'; give a table"),
        ("time_is_local = 'yes'", "'time_is_local' is 'yes'; give true or false"),
        ("time_unit = 'hours'", "unknown time unit 'hours'; use one of auto, s, ms, us, ns"),
        ("zone = 'America/New_Yrok'", "unknown time zone .* did you mean .*America/New_York"),
        ("user = ", "not a TOML file"),
        ("positive_only = 'visit'\nlabels = ['like']", "give one of the two"),
        ("attributes = ['genre']\nitem_attributes = ['genre']", "attribute 'genre' is named both"),
        ("[csv]\ndelimiter = '--'", "csv delimiter is '--'; give one character"),
        ("[csv]\nencoding = 'latin-99'", "unknown encoding 'latin-99'"),
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


@pytest.mark.parametrize("delay", [float("nan"), float("inf"), 1e300])
def test_a_delay_beyond_all_time(delay):
    with pytest.raises(ConfigError, match="give at most"):
        LabelColumn(column="liked", delay_seconds=delay)


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
