"""The report's tables, as rows of figures with what is said below them; a template makes HTML of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from interestclock.evaluation.palette import colours
from interestclock.evaluation.verdict import is_above, percent, signed

__all__ = [
    "Cell",
    "Row",
    "Table",
    "difference_cell",
    "estimate_cell",
    "pair_matrix",
    "ranker_table",
    "task_table",
    "tone",
]

Json = Mapping[str, Any]
DASH = "–"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A figure, what stands small below it, and its tone: ``up``, ``down``, ``tie``, ``none`` or nothing.

    Example:
        >>> Cell(figure="0.7000", small=("0.6000 to 0.8000",)).tone
        ''
    """

    figure: str = ""
    small: tuple[str, ...] = ()
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A name, the colour it has in pictures if any, and its cells.

    Example:
        >>> Row(name="base", cells=()).colour is None
        True
    """

    name: str
    cells: tuple[Cell, ...]
    colour: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Heads, the first of them over the names, and rows; ``css`` names a class of the page's style.

    Example:
        >>> Table(heads=("ranker",), rows=()).css
        ''
    """

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    css: str = ""


def ranker_table(results: Json) -> Table:
    """One row per ranker: AUC, UAUC and log loss with intervals, and the gain over the baseline.

    Below the intervals of AUC and UAUC stand the smallest and the largest figure of one seed. Rankers that
    carry an hour embedding and more have what they add to it as well. A gain in AUC is coloured where its
    interval of ``comparisons``, or of ``over_hour``, excludes 0, as the verdict has it.

    Args:
        results: the dictionary of :func:`summarise`.

    Example:
        >>> ranker_table({"rankers": {}, "baseline": "base"}).heads[:3]
        ('ranker', 'AUC', 'RelaImpr AUC')
    """
    rankers, baseline = results["rankers"], results.get("baseline")
    reachable = any(row.get("share_of_reachable") for row in rankers.values())
    heads = ["ranker", "AUC", "RelaImpr AUC", "UAUC", "RelaImpr UAUC", "log loss"]
    over_hour = results.get("over_hour")
    heads += [f"AUC − {over_hour['baseline']}"] if over_hour else []
    heads += ["share of reachable"] * reachable
    colour = colours(rankers, baseline=baseline)
    rows = [
        Row(name=name, cells=tuple(_of_ranker(results, name, reachable)), colour=colour[name])
        for name in rankers
    ]
    return Table(heads=tuple(heads), rows=tuple(rows))


def _of_ranker(results: Json, name: str, reachable: bool) -> list[Cell]:
    row, is_base = results["rankers"][name], name == results.get("baseline")
    gain = _gain(row, "relaimpr_auc", is_base)
    decided = results.get("comparisons", {}).get("gains", {}).get(name)
    if decided is not None and gain.tone:  # as the verdict has it: over all comparisons and seeds
        gain = replace(gain, tone=tone(decided["interval"]))
    cells = [estimate_cell(row["auc"]), gain]
    cells += [estimate_cell(row["uauc"]), _gain(row, "relaimpr_uauc", is_base), estimate_cell(row["logloss"])]
    if over := results.get("over_hour"):
        pair = results["pairs"].get(f"{name}-{over['baseline']}") if name in over["gains"] else None
        cells.append(_over(pair, over["gains"][name]) if pair else Cell(figure=DASH))
    if reachable:
        share = row.get("share_of_reachable") or {"mean": None, "ci95": [None] * 2}
        cells.append(Cell(figure=DASH) if is_base else _share(share))
    return cells


def _over(pair: Json, decided: Json) -> Cell:
    """A difference, coloured as the verdict has it."""
    return replace(_pair(pair, "auc"), tone=tone(decided["interval"]))


def _share(one: Json) -> Cell:
    interval = " to ".join(percent(bound, digits=0) for bound in one["ci95"])
    return Cell(figure=percent(one["mean"], digits=0), small=(interval,))


def estimate_cell(one: Json) -> Cell:
    """A figure with its interval and, where there are several seeds, the smallest and the largest of one.

    Args:
        one: ``{"mean", "ci95"}``, and ``seeds`` where they are known.

    Example:
        >>> estimate_cell({"mean": 0.7, "ci95": [0.6, 0.8]}).figure
        '0.7000'
    """
    interval = " to ".join(_number(bound) for bound in one["ci95"])
    return Cell(figure=_number(one["mean"]), small=(interval, *_seeds(one.get("seeds", ()))))


def _seeds(figures: Sequence[float | None]) -> list[str]:
    known = [figure for figure in figures if figure is not None]
    return [] if len(known) < 2 else [f"seeds {_number(min(known))} to {_number(max(known))}"]


def _gain(row: Json, key: str, is_base: bool) -> Cell:
    ci95 = row.get(f"{key}_ci95")
    if is_base or ci95 is None:
        return Cell(figure=DASH)
    return Cell(
        figure=percent(row[key]), small=(" to ".join(percent(bound) for bound in ci95),), tone=tone(ci95)
    )


def tone(ci95: Sequence[float | None]) -> str:
    """``up`` where a whole interval lies above 0, ``down`` below, else ``tie``.

    Example:
        >>> tone([0.1, 0.3]), tone([-0.1, 0.3])
        ('up', 'tie')
    """
    if is_above(ci95):
        return "up"
    return "down" if ci95[1] is not None and ci95[1] < 0 else "tie"


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}".replace("-", "−")


def pair_matrix(results: Json, metric: str) -> Table:
    """Every pair: the row's metric minus the column's, coloured where the interval excludes 0.

    Args:
        results: the dictionary of :func:`summarise`.
        metric: ``auc`` or ``uauc``.

    Example:
        >>> pair_matrix({"rankers": {"base": {}}, "pairs": {}}, "auc").rows[0].cells
        (Cell(figure='', small=(), tone='none'),)
    """
    names = list(results["rankers"])
    rows = [
        Row(name=a, cells=tuple(_pair(results["pairs"].get(f"{a}-{b}"), metric) for b in names))
        for a in names
    ]
    return Table(heads=("row − column", *names), rows=tuple(rows), css="matrix")


def _pair(pair: Json | None, metric: str) -> Cell:
    return Cell(tone="none") if pair is None else difference_cell(pair[metric])


def difference_cell(one: Json) -> Cell:
    """A difference with its interval, coloured where that excludes 0.

    Args:
        one: ``{"mean", "ci95"}``.

    Example:
        >>> difference_cell({"mean": 0.01, "ci95": [0.002, 0.018]})
        Cell(figure='+0.0100', small=('+0.0020 to +0.0180',), tone='up')
    """
    interval = " to ".join(signed(bound) for bound in one["ci95"])
    return Cell(figure=signed(one["mean"]), small=(interval,), tone=tone(one["ci95"]))


def task_table(results: Json, task: str) -> Table:
    """Every metric of one task, one row per ranker; a metric no ranker has a value of is left out.

    Args:
        results: the dictionary of :func:`summarise`.
        task: a label.

    Example:
        >>> one = {"mean": 0.7, "ci95": [0.6, 0.8]}
        >>> task_table({"rankers": {"base": {"tasks": {"finish": {"auc": one}}}}}, "finish").heads
        ('ranker', 'auc')
    """
    by_ranker = {name: row["tasks"][task] for name, row in results["rankers"].items()}
    named: Json = next(iter(by_ranker.values()), {})
    metrics = [name for name in named if any(row[name]["mean"] is not None for row in by_ranker.values())]
    rows = [
        Row(name=name, cells=tuple(estimate_cell(row[metric]) for metric in metrics))
        for name, row in by_ranker.items()
    ]
    return Table(heads=("ranker", *metrics), rows=tuple(rows))
