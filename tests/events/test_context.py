"""Kinds of context: declared once, the same from a log and from messages."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import interestclock
from interestclock.events.context import CONTEXT_KINDS, ContextFields, ContextNames
from interestclock.mapping_keys import LogKeys
from interestclock.samples.context import ContextArrays, ContextTensors

SOURCE = Path(interestclock.__file__).parent
NAMES = [kind.name for kind in CONTEXT_KINDS]
WORDS = st.text("abc", min_size=1, max_size=3)
SAID = {
    "categorical": (st.none() | WORDS, lambda value: value),
    "multivalued": (st.lists(WORDS, max_size=3), "|".join),
    "numeric": (
        st.none() | st.integers(-9, 9).map(float),
        lambda value: None if value is None else str(value),
    ),
}


def test_a_kind_is_named_in_four_files():
    naming = {
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("*.py")
        if "multivalued" in file.read_text() and file.parent.name != "api"  # whose arguments are written out
    }
    assert naming == {
        "mapping_keys/log_keys.py",
        "events/context.py",
        "samples/context.py",
        "ranking/context.py",
    }


@pytest.mark.parametrize("declared", [ContextNames, ContextArrays, ContextTensors])
def test_every_kind_is_declared_wherever_it_passes(declared):
    assert [each.name for each in fields(declared)] == NAMES
    assert list(ContextFields.__struct_fields__) == NAMES
    assert set(NAMES) <= set(LogKeys.__struct_fields__)
    assert set(SAID) == set(NAMES)


@pytest.mark.parametrize("kind", CONTEXT_KINDS, ids=NAMES)
@given(data=st.data())
def test_a_log_and_messages_that_say_the_same_give_the_same_column(kind, data):
    values, as_text = SAID[kind.name]
    said = data.draw(st.lists(values, min_size=1, max_size=5))
    written = pa.array([as_text(value) for value in said], pa.string())
    parsed = kind.parse(written, "|")
    of_messages = kind.given([{"it": value} for value in said], "it")
    assert not parsed.bad_N.any()
    assert parsed.values.to_pylist() == of_messages.to_pylist()
    assert parsed.values.type == of_messages.type == kind.type


@pytest.mark.parametrize("kind", CONTEXT_KINDS, ids=NAMES)
def test_what_a_message_does_not_say_is_missing(kind):
    column = kind.given([None, {}, {"it": None}], "it")
    assert column.to_pylist() == ([[], [], []] if kind.several else [None] * 3)


def test_names_with_ids_stand_in_the_order_of_kinds():
    names = ContextNames(numeric=("age",), multivalued=("tags",), categorical=("device", "app"))
    assert names.with_ids == ("device", "app", "tags")
    assert list(names.context) == NAMES
