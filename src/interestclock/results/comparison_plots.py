"""The report's pictures, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from interestclock.errors import ConfigError
from interestclock.evaluation import plots
from interestclock.evaluation.drawn_lines import drawn_lines
from interestclock.evaluation.profile_picture import profile_picture
from interestclock.evaluation.report import COSTS
from interestclock.evaluation.report_data import Report
from interestclock.evaluation.rows_picture import rows_picture
from interestclock.evaluation.share_plots import shares_over_day
from interestclock.evaluation.still_pictures import still_picture
from interestclock.evaluation.svg import picture
from interestclock.evaluation.swing_plot import swing_of_calibration
from interestclock.results.plot import Plot

__all__ = ["Picture", "plot_of"]

Picture = Literal["gains", "hours", "swing", "curves", "shares", "profile", "cost"]


def plot_of(report: Report, of: str, *, attribute: str | None = None, ranker: str | None = None) -> Plot:
    """A picture of a comparison; ``Comparison.plot`` says which there are.

    Raises:
        ConfigError: there is no such picture, nothing to draw it of, no such attribute or ranker.
        ResultError: no ranker has a gain over the baseline to draw.
    """
    if of not in get_args(Picture):
        raise ConfigError(f"a comparison has no picture '{of}'; it has {', '.join(get_args(Picture))}")
    if of == "gains":
        return Plot(title=report.title, svg=picture(report.results, title=report.title))
    if of == "shares":
        return _shares(report, attribute, ranker)
    return _DRAWN[of](report)


def _hours(report: Report) -> Plot:
    by_hour = report.results.get("by_hour") or {"rankers": {}}
    rankers = {name: by_hour["rankers"][name] for name in _of_lines(report) if name in by_hour["rankers"]}
    known = [auc for row in rankers.values() for auc in row["auc"] if auc is not None]
    if not known:
        raise ConfigError("the comparison has no AUC by hour; no hour has both a 1 and a 0")
    title = f"{report.title}: AUC by local hour"
    figure = plots.auc_by_hour({**by_hour, "rankers": rankers}, baseline=_baseline(report))
    lines = [trace for trace in figure["data"] if trace["type"] == "scatter"]
    return Plot(title=title, svg=still_picture({**figure, "data": lines}, title=title))


def _swing(report: Report) -> Plot:
    rankers = report.results.get("swing", {}).get("rankers")
    if not rankers:
        raise ConfigError("the comparison has no swing; the log is too short, or has too few users")
    title = f"{report.title}: swing of calibration"
    heading = "by hour and from day to day, 95% intervals over users"
    return Plot(title=title, svg=rows_picture({heading: swing_of_calibration(rankers)}, title=title))


def _curves(report: Report) -> Plot:
    curves = {name: report.curves[name] for name in _of_lines(report) if report.curves.get(name)}
    if not curves:
        raise ConfigError("the comparison has no learning curves; the log is too short for one")
    title = f"{report.title}: AUC over the stream"
    figure = plots.learning_curves(curves, baseline=_baseline(report))
    return Plot(title=title, svg=still_picture(figure, title=title))


def _profile(report: Report) -> Plot:
    one = report.hourly_profile
    if one is None or not any(one.values):
        raise ConfigError(
            "the comparison has no hourly profile; no attribute feeds the clocks, or nobody has a past"
        )
    title = f"{report.title}: the {one.attribute} of user {one.user} over the day"
    return Plot(title=title, svg=profile_picture(plots.hourly_profile(one), title=title))


def _cost(report: Report) -> Plot:
    rankers = report.results.get("rankers", {})
    figures = {
        title: plots.cost(rankers, key, title=title, baseline=_baseline(report))
        for key, title in COSTS.items()
        if any(row.get(key) for row in rankers.values())
    }
    if not figures:
        raise ConfigError("the comparison has no cost; no run was timed")
    title = f"{report.title}: what each ranker took"
    return Plot(title=title, svg=rows_picture(figures, title=title))


def _shares(report: Report, attribute: str | None, ranker: str | None) -> Plot:
    has = list(report.attribute_shares)
    if not has or attribute not in (None, *has):
        raise ConfigError(
            f"no attribute '{attribute or ''}' that feeds the clocks; there is {', '.join(has) or 'none'}"
        )
    name = has[0] if attribute is None else attribute
    title, shown = f"{report.title}: {name} over the day", report.attribute_shares[name]
    if ranker is None:
        return Plot(title=title, svg=still_picture(shares_over_day(shown), title=title))
    by_ranker = report.top_shares.shares.get(name, {})
    if ranker not in by_ranker:
        raise ConfigError(f"no ranker '{ranker}' was compared; there is {', '.join(by_ranker) or 'none'}")
    title, figure = f"{title}, put first by {ranker}", shares_over_day(by_ranker[ranker], like=shown)
    return Plot(title=title, svg=still_picture(figure, title=title))


def _of_lines(report: Report) -> tuple[str, ...]:
    return drawn_lines(report.results).drawn


def _baseline(report: Report) -> str:
    return str(report.results.get("baseline"))


_DRAWN: Mapping[str, Callable[[Report], Plot]] = {
    "hours": _hours,
    "swing": _swing,
    "curves": _curves,
    "profile": _profile,
    "cost": _cost,
}
