"""A comparison as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

__all__ = ["beside_hour_table", "ranked_table", "result_table"]

_LINE = 60  # columns, so that what stands above and below a table of one ranker is not broken


def result_table(results: dict[str, Any]) -> Table:
    """Each ranker's AUC, what it gains over the baseline with its 95% interval, and UAUC; 80 columns wide.

    Args:
        results: what ``results.json`` holds.

    Example:
        >>> row = {"auc": {"mean": 0.7}, "uauc": {"mean": 0.6}, "relaimpr_auc": None}
        >>> results = {"label": "finish", "baseline": "base", "rankers": {"base": row}, "pairs": {}}
        >>> result_table(results).row_count
        1
    """
    base = results["baseline"]
    table = _table(
        f"label {results['label']}, test part; brackets: 95% interval over users",
        ("AUC", f"AUC − {base}", "RelaImpr", "UAUC"),
    )
    for name, row in results["rankers"].items():
        pair, gain = results["pairs"].get(f"{name}-{base}"), row["relaimpr_auc"]
        table.add_row(
            name,
            _figure(row["auc"]),
            "" if pair is None else _difference(pair["auc"]),
            "" if pair is None or gain is None else f"{gain:+.2%}",
            _figure(row["uauc"]),
        )
    if results.get("oracle"):
        table.caption = f"best reachable AUC (the true probability): {results['oracle']['auc']:.4f}"
    return table


def beside_hour_table(results: dict[str, Any]) -> Table | None:
    """What rankers add to an hour embedding that they carry; None where none was compared with it.

    Args:
        results: what ``results.json`` holds.

    Example:
        >>> one = {"mean": 0.01, "ci95": [0.002, 0.018]}
        >>> results = {"over_hour": {"baseline": "hour", "gains": {"hour+gaussian": {}}},
        ...     "pairs": {"hour+gaussian-hour": {"auc": one, "uauc": one}}}
        >>> beside_hour_table(results).row_count
        1
    """
    compared = results.get("over_hour")
    if not compared:
        return None
    hour = compared["baseline"]
    table = _table(
        "what is added to an hour embedding; brackets: 95% interval over users",
        (f"AUC − {hour}", f"UAUC − {hour}"),
    )
    for name in compared["gains"]:
        pair = results["pairs"][f"{name}-{hour}"]
        table.add_row(name, _difference(pair["auc"]), _difference(pair["uauc"]))
    return table


def ranked_table(results: dict[str, Any]) -> Table | None:
    """How often choices are among the first ten of their lists; None where none were ranked.

    Args:
        results: what ``results.json`` holds.

    Example:
        >>> one = {"mean": 0.5, "ci95": [0.4, 0.6]}
        >>> ranked = {"places": 10, "candidates": 199, "choices": {"test": 50}, "comparisons": {"base": {}},
        ...     "rankers": {"base": one | {"over": {}}, "hour": one | {"over": {"base": one}}}}
        >>> ranked_table({"ranked": ranked}).row_count
        2
    """
    ranked = results.get("ranked")
    if not ranked:
        return None
    hit, others = f"hit@{ranked['places']}", list(ranked["comparisons"])
    table = _table(
        f"{ranked['choices']['test']:,} choices among {ranked['candidates']} candidates each; brackets: "
        "95% interval over users",
        (hit, *(f"{hit} − {other}" for other in others)),
    )
    for name, row in ranked["rankers"].items():
        over = row["over"]
        table.add_row(
            name, _figure(row), *(_difference(over[other]) if other in over else "" for other in others)
        )
    return table


def _table(title: str, figures: Sequence[str]) -> Table:
    """Without lines between the columns, which would not leave room for a sum of three parts."""
    table = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, min_width=_LINE)
    table.add_column("ranker", no_wrap=True)
    for column in figures:
        table.add_column(column, justify="right")
    return table


def _figure(metric: dict[str, Any]) -> str:
    return "none" if metric["mean"] is None else f"{metric['mean']:.4f}"


def _difference(metric: dict[str, Any]) -> str:
    if metric["mean"] is None:
        return "none"
    low, high = metric["ci95"]
    return f"{metric['mean']:+.4f} \\[{low:+.4f}, {high:+.4f}]"
