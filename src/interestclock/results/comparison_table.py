"""The figures of a comparison as one table, a row for each ranker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

__all__ = ["comparison_table"]

_ESTIMATES = ("auc", "uauc", "logloss")
_GAINS = ("relaimpr_auc", "relaimpr_uauc")
_COSTS = ("seconds", "samples_per_second", "peak_rss_mib")
Json = Mapping[str, Any]
Row = dict[str, float | None]


def comparison_table(results: Json) -> pa.Table:
    """What ``results.json`` says of each ranker, the same numbers, without rounding.

    Args:
        results: what ``compare`` returned, and ``results.json`` holds.

    Returns:
        Columns ``ranker`` (string) and, float64, null where there is no value: ``auc``, ``uauc``, ``logloss``
        of the test part, ``relaimpr_auc`` and ``relaimpr_uauc`` over the baseline, each with ``_low`` and
        ``_high`` of its 95% interval over users; ``gain_auc`` with ``_low`` and ``_high``, the difference to
        the baseline with the interval that the verdict judges by, which counts all comparisons and seeds in;
        ``gain_auc_over_hour`` likewise, the difference to ``hour`` of rankers that carry it and more;
        ``hit`` with ``_low`` and ``_high``, how often a ranked choice is among the first ten, and
        ``gain_hit`` likewise, as ``gain_auc``, where choices were ranked, and null else;
        ``validation_auc``, ``frozen_auc``; ``seconds``, ``samples_per_second``, ``peak_rss_mib`` of a run.

    Example:
        >>> one = {"mean": 0.7, "ci95": [0.6, 0.8]}
        >>> results = {"rankers": {"base": dict.fromkeys(("auc", "uauc", "logloss"), one)}}
        >>> comparison_table(results).select(["ranker", "auc", "auc_low", "gain_auc"]).to_pylist()
        [{'ranker': 'base', 'auc': 0.7, 'auc_low': 0.6, 'gain_auc': None}]
    """
    rows = {name: _row(results, name) for name in results["rankers"]}
    columns = list(next(iter(rows.values()), {}))
    return pa.table(
        {"ranker": pa.array(rows, pa.string())}
        | {name: pa.array([row[name] for row in rows.values()], pa.float64()) for name in columns}
    )


def _row(results: Json, name: str) -> Row:
    ranker, nothing = results["rankers"][name], [None, None]
    row: Row = {}
    for metric in _ESTIMATES:
        row |= _with_bounds(metric, ranker[metric]["mean"], ranker[metric]["ci95"])
    for metric in _GAINS:
        row |= _with_bounds(metric, ranker.get(metric), ranker.get(f"{metric}_ci95") or nothing)
    for column, compared in (("gain_auc", "comparisons"), ("gain_auc_over_hour", "over_hour")):
        gain = (results.get(compared) or {}).get("gains", {}).get(name, {})
        row |= _with_bounds(column, gain.get("mean"), gain.get("interval", nothing))
    row |= _ranked(results.get("ranked") or {}, name, str(results.get("baseline")))
    for part in ("validation", "frozen"):
        row[f"{part}_auc"] = results.get(part, {}).get(name, {}).get("auc", {}).get("mean")
    return row | {cost: ranker.get(cost) for cost in _COSTS}


def _ranked(ranked: Json, name: str, baseline: str) -> Row:
    nothing = {"mean": None, "ci95": [None, None], "interval": [None, None]}
    hit = ranked.get("rankers", {}).get(name, nothing)
    gain = ranked.get("comparisons", {}).get(baseline, {}).get("gains", {}).get(name, nothing)
    return _with_bounds("hit", hit["mean"], hit["ci95"]) | _with_bounds(
        "gain_hit", gain["mean"], gain["interval"]
    )


def _with_bounds(name: str, mean: float | None, interval: Any) -> Row:
    low, high = interval
    return {name: mean, f"{name}_low": low, f"{name}_high": high}
