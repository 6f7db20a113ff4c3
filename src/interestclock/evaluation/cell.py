"""A comparison as a piece of HTML for a notebook: the report's sentences, tables and still picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interestclock.evaluation.page import page
from interestclock.evaluation.report import report_tables
from interestclock.evaluation.report_data import Report

__all__ = ["comparison_cell"]


def comparison_cell(
    report: Report, *, verdict: Sequence[str], notes: Sequence[str], best: str, pictures: Mapping[str, str]
) -> str:
    """HTML that needs neither script nor network, and styles nothing but itself.

    Args:
        report: what to show. verdict, notes: what its figures say, and its notes, in the caller's words.
        best: the best ranker, and how it was chosen.
        pictures: what each shows → its SVG; the first stands open.

    Example:
        >>> report = Report(title="<b>", results={})
        >>> "&lt;b&gt;" in comparison_cell(report, verdict=(), notes=(), best="base", pictures={})
        True
    """
    return page(
        "comparison.html.jinja",
        title=report.title,
        verdict=verdict,
        notes=notes,
        best=best,
        pictures=pictures,
        **report_tables(report.results),
    )
