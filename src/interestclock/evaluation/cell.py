"""A comparison as a piece of HTML for a notebook: the report's sentences, tables and still picture."""

from __future__ import annotations

from interestclock.evaluation.page import page
from interestclock.evaluation.report import report_tables
from interestclock.evaluation.report_data import Report
from interestclock.evaluation.verdict import verdict

__all__ = ["comparison_cell"]


def comparison_cell(report: Report, *, best: str, picture: str | None) -> str:
    """HTML that needs neither script nor network, and styles nothing but itself.

    Args:
        report: what to show. best: the best ranker, and how it was chosen.
        picture: the SVG of ``svg.picture``; None where there is nothing to draw.

    Example:
        >>> "&lt;b&gt;" in comparison_cell(Report(title="<b>", results={}), best="base", picture=None)
        True
    """
    return page(
        "comparison.html.jinja",
        title=report.title,
        verdict=verdict(report.results),
        notes=report.notes,
        best=best,
        picture=picture,
        **report_tables(report.results),
    )
