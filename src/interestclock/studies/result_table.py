"""A comparison as a table for a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table

__all__ = ["result_table"]


def result_table(results: dict[str, Any]) -> Table:
    """AUC and UAUC with 95% intervals, and the plain ratio to the baseline minus 1.

    Args:
        results: what ``results.json`` holds.

    Example:
        >>> metric = {"mean": 0.7, "ci95": [0.69, 0.71]}
        >>> row = {"auc": metric, "uauc": metric, "logloss": metric, "relaimpr_auc": None, "seconds": 1.0}
        >>> result_table({"label": "finish", "rankers": {"base": row}, "oracle": None}).row_count
        1
    """
    table = Table(title=f"label {results['label']}, test part; brackets: 95% intervals over users")
    for column in ("ranker", "AUC", "UAUC", "log loss", "RelaImpr AUC", "seconds"):
        table.add_column(column, justify="left" if column == "ranker" else "right")
    for name, row in results["rankers"].items():
        gain = row["relaimpr_auc"]
        table.add_row(
            name,
            _interval(row["auc"]),
            _interval(row["uauc"]),
            _interval(row["logloss"]),
            "" if gain is None else f"{gain:+.2%}",
            f"{row['seconds']:.0f}",
        )
    if results.get("oracle"):
        table.caption = f"best reachable AUC (the true probability): {results['oracle']['auc']:.4f}"
    return table


def _interval(metric: dict[str, Any]) -> str:
    if metric["mean"] is None:
        return "none"
    low, high = metric["ci95"]
    return f"{metric['mean']:.4f} \\[{low:.4f}, {high:.4f}]"
