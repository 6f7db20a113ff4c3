"""A comparison as a piece of HTML for a notebook: the report's sentences, tables and still picture."""

from __future__ import annotations

from collections.abc import Mapping

from interestclock.evaluation.page import page
from interestclock.evaluation.report import report_tables
from interestclock.evaluation.report_data import Report
from interestclock.evaluation.verdict import verdict

__all__ = ["comparison_cell"]


def comparison_cell(report: Report, *, best: str, pictures: Mapping[str, str]) -> str:
    """HTML that needs neither script nor network, and styles nothing but itself.

    Args:
        report: what to show. best: the best ranker, and how it was chosen.
        pictures: what each shows → its SVG; the first stands open.

    Example:
        >>> "&lt;b&gt;" in comparison_cell(Report(title="<b>", results={}), best="base", pictures={})
        True
    """
    return page(
        "comparison.html.jinja",
        title=report.title,
        verdict=verdict(report.results),
        notes=report.notes,
        best=best,
        pictures=pictures,
        **report_tables(report.results),
    )
