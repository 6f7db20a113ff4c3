"""The report's pictures, one by one."""

from __future__ import annotations

from interestclock.errors import ConfigError
from interestclock.evaluation.plots import learning_curves
from interestclock.evaluation.report_data import Report
from interestclock.evaluation.share_plots import shares_over_day
from interestclock.evaluation.still_pictures import still_picture
from interestclock.evaluation.svg import picture
from interestclock.results.plot import Plot

__all__ = ["plot_of"]

_PICTURES = ("gains", "curves", "shares")


def plot_of(report: Report, of: str, *, attribute: str | None = None, ranker: str | None = None) -> Plot:
    """A picture of a comparison; ``Comparison.plot`` says which there are.

    Raises:
        ConfigError: there is no such picture, no such attribute, or no such ranker.
        ResultError: no ranker has a gain over the baseline to draw.
    """
    if of not in _PICTURES:
        raise ConfigError(f"a comparison has no picture '{of}'; it has {', '.join(_PICTURES)}")
    if of == "gains":
        return Plot(title=report.title, svg=picture(report.results, title=report.title))
    if of == "curves":
        return _curves(report)
    return _shares(report, attribute, ranker)


def _curves(report: Report) -> Plot:
    if not any(report.curves.values()):
        raise ConfigError("the comparison has no learning curves; the log is too short for one")
    title = f"{report.title}: AUC over the stream"
    figure = learning_curves(report.curves, baseline=str(report.results["baseline"]))
    return Plot(title=title, svg=still_picture(figure, title=title))


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
