"""Remedies speak in arguments where Python called, in options where the command did."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

import interestclock
from interestclock import ColumnMapping, ConfigError, LogError, open_log
from interestclock.api import in_arguments

PLAYS = pa.table({"user_id": [1, 1], "item_id": [2, 3], "timestamp_ms": [0, 60_000], "liked": ["yes", "no"]})


@pytest.mark.parametrize(
    ("option", "argument"),
    [
        ("--label-column finish=COLUMN", "labels={'finish': 'COLUMN'}"),
        ("--label-column \"finish=answer = 'yes'\"", "labels={'finish': \"answer = 'yes'\"}"),
        ("or --layout foursquare", "or layout='foursquare'"),
        ("(--items FILE)", "(items=FILE)"),
        ("name one (--item-attribute genre)", "name one (item_attributes=['genre'])"),
        ("--rankers base,hour,longterm", "rankers=['base', 'hour', 'longterm']"),
        ("--eq3 finish=click", "eq3={'finish': 'click'}"),
        ("give --time-unit, or", "give time_unit=, or"),
        ("--duplicates merge makes one", "duplicates='merge' makes one"),
        ("(here at least --lateness-minutes 61), or", "(here at least lateness_minutes=61), or"),
        ("(if not, --time-is-utc says so)", "(if not, time_is_local=False says so)"),
        ("give --time-is-local. If", "give time_is_local=True. If"),
        ("choose another --label or give", "choose another label= or give"),
        ("give another --out, or remove", "give another out=, or remove"),
        ("'labels' is 'a'; give a table of NAME = COLUMN", "'labels' is 'a'; give a dictionary of names and "
         "columns, or a list of names"),
        ("a -- dash, and no-option--here", "a -- dash, and no-option--here"),
    ],
)  # fmt: skip
def test_an_option_becomes_its_argument(option, argument):
    assert in_arguments(option) == argument


def test_no_option_is_left_in_what_the_package_says():
    """Every message of the package that names an option, as it stands in the code."""
    source = Path(interestclock.__file__).parent
    said = {
        text
        for folder in ("events", "studies", "clock_features", "samples")
        for file in (source / folder).glob("*.py")
        for text in re.findall(r'f?"([^"\n]*--[a-z][^"\n]*)"', file.read_text(encoding="utf-8"))
    }
    assert len(said) > 20
    assert [text for text in said if re.search(r"--[a-z]", in_arguments(text))] == []


def test_the_same_error_speaks_to_who_called():
    mapping = ColumnMapping(zone="UTC", labels={"like": "liked"})
    with pytest.raises(LogError, match=re.escape("set such rows aside: --dead-letters FILE")):
        list(open_log(PLAYS, mapping=mapping).chunks())
    with pytest.raises(
        LogError, match=re.escape("pyarrow Table, row 1: column 'liked': expected 0, 1, true")
    ) as found:
        interestclock.inspect(PLAYS, mapping=mapping)
    assert str(found.value).endswith("set such rows aside: dead_letters=FILE")
    assert "time_unit=" in found.value.__notes__[0]
    with pytest.raises(ConfigError, match=re.escape("name one, for example labels={'finish': 'COLUMN'}")):
        interestclock.inspect(PLAYS, zone="UTC")
