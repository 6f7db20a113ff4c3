"""The table a comparison ends with in a terminal."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from interestclock.defaults import DEFAULT_RANKERS
from interestclock.studies.result_table import result_table

BASE = {"auc": {"mean": 0.659}, "uauc": {"mean": 0.612}, "relaimpr_auc": 0.0}


def row(auc: float | None) -> dict[str, Any]:
    gain = None if auc is None else auc / 0.659 - 1
    return {"auc": {"mean": auc}, "uauc": {"mean": auc}, "relaimpr_auc": gain}


def pair(mean: float | None, *ci95: float | None) -> dict[str, Any]:
    return {"auc": {"mean": mean, "ci95": ci95}}


def shown(**results: Any) -> list[str]:
    console = Console(width=80, record=True, file=StringIO())
    console.print(result_table({"label": "finish", "baseline": "base", "pairs": {}, **results}))
    return console.export_text().splitlines()


def line(lines: list[str], name: str) -> list[str]:
    rows = [line.replace("│", " ").split() for line in lines]
    return next(row for row in rows if row[:1] == [name])


def test_differences_to_base_stand_with_their_intervals() -> None:
    rankers = {"base": BASE, "gaussian": row(0.6637)}
    lines = shown(rankers=rankers, pairs={"gaussian-base": pair(0.0047, -0.0008, 0.0069)})
    expected = ["gaussian", "0.6637", "+0.0047", "[-0.0008,", "+0.0069]", "+0.71%", "0.6637"]
    assert line(lines, "gaussian") == expected
    assert line(lines, "base") == ["base", "0.6590", "0.6120"]


def test_nothing_is_cut_at_80_columns() -> None:
    pairs = {f"{name}-base": pair(-0.0134, -0.0161, -0.0111) for name in DEFAULT_RANKERS if name != "base"}
    lines = shown(
        rankers={name: BASE if name == "base" else row(0.6456) for name in DEFAULT_RANKERS}, pairs=pairs
    )
    assert not any("…" in line for line in lines)
    for name in pairs:
        expected = ["-0.0134", "[-0.0161,", "-0.0111]", "-2.03%", "0.6456"]
        assert line(lines, name.removesuffix("-base"))[2:] == expected


def test_without_a_baseline_or_a_figure() -> None:
    assert line(shown(rankers={"hour": row(0.6609)}), "hour") == ["hour", "0.6609", "0.6609"]
    lines = shown(rankers={"base": row(None), "hour": row(None)}, pairs={"hour-base": pair(None, None, None)})
    assert line(lines, "hour") == ["hour", "none", "none", "none"]


def test_the_best_reachable_is_told() -> None:
    lines = shown(rankers={"base": BASE}, oracle={"auc": 0.7896})
    assert any("best reachable AUC (the true probability): 0.7896" in line for line in lines)
