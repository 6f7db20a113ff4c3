"""A comparison as one page to look at: verdict, table, pairs, hours, curves, shares, dial, cost."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interestclock.evaluation import plots, tables
from interestclock.evaluation.page import page, plot
from interestclock.evaluation.plots import Figure
from interestclock.evaluation.report_data import HourlyProfile, Report
from interestclock.evaluation.verdict import verdict

__all__ = ["write_report"]

COSTS = {"seconds": "seconds for one seed", "peak_rss_mib": "peak memory, MiB"}


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
    figures: dict[str, Figure] = {}
    sections = list(_sections(report, figures))
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(page(title=report.title, sections=sections, figures=figures), encoding="utf-8")
    aside.replace(path)


def _sections(report: Report, figures: dict[str, Figure]) -> Iterator[str]:
    yield _verdict(report)
    if report.results.get("rankers"):
        yield from _tables(report.results)
    yield _by_hour(report.results, figures)
    yield _curves(report, figures)
    yield _shares(report.attribute_shares, figures)
    yield _hourly_profile(report.hourly_profile, figures)
    yield _cost(report.results, figures)
    yield _details(report)


def _verdict(report: Report) -> str:
    sentences = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in verdict(report.results))
    notes = "".join(f'<p class="soft">{html.escape(note)}</p>' for note in report.notes)
    return sentences + notes


def _tables(results: Mapping[str, Any]) -> Iterator[str]:
    label = html.escape(str(results.get("label")))
    yield _titled(
        f"Rankers on “{label}”",
        "Small figures are 95% intervals of a paired bootstrap over users, which leave out what another "
        f"seed would change; {_about_seeds(results.get('seeds'))} "
        f"RelaImpr is the plain ratio to {_baseline(results)} minus 1. "
        "A log loss is better when it is lower.",
        tables.ranker_table(results),
    )
    yield _titled(
        "Every pair",
        "Row minus column. Coloured: the 95% interval of the difference excludes 0. Plain: a tie.",
        f"<h3>AUC</h3>{tables.pair_matrix(results, 'auc')}<h3>UAUC</h3>{tables.pair_matrix(results, 'uauc')}",
    )


def _about_seeds(seeds: int | None) -> str:
    if seeds == 1:
        return "each figure is of one seed."
    return f"each figure is the mean of {seeds} seeds, the smallest and the largest beside AUC and UAUC."


def _baseline(results: Mapping[str, Any]) -> str:
    return html.escape(str(results.get("baseline", "base")))


def _titled(title: str, lead: str, content: str) -> str:
    return f'<h2>{title}</h2><p class="soft">{lead}</p>{content}'


def _left_out(title: str, reason: str) -> str:
    return f'<h2>{title}</h2><p class="soft">Left out: {reason}</p>'


def _by_hour(results: Mapping[str, Any], figures: dict[str, Figure]) -> str:
    title, by_hour = "AUC by local hour", results.get("by_hour")
    if not by_hour or not by_hour["rankers"]:
        return _left_out(title, "the results hold no metrics by hour.")
    figures["by-hour"] = plots.auc_by_hour(by_hour, baseline=str(results.get("baseline")))
    spreads = "; ".join(
        f"{html.escape(name)} {values['auc_spread']:.4f}"
        for name, values in by_hour["rankers"].items()
        if values.get("auc_spread") is not None
    )
    lead = "Bars: positives of the hour; where they are few, the lines are noise."
    if spreads:
        lead += f" Standard deviation over the hours, weighted by positives: {spreads}."
    return _titled(title, lead, plot("by-hour"))


def _curves(report: Report, figures: dict[str, Figure]) -> str:
    title = "Learning curves"
    if not report.curves:
        return _left_out(title, "no curve was recorded.")
    figures["curves"] = plots.learning_curves(report.curves, baseline=str(report.results.get("baseline")))
    lead = "Each point is the AUC of one window of the stream, predicted before it was learned (UTC)."
    return _titled(title, lead, plot("curves"))


def _shares(shares: Mapping[str, Any], figures: dict[str, Figure]) -> str:
    title = "Attributes over the day"
    if not shares:
        return _left_out(title, "the log gives its items no attribute that feeds a clock.")
    places = []
    for number, (attribute, by_value) in enumerate(shares.items()):
        figures[f"shares-{number}"] = plots.shares_over_day(by_value)
        places.append(f"<div><h3>{html.escape(attribute)}</h3>{plot(f'shares-{number}')}</div>")
    lead = (
        "Share of each value among the exposures of a local hour (choices, where the log holds only these)."
    )
    return _titled(title, lead, f'<div class="pair">{"".join(places)}</div>')


def _hourly_profile(hourly_profile: HourlyProfile | None, figures: dict[str, Figure]) -> str:
    title = "One user’s clock"
    if hourly_profile is None or not any(hourly_profile.values):
        return _left_out(title, "no user has a preference in any hour.")
    figures["dial"] = plots.hourly_profile(hourly_profile)
    moment = datetime.fromtimestamp(hourly_profile.as_of_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    lead = (
        f"User {html.escape(hourly_profile.user)} as of {moment}: "
        f"the best {html.escape(hourly_profile.attribute)} of each local "
        "hour. Colour: the value; length: its score (Eq. 3)."
    )
    return _titled(title, lead, plot("dial"))


def _cost(results: Mapping[str, Any], figures: dict[str, Figure]) -> str:
    title, rankers = "What each ranker took", results.get("rankers", {})
    measured = {key: name for key, name in COSTS.items() if any(row.get(key) for row in rankers.values())}
    if not measured:
        return _left_out(title, "neither time nor memory was measured.")
    for key, name in measured.items():
        figures[f"cost-{key}"] = plots.cost(rankers, key, title=name, baseline=str(results.get("baseline")))
    places = "".join(f"<div>{plot(f'cost-{key}')}</div>" for key in measured)
    return f'<h2>{title}</h2><div class="pair">{places}</div>'


def _details(report: Report) -> str:
    rankers: Mapping[str, Any] = report.results.get("rankers", {})
    tasks = list(next(iter(rankers.values())).get("tasks", {})) if rankers else []
    folded = {
        f"Task “{html.escape(task)}”: every metric": tables.task_table(report.results, task) for task in tasks
    }
    if report.results.get("log"):
        folded["The log"] = tables.settings(report.results["log"])
    folded["Configuration"] = tables.settings(report.configuration)
    folded["Versions"] = tables.settings(report.versions)
    body = "".join(
        f"<details><summary>{name}</summary>{content}</details>" for name, content in folded.items()
    )
    return f"<h2>Details</h2>{body}"
