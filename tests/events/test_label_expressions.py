"""Labels made of other columns: what may be said, what comes out, row by row."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, LabelColumn, open_log
from interestclock.events.label_expressions import LabelExpression, raw_columns


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("rating >= 4", {"rating": "number"}),
        ("not bot and played / length > 0.5", {"bot": "number", "played": "number", "length": "number"}),
        ("country in ('DE', 'AT') or n between 1 and 2", {"country": "text", "n": "number"}),
        ("case when kind like 'a%' then n > 1 end", {"kind": "text", "n": "number"}),
        ('"my column" is not null and coalesce(b, 0) <> 1', {"my column": "number", "b": "number"}),
        ("Rating > 1 and rating > 1", {"Rating": "number", "rating": "number"}),
        ("country is null or country = 'DE'", {"country": "text"}),
    ],
)
def test_columns_are_numbers_unless_compared_with_text(text: str, columns: dict[str, str]) -> None:
    assert LabelExpression("finish", text).columns == columns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a >", "cannot be read"),
        ("", "give one expression, such as rating >= 4"),
        ("a > 1; drop table x", "give one expression, such as rating >= 4"),
        ("1 = 1", "names no column"),
        ("rating", "says how much, not whether; compare it"),
        ("a = 'x' and a > 1", "column 'a' is used both as a number and as text"),
        ("t.a > 1", "t.a names a table; write 'a' alone"),
        ("a > (select 1)", "is not for labels"),
        ("read_csv('x') > a", "is not for labels"),
        ("random() > a", "is not for labels"),
        ("a > current_timestamp", "is not for labels"),
        ("getenv('HOME') = a", "is not for labels"),
        ("cast(a as int) = 1", "is not for labels"),
        ("abs(a) = lower('x')", "is not for labels"),
    ],
)
def test_what_is_no_comparison_of_columns_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as told:
        LabelExpression("finish", text)
    assert reason in str(told.value)
    assert str(told.value).startswith("label 'finish' = ")


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"label 'finish': its expression is nested too deep"):
        LabelExpression("finish", "(" * 5_000 + "a" + ")" * 5_000 + " > 1")


def test_null_and_division_by_zero_are_missing() -> None:
    share = LabelExpression("finish", "played / length >= 0.8")
    rows = pa.table({"played": [8.0, 8.0, None, 0.0], "length": [10.0, 0.0, 1.0, 0.0]})
    assert share.evaluate(rows).to_pylist() == [1, None, None, None]
    assert share.evaluate(rows.slice(0, 0)).to_pylist() == []


@pytest.mark.parametrize(
    "text",
    [
        "(case when a > 5 then 'much' else '1' end) = 1",
        "case when a > 5 then 9999999999999999999999.9 * 9999999999999999999999.9 > 0 else true end",
    ],
)
def test_a_row_that_cannot_be_computed_is_missing_and_stops_no_other(text: str) -> None:
    rows = pa.table({"a": [1.0, 6.0, 2.0]})
    assert LabelExpression("finish", text).evaluate(rows).to_pylist() == [1, None, 1]


def test_names_that_differ_in_case_alone_are_two_columns() -> None:
    both = LabelExpression("finish", "A > a")
    assert both.evaluate(pa.table({"a": [1.0, 2.0], "A": [2.0, 1.0]})).to_pylist() == [1, 0]


NUMBERS = st.none() | st.integers(-5, 5).map(float)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["DE", "AT", None])), max_size=20), st.integers(1, 5)
)
def test_each_row_is_for_itself_however_rows_come_together(rows: list[tuple], size: int) -> None:
    expression = LabelExpression("finish", "a * 2 > b - 1 and (country = 'DE' or a < 0)")

    def plain(a: float | None, b: float | None, country: str | None) -> int | None:
        """SQL's three values."""
        more = None if a is None or b is None else a * 2 > b - 1
        of_here, below = (None if country is None else country == "DE"), (None if a is None else a < 0)
        either = True if of_here or below else None if None in (of_here, below) else False
        both = False if more is False or either is False else None if None in (more, either) else True
        return None if both is None else int(both)

    found = []
    for first in range(0, len(rows), size):
        names = ("a", "b", "country")
        said = [dict(zip(names, row, strict=True)) for row in rows[first : first + size]]
        found += expression.evaluate(raw_columns(said, expression.columns)).to_pylist()
    assert found == [plain(*row) for row in rows]


def test_a_label_is_a_column_or_an_expression() -> None:
    with pytest.raises(ConfigError, match=r"a label needs a column or an expression; give one of the two"):
        LabelColumn()
    with pytest.raises(ConfigError, match=r"give one of the two"):
        LabelColumn(column="a", expression="a > 1")
    with pytest.raises(ConfigError, match=r"delay_seconds of label 'a > 1' is -1"):
        LabelColumn(expression="a > 1", delay_seconds=-1)


def test_a_mapping_names_the_label_whose_expression_is_wrong() -> None:
    mapping = ColumnMapping(zone="UTC", labels={"finish": LabelColumn(expression="rating")})
    with pytest.raises(ConfigError, match=r"^label 'finish' = 'rating' says how much, not whether"):
        mapping.log_columns()


def test_a_log_has_the_labels_its_mapping_makes(tmp_path) -> None:
    log, dead = tmp_path / "plays.csv", tmp_path / "dead.jsonl"
    log.write_text(
        "user_id,item_id,timestamp_ms,played,length,country\n"
        "1,a,1700000000000,90,100,DE\n1,b,1700000001000,90,100,XX\n1,c,1700000002000,,100,DE\n"
        "1,d,1700000003000,far,100,DE\n1,e,1700000004000,9,100,DE\n"
    )
    finish = LabelColumn(expression="played_ms >= 0.8 * length and country <> 'XX'", delay_seconds=5)
    mapping = ColumnMapping(zone="UTC", labels={"finish": finish}, outcomes={"played_ms": "played"})
    assert set(mapping.log_columns()) >= {"played", "length", "country"}
    (events,) = open_log(log, mapping=mapping, dead_letters=dead).chunks()
    assert events["label.finish"].to_pylist() == [1, 0, None, 0]
    assert events["known_ms.finish"].to_pylist()[0] == 1_700_000_005_000
    assert events["outcome.played_ms"].to_pylist() == [90.0, 90.0, None, 9.0]
    letter = json.loads(dead.read_text())
    assert (letter["row"], letter["reason"]) == (4, "column 'played': expected a finite number or empty")
