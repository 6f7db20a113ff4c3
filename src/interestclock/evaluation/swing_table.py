"""The report's table of swing: by how much calibration and mean prediction differ from hour to hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interestclock.evaluation.palette import colours
from interestclock.evaluation.swings import OVER
from interestclock.evaluation.tables import DASH, Cell, Row, Table
from interestclock.evaluation.verdict import is_above, percent

__all__ = ["LABELS", "swing_table"]

LABELS = "the labels"
Json = Mapping[str, Any]


def swing_table(swing: Json, *, baseline: str) -> Table:
    """One row per ranker, after the labels' own: swing in percent of the mean, with intervals.

    Below a ranker's interval stands that of its difference to the baseline. A figure's tone is ``down`` where
    the whole difference is above 0, since to swing more is worse, and ``up`` where it is below.

    Args:
        swing: the part of that name of the results. baseline: the ranker that differences are taken to.

    Example:
        >>> swing_table({"labels": None, "rankers": {}}, baseline="base").rows
        ()
    """
    heads = [
        "ranker",
        *(f"{what}, {how}" for what in ("calibration", "prediction") for how in ("by hour", "day to day")),
    ]
    if not swing["rankers"]:
        return Table(heads=tuple(heads), rows=())
    nothing = (Cell(figure=DASH),) * len(OVER)
    of_labels = (*nothing, *(_cell(swing["labels"][over], baseline) for over in OVER))
    colour = colours(swing["rankers"], baseline=baseline)
    rows = [
        Row(name=name, cells=tuple(_cells(row, baseline)), colour=colour[name])
        for name, row in swing["rankers"].items()
    ]
    return Table(heads=tuple(heads), rows=(Row(name=LABELS, cells=of_labels), *rows))


def _cells(row: Json, baseline: str) -> list[Cell]:
    return [_cell(by[over], baseline) for by in (row["calibration"], row["prediction"]) for over in OVER]


def _cell(one: Json, baseline: str) -> Cell:
    if one["mean"] is None:
        return Cell(figure=DASH)
    over_base = one.get("over_base")
    figure, interval = _share(one["mean"]), " to ".join(map(_share, one["ci95"]))
    if over_base is None:
        return Cell(figure=figure, small=(interval,))
    apart = " to ".join(percent(bound, digits=1) for bound in over_base["ci95"])
    return Cell(figure=figure, small=(interval, f"over {baseline} {apart}"), tone=_tone(over_base["ci95"]))


def _tone(ci95: Sequence[float | None]) -> str:
    if is_above(ci95):
        return "down"
    return "up" if ci95[1] is not None and ci95[1] < 0 else "tie"


def _share(value: float | None) -> str:
    return DASH if value is None else f"{value:.1%}"
