from __future__ import annotations

import json
from pathlib import Path

import inspect_verdicts
import pytest
from verdicts.jobs import FORECASTS, GAINS, TRUTHS
from verdicts.judge import VERDICTS, best_gain
from verdicts.rankers import QUESTIONS, RANKERS
from verdicts.store import Row

NOWHERE = ["--data", "/nowhere"]


def rows_of(folder: Path) -> dict[str, dict[tuple[str, int], Row]]:
    kinds = {}
    for kind in (GAINS, FORECASTS, TRUTHS):
        path = folder / f"{kind}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        kinds[kind] = {(row["world"], row["log"]): row["found"] for row in rows}
    return kinds


@pytest.mark.slow
def test_the_whole_study_on_one_very_small_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--out", str(tmp_path), "--tiny", "--parts", "fix", "--worlds", "1", "--logs", "1", *NOWHERE]
    inspect_verdicts.main([*arguments, "--fresh", "1", "--jobs", "1"])
    assert "3 of 3: " in capsys.readouterr().out
    found = rows_of(tmp_path)
    gains, told = found[GAINS]["fix-101", 0], found[FORECASTS]["fix-101", 0]
    for question, (baseline, others) in QUESTIONS.items():
        assert baseline in RANKERS
        assert sorted(gains[question]) == sorted(others)
        assert all(low <= gain <= high for gain, low, high in gains[question].values())
        assert told[question]["low"] <= told[question]["nats"] <= told[question]["high"]
        assert told[question]["verdict"] in VERDICTS
    assert list(found[TRUTHS]) == [("fix-101", 100)]

    inspect_verdicts.main([*arguments, "--fresh", "2", "--jobs", "1"])  # goes on where it was
    printed = capsys.readouterr().out
    assert "1 of 1: truths of fix-101 log 101" in printed
    assert "| fix-101 | off (0) |" in printed
    assert "Left out: groceries, for want of grocery_transactions.parquet" in printed
    assert rows_of(tmp_path)[GAINS] == found[GAINS]
    assert (tmp_path / "table.md").read_text() in printed


def test_rankers_of_two_clocks_carry_the_hour_first() -> None:
    kinds = {name: [clock.kind for clock in config.clocks] for name, config in RANKERS.items()}
    assert kinds["hour+gaussian"] == ["hour", "gaussian"]
    assert kinds["hour+longterm"] == ["hour", "longterm"]
    assert kinds["base"] == []


@pytest.mark.slow
def test_five_logs_of_the_study(tmp_path: Path) -> None:
    inspect_verdicts.main(["--out", str(tmp_path), "--parts", "fix", "--logs", "1", "--fresh", "0", *NOWHERE])
    found = rows_of(tmp_path)
    assert len(found[GAINS]) == len(found[FORECASTS]) == 5
    strong = ("fix-105", 0)  # half of it common: the hour alone tells much
    assert best_gain(found[GAINS][strong]["over_no_time"])[1][1] > 0
    assert found[FORECASTS][strong]["over_no_time"]["verdict"] == "likely"
    assert found[FORECASTS]["fix-101", 0]["over_no_time"]["verdict"] != "likely"
