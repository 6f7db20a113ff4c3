"""Arguments that no run could have: refused as ours, with what to give instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import interestclock
from interestclock.errors import InterestClockError

ROWS = pd.DataFrame(
    {"user_id": [1, 2], "item_id": [1, 2], "finish": [0, 1], "timestamp_ms": [1.7e12, 1.7e12 + 1_000]}
)
SAID: dict[str, Any] = {"zone": "UTC", "labels": ["finish"]}


def compared(**arguments: Any) -> object:
    return interestclock.compare(ROWS, rankers=["base", "hour"], progress=False, **SAID, **arguments)


@pytest.mark.parametrize("minutes", [float("inf"), float("nan"), -1, 1e300, "5", True])
@pytest.mark.parametrize("ask", [interestclock.inspect, interestclock.features])
def test_a_lateness(ask: Callable[..., object], minutes: object) -> None:
    with pytest.raises(InterestClockError, match=r"^lateness_minutes is .*; give 0 to 158,112,000"):
        ask(ROWS, lateness_minutes=minutes, **SAID)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma_hours": 0}, "sigma_hours is 0; give a width above 0"),
        ({"mu_hours": float("nan")}, "mu_hours is nan; give a finite number"),
        ({"learning_rate": 1e300}, r"learning_rate is 1e\+300; give a number above 0"),
        ({"replicates": 1}, "replicates is 1; give 2 or more"),
        ({"window_days": 10**18}, "window_days is 1000000000000000000; give at most 109,800"),
        ({"out": "~/results"}, "~/results begins with ~, which a shell replaces by a home folder"),
    ],
)
def test_a_setting(arguments: dict[str, object], message: str, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InterestClockError, match=f"^{message}"):
        compared(**arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name": "x", "clocks": interestclock.GaussianConfig()},
            "x: clocks is GaussianConfig(sigma_hours=1.0",
        ),
        ({"name": 5}, "a ranker's name is 5; give text"),
    ],
)
def test_a_ranker(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InterestClockError, match=re.escape(message)):
        interestclock.NamedRanker(**arguments)


def test_an_error_names_reasons_that_can_be_read() -> None:
    with pytest.raises(InterestClockError) as refused:
        interestclock.features(ROWS.assign(user_id=None), **SAID)
    assert "column 'user_id' is empty in 2 of its 2 rows" in str(refused.value)
    [path] = re.findall(r"the reasons stand in (\S+);", str(refused.value))
    assert Path(path).read_text().count("user_id") >= 2


def test_a_comma_that_parts_values_is_told_as_text() -> None:
    rows = pd.DataFrame(
        {"user_id": range(40), "item_id": range(40), "timestamp_ms": 1_000, "finish": [0, 1] * 20}
    )
    found = interestclock.inspect(rows.assign(genre="rock,pop"), attributes=["genre"], **SAID)
    assert any(remark.endswith("say so: separator=','") for remark in found.remarks)
