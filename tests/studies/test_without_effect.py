"""What a log gives no ranker to read is said, and not compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.clocks import AdaptiveConfig, GaussianConfig, LongTermConfig, TimeEncodingConfig
from interestclock.evaluation.verdict import verdict
from interestclock.ranking import RankerConfig
from interestclock.studies.without_effect import Readable, without_effect

ALL = Readable(preferences=True, behaviours=True, times=True)
NONE = Readable(preferences=False, behaviours=False, times=False)
RANKERS = {
    "base": RankerConfig(),
    "hour": RankerConfig(clocks=(TimeEncodingConfig(),)),
    "gaussian": RankerConfig(clocks=(GaussianConfig(),)),
    "longterm": RankerConfig(clocks=(LongTermConfig(),)),
    "both": RankerConfig(clocks=(AdaptiveConfig(), LongTermConfig())),
}


@pytest.mark.parametrize(
    ("readable", "idle", "partly"),
    [
        (ALL, [], []),
        (NONE, ["hour", "gaussian", "longterm", "both"], []),
        (Readable(preferences=False, behaviours=True, times=True), ["gaussian"], ["both"]),
        (Readable(preferences=True, behaviours=False, times=False), ["hour", "longterm"], ["both"]),
    ],
)
def test_which_rankers_have_something_to_read(readable: Readable, idle: list[str], partly: list[str]) -> None:
    assert list(without_effect(RANKERS, readable)) == idle
    assert list(without_effect(RANKERS, readable, wholly=False)) == partly


@pytest.mark.parametrize(
    ("votes", "population", "idle"), [(0.0, True, ["new"]), (3.0, True, []), (3.0, False, ["new"])]
)
def test_who_has_no_clock_reads_what_others_prefer(votes: float, population: bool, idle: list[str]) -> None:
    readable = Readable(preferences=False, behaviours=True, times=True, population=population)
    ranker = RankerConfig(clocks=(GaussianConfig(population_votes=votes),))
    assert list(without_effect({"new": ranker}, readable)) == idle


BASE_MS = 1_700_006_400_000  # 2023-11-15 00:00 UTC


def compared(tmp_path: Path, times_ms: list[int], rankers: str) -> tuple[str, dict]:
    """What the terminal shows and what the results hold."""
    rng = np.random.default_rng(0)
    rows = [
        f"{rng.integers(12)},{rng.integers(20)},{each},{rng.integers(2)},{'rock' if at % 3 else 'pop'}"
        for at, each in enumerate(times_ms)
    ]
    log = tmp_path / "log.csv"
    log.write_text("user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(rows) + "\n")
    given = ["--zone", "UTC", "--label-column", "finish", "--attribute", "genre", "--seeds", "1"]
    given += ["--rankers", rankers, "--replicates", "20", "--out", str(tmp_path / "out")]
    ran = CliRunner().invoke(app, ["compare", str(log), *given])
    if ran.exception is not None:
        raise ran.exception
    return " ".join(ran.output.split()), json.loads((tmp_path / "out" / "results.json").read_text())


def test_a_log_within_one_day_has_no_clock_to_compare(tmp_path: Path) -> None:
    times = [BASE_MS + 140_000 * row for row in range(600)]
    shown, results = compared(tmp_path, times, "base,hour,gaussian,longterm,gaussian+longterm")
    assert list(results["rankers"]) == ["base", "longterm", "gaussian+longterm"]
    assert list(results["not_compared"]) == ["hour", "gaussian"]
    assert list(results["partly_empty"]) == ["gaussian+longterm"]
    for sentence in (
        "gaussian is not compared: its clock, made of the days before, is empty at every evaluated exposure.",
        "hour is not compared: no evaluated exposure is at an hour or on a weekday that came on an earlier "
        "day.",
        "Of gaussian+longterm a part reads nothing: its clock, made of the days before, is empty at every "
        "evaluated exposure; what is compared is the rest of it.",
        "The test part lasts 2.9 hours: what another day would show is in no interval here.",
    ):
        assert sentence in verdict(results)
        assert sentence in shown
    assert "gaussian is not compared" in (tmp_path / "out" / "report.html").read_text()


def test_only_base_is_left_of_a_day(tmp_path: Path) -> None:
    times = [BASE_MS + 140_000 * row for row in range(600)]
    _, results = compared(tmp_path, times, "base,gaussian")
    assert verdict(results)[-1] == "Only base was run; there is nothing to compare it with."


def test_no_ranker_is_left_of_a_day(tmp_path: Path) -> None:
    times = [BASE_MS + 140_000 * row for row in range(600)]
    with pytest.raises(Exception, match=r"no ranker has anything to read in this log \(gaussian: its clock"):
        compared(tmp_path, times, "gaussian")
    assert not (tmp_path / "out").exists()


def test_two_days_have_a_clock(tmp_path: Path) -> None:
    times = [BASE_MS + 280_000 * row for row in range(600)]
    _, results = compared(tmp_path, times, "base,hour,gaussian")
    assert (results["not_compared"], results["partly_empty"]) == ({}, {})
    assert results["one_hour"] is None


def test_a_log_of_one_hour_a_day(tmp_path: Path) -> None:
    times = [BASE_MS + 86_400_000 * (row // 30) + 20 * 3_600_000 + 100_000 * (row % 30) for row in range(600)]
    shown, results = compared(tmp_path, times, "base,gaussian")
    assert results["one_hour"] == 20
    assert (
        "All exposures are at one local hour (20:00 to 20:59): what is gained here is gained without" in shown
    )


def test_a_log_of_one_hour(tmp_path: Path) -> None:
    times = [BASE_MS + 20 * 3_600_000 + 6_000 * row for row in range(600)]
    _, results = compared(tmp_path, times, "base,hour,gaussian")
    assert list(results["not_compared"]) == ["hour", "gaussian"]
