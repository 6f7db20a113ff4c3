"""What a report shows, kept beside the results, so that another process can show it again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.evaluation.report_data import HourlyProfile, Report, TopShares
from interestclock.files import write_text
from interestclock.saved import made_of, read_object

__all__ = ["read_report", "save_report"]

_FILE = "report.json"
_REMEDY = "compare again"


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """``report.json``: what no other file of the folder has; an AUC without a value is null."""

    title: str
    notes: list[str]
    curves: dict[str, list[tuple[int, float | None]]] = field(default_factory=dict)
    attribute_shares: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    top_shares: TopShares = field(default_factory=TopShares)
    hourly_profile: HourlyProfile | None = None


def save_report(folder: Path, report: Report) -> None:
    """Write ``report.json``: title, notes, learning curves and what is shown of the log.

    Args:
        folder: where ``results.json`` and ``config.json`` lie, which have the rest.
    """
    shown = _Shown(
        title=report.title,
        notes=list(report.notes),
        curves={name: _points(points) for name, points in report.curves.items()},
        attribute_shares=_listed(report.attribute_shares),
        top_shares=TopShares(
            of_requests=report.top_shares.of_requests,
            shares={name: _listed(by_ranker) for name, by_ranker in report.top_shares.shares.items()},
        ),
        hourly_profile=report.hourly_profile,
    )
    write_text(folder / _FILE, json.dumps(asdict(shown), allow_nan=False))


def read_report(folder: str | Path) -> Report:
    """The report of a comparison, of ``results.json``, ``config.json`` and ``report.json``.

    Args:
        folder: what ``compare`` wrote.

    Raises:
        ResultError: it holds no comparison, or one that an earlier version wrote or that is damaged.

    Example:
        >>> read_report("nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no comparison: results.json is missing; ...
    """
    folder = Path(folder)
    for name in ("results.json", "config.json", _FILE):
        if not (folder / name).is_file():
            raise ResultError(
                f"{folder} holds no comparison: {name} is missing; name a folder that compare wrote, or, "
                "where an earlier version wrote it, compare again"
            )
    configuration = read_object(folder / "config.json", remedy=_REMEDY)
    path = folder / _FILE
    shown = made_of(_Shown, read_object(path, remedy=_REMEDY), where=str(path), remedy=_REMEDY)
    return Report(
        title=shown.title,
        results=read_object(folder / "results.json", remedy=_REMEDY),
        curves={
            name: [(at_ms, math.nan if auc is None else auc) for at_ms, auc in points]
            for name, points in shown.curves.items()
        },
        attribute_shares=shown.attribute_shares,
        top_shares=shown.top_shares,
        hourly_profile=shown.hourly_profile,
        notes=shown.notes,
        configuration={name: configuration[name] for name in ("settings", "schema")},
        versions=configuration["versions"],
    )


def _points(points: Sequence[tuple[int, float]]) -> list[tuple[int, float | None]]:
    return [(int(at_ms), float(auc) if math.isfinite(auc) else None) for at_ms, auc in points]


def _listed(shares: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, list[float]]]:
    return {name: {value: list(hours) for value, hours in values.items()} for name, values in shares.items()}
