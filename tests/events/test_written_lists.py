"""Lists that stand in a file as text."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.values import parse_lists
from interestclock.events.written_lists import split_texts

VALUES = st.lists(st.one_of(st.text(min_size=1), st.integers().map(str)))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[1, 9]", ["1", "9"]),  # KuaiRec
        ('["rock", "x"]', ["rock", "x"]),
        ("['Adventure', \"Children's\"]", ["Adventure", "Children's"]),  # MovieLens, by way of a data frame
        ("[rock, x]", ["rock", "x"]),
        (r"['AC\DC', 'x']", [r"AC\DC", "x"]),
        ("[]", []),
        (" [ ] ", []),
        ('["a, b", "c"]', ["a, b", "c"]),
        ('["caf\\u00e9", null, "", true]', ["café", "true"]),
        ("[None, 'x', True]", ["x", "true"]),
        ("[1.0, 2.50, 1e3]", ["1.0", "2.50", "1e3"]),
        ("[9007199254740993]", ["9007199254740993"]),
        ("[ambient music]", ["ambient music"]),
        ('["a]b", "[c"]', ["a]b", "[c"]),
        ("[live] song [2004]", ["[live] song [2004]"]),
        ("[untitled", ["[untitled"]),
        ("{1, 9}", ["{1, 9}"]),
        ("rock", ["rock"]),
    ],
)
@pytest.mark.parametrize("separator", [None, ",", "|"])
def test_one_text(text, values, separator):
    parsed = parse_lists(pa.array(["x", text, None]), separator)
    if separator == "," and not text.strip().startswith("["):
        values = [part.strip() for part in text.split(",")]
    assert parsed.values.to_pylist() == [["x"], values, []]
    assert not parsed.bad_N.any()


@pytest.mark.parametrize(
    "text",
    [
        "[[1], [9]]",
        "[1 9]",  # as numpy prints arrays
        "['rock' 'x']",
        "[{'id': 16, 'name': 'Animation'}]",
        '["rock, "x]',
        "['rock', x]",
    ],
)
def test_brackets_that_hold_no_list_of_single_values(text):
    parsed = parse_lists(pa.array(["[1]", text, "[9]"]), None)
    assert parsed.values.to_pylist() == [["1"], [], ["9"]]
    assert parsed.bad_N.tolist() == [False, True, False]
    assert parsed.expected == 'one value, or a list of single values such as [1, 9] or ["rock", "x"]'


def test_a_separator_between_plain_words_in_brackets():
    assert split_texts(pa.array(["[a|b]"]), "|")[0].to_pylist() == [["a", "b"]]


@given(st.lists(VALUES), st.booleans(), st.sampled_from([None, ",", "|"]))
def test_a_list_is_the_same_written_as_json_as_python_or_as_a_list(rows, as_python, separator):
    written = [str(row) if as_python else json.dumps(row) for row in rows]
    lists, bad_N = split_texts(pa.array(written, pa.string()), separator)
    assert lists.to_pylist() == rows
    assert not bad_N.any()


@given(st.lists(st.sampled_from(["[1, 9]", "a|b", "", "x[1]", "[[1]]"]), min_size=1), st.integers(0, 9))
def test_no_row_depends_on_others(rows, cut):
    whole, bad_N = split_texts(pa.array(rows, pa.string()), "|")
    apart = [split_texts(pa.array(part, pa.string()), "|") for part in (rows[:cut], rows[cut:])]
    assert whole.to_pylist() == [values for lists, _ in apart for values in lists.to_pylist()]
    assert bad_N.tolist() == [bad for _, part_N in apart for bad in part_N.tolist()]
