"""What was guessed of a log is seen by whoever prints what came of it: naive times first of all."""

from __future__ import annotations

import html
import re

import pandas as pd
import pytest
from small_comparison import lines_with_context

import interestclock

SAID = {"user": "uid", "item": "song", "time": "at", "zone": "America/Sao_Paulo", "labels": ["finish"]}
READ_AS_UTC = "names no offset and is read as UTC, which is 2023-11-14 19:13:20 where the user is"
REMEDY = "give time_is_local=True (if not, time_is_local=False says so)"


@pytest.fixture(scope="module")
def naive() -> pd.DataFrame:
    """Six weeks of plays of seven users, in times without an offset."""
    rows = [line.split(",") for line in lines_with_context(2_000).splitlines()]
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    frame["at"] = pd.to_datetime(frame["at"].astype("int64"), unit="s")
    frame["finish"] = frame["finish"].astype("int64")
    return frame


def check(remarks: list[str], printed: str) -> None:
    (remark,) = [each for each in remarks if READ_AS_UTC in each]
    assert REMEDY in remark
    assert remark in printed
    assert "--" not in printed


def test_of_an_inspection(naive: pd.DataFrame) -> None:
    found = interestclock.inspect(naive, **SAID)
    check(found.remarks, repr(found))
    assert REMEDY in found._repr_html_()


@pytest.mark.parametrize("as_of", [None, 1_702_000_000_000])
def test_of_features(naive: pd.DataFrame, as_of: int | None) -> None:
    features = interestclock.features(naive, as_of=as_of, **SAID)
    check(list(features.remarks), repr(features))


def test_of_a_comparison_and_its_report(naive: pd.DataFrame) -> None:
    compared = interestclock.compare(naive, rankers=["base"], seeds=1, replicates=10, progress=False, **SAID)
    check(compared.remarks, repr(compared))
    assert any(READ_AS_UTC in each for each in compared.results["remarks"])
    assert READ_AS_UTC.split(", which", maxsplit=1)[0] in (compared.folder / "report.html").read_text()
    cell = compared._repr_html_()
    assert REMEDY in html.unescape(cell)
    assert "use seeds=3" in cell
    assert "--" not in re.sub(r"<style>.*?</style>|var\(.*?\)", "", cell, flags=re.DOTALL)


@pytest.mark.parametrize("local", [True, False])
def test_nothing_is_said_once_it_is_settled(naive: pd.DataFrame, local: bool) -> None:
    found = interestclock.inspect(naive, time_is_local=local, **SAID)
    assert not [each for each in found.remarks if "read as UTC" in each]
    assert interestclock.features(naive, time_is_local=local, **SAID).remarks == ()
