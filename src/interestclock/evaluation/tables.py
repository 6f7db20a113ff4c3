"""The report's tables as HTML; every text from outside is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from interestclock.evaluation.palette import colours
from interestclock.evaluation.verdict import is_above, percent

__all__ = ["pair_matrix", "ranker_table", "settings", "task_table"]

Json = Mapping[str, Any]
DASH = "–"


def ranker_table(results: Json) -> str:
    """One row per ranker: AUC, UAUC and log loss with intervals, and the gain over the baseline.

    Below the intervals of AUC and UAUC stand the smallest and the largest figure of one seed.

    Args:
        results: the dictionary of :func:`summarise`.

    Example:
        >>> "RelaImpr" in ranker_table({"rankers": {}, "baseline": "base"})
        True
    """
    rankers, baseline = results["rankers"], results.get("baseline")
    reachable = any(row.get("share_of_reachable") for row in rankers.values())
    heads = ["ranker", "AUC", "RelaImpr AUC", "UAUC", "RelaImpr UAUC", "log loss"]
    heads += ["share of reachable"] * reachable
    colour = colours(rankers, baseline=baseline)
    rows = [
        _ranker_row(name, row, colour[name], name == baseline, reachable) for name, row in rankers.items()
    ]
    return _table(heads, rows)


def _ranker_row(name: str, row: Json, colour: str, is_base: bool, reachable: bool) -> list[str]:
    dot = f'<span class="dot" style="background:{colour}"></span>'
    cells = [f"<th>{dot}{html.escape(name)}</th>", _estimate(row["auc"]), _gain(row, "relaimpr_auc", is_base)]
    cells += [_estimate(row["uauc"]), _gain(row, "relaimpr_uauc", is_base), _estimate(row["logloss"])]
    if reachable:
        share = row.get("share_of_reachable")
        cells.append(
            "<td>–</td>" if is_base else _cell(*_percents(share or {"mean": None, "ci95": [None] * 2}))
        )
    return cells


def _estimate(one: Json) -> str:
    interval = " to ".join(_number(bound) for bound in one["ci95"])
    return _cell(_number(one["mean"]), interval, below=_seeds(one.get("seeds", ())))


def _seeds(figures: Sequence[float | None]) -> str:
    known = [figure for figure in figures if figure is not None]
    if len(known) < 2:
        return ""
    return f"<small>seeds {_number(min(known))} to {_number(max(known))}</small>"


def _gain(row: Json, key: str, is_base: bool) -> str:
    ci95 = row.get(f"{key}_ci95")
    if is_base or ci95 is None:
        return f"<td>{DASH}</td>"
    return _cell(percent(row[key]), " to ".join(percent(bound) for bound in ci95), _tone(ci95))


def _percents(one: Json) -> tuple[str, str]:
    return percent(one["mean"], digits=0), " to ".join(percent(bound, digits=0) for bound in one["ci95"])


def _tone(ci95: Sequence[float | None]) -> str:
    if is_above(ci95):
        return "up"
    return "down" if ci95[1] is not None and ci95[1] < 0 else "tie"


def _cell(main: str, small: str, tone: str = "", below: str = "") -> str:
    return f'<td class="{tone}">{main}<small>{small}</small>{below}</td>'


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}".replace("-", "−")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], css: str = "") -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    table = f'<table class="{css}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def pair_matrix(results: Json, metric: str) -> str:
    """Every pair: the row's metric minus the column's, coloured where the interval excludes 0.

    Args:
        results: the dictionary of :func:`summarise`.
        metric: ``auc`` or ``uauc``.

    Example:
        >>> "base" in pair_matrix({"rankers": {"base": {}}, "pairs": {}}, "auc")
        True
    """
    names = list(results["rankers"])
    rows = [
        [f"<th>{html.escape(a)}</th>", *(_pair_cell(results["pairs"].get(f"{a}-{b}"), metric) for b in names)]
        for a in names
    ]
    return _table(["row − column", *names], rows, css="matrix")


def _pair_cell(pair: Json | None, metric: str) -> str:
    if pair is None:
        return '<td class="none"></td>'
    one = pair[metric]
    return _cell(
        _signed(one["mean"]), " to ".join(_signed(bound) for bound in one["ci95"]), _tone(one["ci95"])
    )


def _signed(value: float | None) -> str:
    return DASH if value is None else f"{value:+.4f}".replace("-", "−")


def task_table(results: Json, task: str) -> str:
    """Every metric of one task, one row per ranker; a metric no ranker has a value of is left out.

    Args:
        results: the dictionary of :func:`summarise`.
        task: a label.

    Example:
        >>> one = {"mean": 0.7, "ci95": [0.6, 0.8]}
        >>> "0.7000" in task_table({"rankers": {"base": {"tasks": {"finish": {"auc": one}}}}}, "finish")
        True
    """
    by_ranker = {name: row["tasks"][task] for name, row in results["rankers"].items()}
    named: Json = next(iter(by_ranker.values()), {})
    metrics = [name for name in named if any(row[name]["mean"] is not None for row in by_ranker.values())]
    rows = [
        [f"<th>{html.escape(name)}</th>", *(_estimate(row[metric]) for metric in metrics)]
        for name, row in by_ranker.items()
    ]
    return _table(["ranker", *metrics], rows)


def settings(values: Mapping[str, Any]) -> str:
    """Nested settings as indented text.

    Example:
        >>> settings({"sigma_hours": 1.0})
        '<pre>{\\n  &quot;sigma_hours&quot;: 1.0\\n}</pre>'
    """
    return f"<pre>{html.escape(json.dumps(values, indent=2, ensure_ascii=False, default=str))}</pre>"
