"""A comparison as one page to look at: verdict, table, pairs, hours, curves, shares, dial, cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from interestclock.evaluation import plots, tables
from interestclock.evaluation.drawn_lines import drawn_lines
from interestclock.evaluation.page import page
from interestclock.evaluation.plots import Figure
from interestclock.evaluation.ranked_table import ranked_lead, ranked_table
from interestclock.evaluation.report_data import HourlyProfile, Report, best_of_validation
from interestclock.evaluation.share_plots import first_shares_over_day, shares_over_day
from interestclock.evaluation.swing_plot import swing_of_calibration
from interestclock.evaluation.swing_table import swing_table
from interestclock.evaluation.verdict import verdict
from interestclock.files import write_text

__all__ = ["report_tables", "write_report"]

COSTS = {"seconds": "seconds for one seed", "peak_rss_mib": "peak memory, MiB"}
Json = Mapping[str, Any]


def write_report(path: Path, report: Report) -> None:
    """Write a self-contained HTML page; the file appears whole or not at all.

    Args:
        path: the file to write; an older one is replaced.
        report: what to show; parts that are empty are left out with a sentence saying so.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "report.html"
        >>> write_report(path, Report(title="A log", results={}))
        >>> "No ranker was evaluated." in path.read_text(encoding="utf-8")
        True
    """
    figures = _figures(report)
    text = page(
        "report.html.jinja",
        title=report.title,
        verdict=verdict(report.results),
        notes=report.notes,
        **report_tables(report.results),
        not_drawn=drawn_lines(report.results).sentence,
        spreads=_spreads(report.results.get("by_hour")),
        attributes=list(report.attribute_shares),
        first_of_requests=report.top_shares.of_requests,
        profile=report.hourly_profile,
        profile_as_of=None if report.hourly_profile is None else _as_of(report.hourly_profile),
        costs=[name for name in figures if name.startswith("cost-")],
        settings=_settings(report),
        figures=figures,
        plotly_js=get_plotlyjs(),
    )
    write_text(path, text)


def _figures(report: Report) -> dict[str, Figure]:
    """What is drawn, under the name of its place on the page."""
    results, baseline = report.results, str(report.results.get("baseline"))
    rankers, by_hour = results.get("rankers", {}), results.get("by_hour")
    hidden = drawn_lines(results).left_out
    figures: dict[str, Figure] = {}
    if by_hour and by_hour["rankers"]:
        figures["by-hour"] = plots.auc_by_hour(by_hour, baseline=baseline, hidden=hidden)
    if swings := results.get("swing", {}).get("rankers"):
        figures["swing"] = swing_of_calibration(swings)
    if report.curves:
        figures["curves"] = plots.learning_curves(report.curves, baseline=baseline, hidden=hidden)
    figures |= _shares(report)
    if report.hourly_profile is not None and any(report.hourly_profile.values):
        figures["dial"] = plots.hourly_profile(report.hourly_profile)
    for key, title in COSTS.items():
        if any(row.get(key) for row in rankers.values()):
            figures[f"cost-{key}"] = plots.cost(rankers, key, title=title, baseline=baseline)
    return figures


def _shares(report: Report) -> dict[str, Figure]:
    """Of each attribute what was shown over the day, and what each ranker puts first."""
    figures: dict[str, Figure] = {}
    for number, (attribute, by_value) in enumerate(report.attribute_shares.items()):
        figures[f"shares-{number}"] = shares_over_day(by_value)
        if by_ranker := report.top_shares.shares.get(attribute):
            figures[f"first-{number}"] = first_shares_over_day(
                by_ranker, like=by_value, shown=best_of_validation(report.results, of=list(by_ranker))
            )
    return figures


def report_tables(results: Json) -> dict[str, Any]:
    """What a page says in tables, and beside them; one without rankers has none.

    Args:
        results: the dictionary of ``summarise``.

    Example:
        >>> report_tables({})["ranker_table"] is None
        True
    """
    rankers: Json = results.get("rankers", {})
    tasks = next(iter(rankers.values())).get("tasks", {}) if rankers else {}
    ranked = results.get("ranked")
    pairs = {"AUC": "auc", "UAUC": "uauc"} if rankers else {}
    return {
        "label": results.get("label"),
        "seeds": results.get("seeds"),
        "baseline": results.get("baseline", "base"),
        "ranker_table": tables.ranker_table(results) if rankers else None,
        "pairs": {name: tables.pair_matrix(results, metric) for name, metric in pairs.items()},
        "ranked": ranked_table(ranked, baseline=results["baseline"]) if ranked else None,
        "ranked_lead": ranked_lead(ranked) if ranked else None,
        "swing": swing_table(results["swing"], baseline=results["baseline"]) if "swing" in results else None,
        "tasks": {task: tables.task_table(results, task) for task in tasks},
    }


def _spreads(by_hour: Json | None) -> str:
    return "; ".join(
        f"{name} {values['auc_spread']:.4f}"
        for name, values in (by_hour or {}).get("rankers", {}).items()
        if values.get("auc_spread") is not None
    )


def _settings(report: Report) -> dict[str, str]:
    named = {
        "The log": report.results.get("log"),
        "Configuration": report.configuration,
        "Versions": report.versions,
    }
    return {
        name: json.dumps(values, indent=2, ensure_ascii=False, default=str)
        for name, values in named.items()
        if values or name != "The log"
    }


def _as_of(profile: HourlyProfile) -> str:
    return datetime.fromtimestamp(profile.as_of_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
