"""What a comparison says on its way and in the end, where memory is known and where it is not."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from interestclock.evaluation.report import write_report
from interestclock.evaluation.report_data import Report
from interestclock.studies.compare import _cost
from interestclock.studies.progress import TerminalProgress
from interestclock.training import RunCost, RunProgress

UNKNOWN = RunCost(ranker="base", seed=0, seconds=2.0, samples=10, peak_rss_mib=None, auc=0.5)
KNOWN = replace(UNKNOWN, seed=1, seconds=4.0, peak_rss_mib=1_500.0)


@pytest.mark.parametrize(("costs", "peak"), [([UNKNOWN], None), ([UNKNOWN, KNOWN], 1_500.0)])
def test_results_hold_what_is_known(costs: list[RunCost], peak: float | None) -> None:
    assert _cost(costs)["peak_rss_mib"] == peak


@pytest.mark.parametrize(("cost", "said"), [(UNKNOWN, "memory n/a"), (KNOWN, "1,500 MiB")])
def test_progress_says_what_is_known(cost: RunCost, said: str) -> None:
    out = io.StringIO()
    TerminalProgress(Console(file=out, width=200)).finished(cost)
    assert f" {said}, recent AUC 0.5000" in out.getvalue()


@pytest.mark.parametrize(("cost", "shown"), [(UNKNOWN, False), (KNOWN, True)])
def test_the_report_shows_what_is_known(cost: RunCost, shown: bool, tmp_path: Path) -> None:
    figure = {"mean": 0.5, "ci95": [0.4, 0.6]}
    row = {"auc": figure, "uauc": figure, "logloss": figure, "relaimpr_auc": None, "relaimpr_uauc": None}
    results = {"label": "finish", "baseline": "base", "rankers": {"base": row | _cost([cost])}, "pairs": {}}
    write_report(tmp_path / "report.html", Report(title="A log", results=results))
    page = (tmp_path / "report.html").read_text()
    assert "cost-seconds" in page
    assert ("cost-peak_rss_mib" in page) == shown


def test_a_terminal_has_a_bar_of_each_run() -> None:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=True, color_system=None)
    with TerminalProgress(console) as progress:
        progress.running(
            RunProgress(run="base-seed0", samples=5, total=10, samples_per_second=2.0, event_ms=0, auc=0.5)
        )
        progress.phase("computing figures", 1, 2)
    assert "2 samples/s, 1970-01-01, recent AUC 0.5000" in out.getvalue()
