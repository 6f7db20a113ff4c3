"""Text that stands for a label: a column's name or an expression, never one for the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, LabelColumn, open_log
from interestclock.events.label_expressions import LabelExpression
from interestclock.events.label_shorthand import label_from_text, reads_as_expression

NAMES = [
    *("finish", "liked (0/1)", "time in app", "a or b", "liked and shared", "not interested", "liked?"),
    *("5 stars", "% watched", "a - b", "user's like", "this is spam", "looks like spam", "between us"),
    *("likes/dislikes", "rating ≥ 4", "rating => 4", "<unnamed>", "a::int", "a->b", "in", "like <3", "'yes'"),
]
EXPRESSIONS = [
    *("rating >= 4", "rating>=4", "a == 1", "a <> 1", "answer = 'yes'", '"my rating" >= 4', "a = b"),
    *("kind in ('a', 'b')", "x is null", "title like '%mix%'", "a between 1 and 2", "not (a > 1) and b"),
    *("case when a = 1 then true end", "played_ms >= 0.8 * duration_ms"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_columns(name: str) -> None:
    assert label_from_text(name) == {"column": name}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_compares_is_an_expression(text: str) -> None:
    assert label_from_text(f" {text} ") == {"expression": text}
    assert LabelExpression("finish", text).columns


@settings(deadline=None)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="=<>"), max_size=20))
def test_nothing_without_a_sign_or_a_word_of_comparison_is_one(name: str) -> None:
    words = ("in", "between", "like", "is")
    assert not reads_as_expression(name) or any(word in name.casefold() for word in words)


def test_a_mapping_file_and_the_command_line_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "log.toml"
    path.write_text("[labels]\nfinish = \"rating >= 4\"\nlike = \"answer = 'yes'\"\nskip = 'time in app'\n")
    mapping = ColumnMapping.from_toml(path)
    assert mapping.labels["finish"].expression == "rating >= 4"
    assert mapping.labels["skip"].column == "time in app"
    assert mapping.log_columns()[3:] == ("rating", "answer", "time in app")
    options = ["finish=rating >= 4", "like = answer = 'yes'", "skip=time in app"]
    assert ColumnMapping().with_options(labels=options) == mapping
    delayed = mapping.with_options(label_delays=["finish=60"]).with_options(labels=["finish=rating >= 3"])
    assert delayed.labels["finish"] == LabelColumn(expression="rating >= 3", delay_seconds=60)
    column = delayed.with_options(labels=["finish=done"]).labels["finish"]
    assert (column.column, column.expression) == ("done", None)


@pytest.mark.parametrize("entry", ["rating >= 4", "rating <= 4", "rating != 4", "rating == 4"])
def test_an_expression_needs_a_name(entry: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        ColumnMapping().with_options(labels=[entry])
    assert str(refusal.value) == (
        f"label '{entry}' lacks a name before its expression; write 'finish={entry}'"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upper(a) = 'X'", r"'UPPER\(a\)' is not for labels"),
        ("a > 1; drop table x", "give one expression"),
        ("a > (select 1)", "is not for labels"),
        ("a = 'read_csv' or read_csv('/etc/passwd') > 1", "is not for labels"),
    ],
)
def test_what_compares_and_is_none_is_refused_as_an_expression(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ColumnMapping(zone="UTC").with_options(labels=[f"finish={text}"]).log_columns()


def write(folder: Path, header: str, row: str) -> Path:
    path = folder / "plays.csv"
    path.write_text(f"user_id,item_id,timestamp_ms,{header}\n1,2,1700000000000,{row}\n")
    return path


def test_a_column_of_that_very_name_is_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, "rating,rating >= 4", "3,1")
    mapping = ColumnMapping(zone="UTC").with_options(labels=["finish=rating >= 4"])
    with pytest.raises(LogError) as refusal:
        open_log(path, mapping=mapping)
    assert str(refusal.value) == (
        f"{path}: 'rating >= 4' is a column, and reads as an expression; if the column is meant, write "
        "{ column = 'rating >= 4' } in the mapping file, else put the expression in parentheses"
    )
    file = tmp_path / "log.toml"
    for said, label in (("{ column = 'rating >= 4' }", 1), ("'(rating >= 4)'", 0)):
        file.write_text(f"zone = 'UTC'\n[labels]\nfinish = {said}\n")
        (rows,) = open_log(path, mapping=ColumnMapping.from_toml(file)).chunks()
        assert rows["label.finish"].to_pylist() == [label]


def test_a_mistyped_expression_is_no_column_and_says_so(tmp_path: Path) -> None:
    mapping = ColumnMapping(zone="UTC").with_options(labels=["finish=rating => 4"])
    with pytest.raises(LogError, match=r"no column 'rating => 4'.*; nor is it an expression"):
        open_log(write(tmp_path, "rating", "3"), mapping=mapping)


def test_flags_written_as_text_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    values = ["true", "False", "1", "0.0", ""]
    rows = "".join(f"1,{row},{1_700_000_000_000 + row},{value}\n" for row, value in enumerate(values))
    path.write_text("user_id,item_id,timestamp_ms,done\n" + rows)
    for text in ("done = true", "done = 1", "(done > 0.5)"):
        mapping = ColumnMapping(zone="UTC").with_options(labels=[f"finish={text}"])
        (events,) = open_log(path, mapping=mapping).chunks()
        assert events["label.finish"].to_pylist() == [1, 0, 1, 0, None]
