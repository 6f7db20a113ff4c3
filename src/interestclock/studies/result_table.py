"""A comparison as a table for a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table

__all__ = ["result_table"]


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
    table = Table(title=f"label {results['label']}, test part; brackets: 95% interval over users")
    table.add_column("ranker", no_wrap=True)
    for column in ("AUC", f"AUC − {base}", "RelaImpr", "UAUC"):
        table.add_column(column, justify="right")
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


def _figure(metric: dict[str, Any]) -> str:
    return "none" if metric["mean"] is None else f"{metric['mean']:.4f}"


def _difference(metric: dict[str, Any]) -> str:
    if metric["mean"] is None:
        return "none"
    low, high = metric["ci95"]
    return f"{metric['mean']:+.4f} \\[{low:+.4f}, {high:+.4f}]"
