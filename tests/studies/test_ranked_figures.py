"""Choices of a small log of choices, compared and ranked among many."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from in_memory import CHOICES, HOUR_MS, REQUESTS, MemorySource, choices_log, requests_log

from interestclock.errors import ConfigError
from interestclock.results import Comparison
from interestclock.studies.compare import CompareConfig, compare
from interestclock.studies.result_table import ranked_table

RANKERS = ("base", "hour", "hour+gaussian")
CONFIG = CompareConfig(rankers=RANKERS, seeds=2, replicates=20, rank_choices=15)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = MemorySource(schema=CHOICES, events=choices_log(11, choices=400, delay_ms=HOUR_MS))
    out = tmp_path_factory.mktemp("ranked") / "out"
    compare(source, out, config=CONFIG, title="Choices")
    return out


def test_results_have_hits_of_every_ranker(out: Path) -> None:
    ranked = Comparison.open(out).results["ranked"]
    assert ranked["choices"] == {"validation": 15, "test": 15}
    assert ranked["with_fewer"] == {"validation": 15, "test": 15}  # there are 30 items
    assert (ranked["places"], ranked["candidates"]) == (10, 199)
    assert list(ranked["rankers"]) == list(ranked["validation"]) == list(RANKERS)
    for row in ranked["rankers"].values():
        assert 0 <= row["ci95"][0] <= row["mean"] <= row["ci95"][1] <= 1
        assert len(row["seeds"]) == 2
    assert {name: list(row["over"]) for name, row in ranked["rankers"].items()} == {
        "base": [],
        "hour": ["base"],
        "hour+gaussian": ["base", "hour"],
    }
    assert {other: list(each["gains"]) for other, each in ranked["comparisons"].items()} == {
        "base": ["hour", "hour+gaussian"],
        "hour": ["hour+gaussian"],
    }


def test_the_figures_are_those_of_the_files(out: Path) -> None:
    ranked = Comparison.open(out).results["ranked"]
    test = [part == "test" for part in pq.read_table(out / "ranked" / "choices.parquet")["part"].to_pylist()]
    runs = [pq.read_table(out / "ranked" / f"hour-seed{seed}.parquet").to_pylist() for seed in (0, 1)]
    hits = [
        sum(
            min(1.0, max(0.0, (10 - row["above"]) / (row["level"] + 1)))
            for row, mine in zip(rows, test, strict=True)
            if mine
        )
        / 15
        for rows in runs
    ]
    assert ranked["rankers"]["hour"]["seeds"] == pytest.approx(hits)


def test_they_stand_in_the_report_and_in_the_table(out: Path) -> None:
    comparison = Comparison.open(out)
    ranked = comparison.results["ranked"]
    page = (out / "report.html").read_text()
    assert "<h2>Choices ranked among many</h2>" in page
    assert "<th>hit@10 − hour</th>" in page
    table = comparison.table()
    assert table["hit"].to_pylist() == [row["mean"] for row in ranked["rankers"].values()]
    assert table["gain_hit_low"].to_pylist()[:2] == [
        None,
        ranked["comparisons"]["base"]["gains"]["hour"]["interval"][0],
    ]
    shown = ranked_table(dict(comparison.results))
    assert shown is not None
    assert [column.header for column in shown.columns] == [
        "ranker", "hit@10", "hit@10 − base", "hit@10 − hour"
    ]  # fmt: skip


def test_the_draw_is_said_in_the_report_and_when_printed(out: Path) -> None:
    comparison = Comparison.open(out)
    drawn = "Candidates were sampled beside each choice: 2 by popularity and 2 from the user's own past"
    assert any(sentence.startswith(drawn) for sentence in comparison.verdict)
    assert drawn in repr(comparison)
    assert drawn.replace("'", "&#39;") in (out / "report.html").read_text()


def test_ranking_changes_no_prediction_and_is_not_there_unasked(out: Path, tmp_path: Path) -> None:
    source = MemorySource(schema=CHOICES, events=choices_log(11, choices=400, delay_ms=HOUR_MS))
    config = dataclasses.replace(CONFIG, rankers=("hour+gaussian",), rank_choices=0, seeds=1)
    results = compare(source, tmp_path / "out", config=config)
    assert "ranked" not in results
    assert not (tmp_path / "out" / "ranked").exists()
    name = "predictions/hour+gaussian-seed0.parquet"
    assert pq.read_table(tmp_path / "out" / name).equals(pq.read_table(out / name))


def test_a_log_that_says_what_was_shown_is_refused(tmp_path: Path) -> None:
    source = MemorySource(schema=REQUESTS, events=requests_log(3))
    with pytest.raises(
        ConfigError, match="says what was shown, and that is ranked as it is: leave out --rank"
    ):
        compare(source, tmp_path / "out", config=CONFIG)
    with pytest.raises(ConfigError, match="rank_choices is -1; give 0 or more, for example 2000"):
        CompareConfig(rank_choices=-1)
