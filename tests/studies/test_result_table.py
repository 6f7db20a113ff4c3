"""The table a comparison ends with in a terminal."""

from __future__ import annotations

from io import StringIO
from typing import Any

from default_results import BESIDE_HOUR, default_results
from rich.console import Console
from rich.table import Table

from interestclock.defaults import DEFAULT_RANKERS
from interestclock.studies.result_table import beside_hour_table, result_table

BASE = {"auc": {"mean": 0.659}, "uauc": {"mean": 0.612}, "relaimpr_auc": 0.0}


def row(auc: float | None) -> dict[str, Any]:
    gain = None if auc is None else auc / 0.659 - 1
    return {"auc": {"mean": auc}, "uauc": {"mean": auc}, "relaimpr_auc": gain}


def pair(mean: float | None, *ci95: float | None) -> dict[str, Any]:
    return {"auc": {"mean": mean, "ci95": ci95}}


def shown(**results: Any) -> list[str]:
    return printed(result_table({"label": "finish", "baseline": "base", "pairs": {}, **results}))


def printed(table: Table) -> list[str]:
    console = Console(width=80, record=True, file=StringIO())
    console.print(table)
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


def test_a_row_of_the_default_line_up_is_a_line_of_80_columns() -> None:
    pairs = {f"{name}-base": pair(-0.0134, -0.0161, -0.0111) for name in DEFAULT_RANKERS if name != "base"}
    lines = shown(
        rankers={name: BASE if name == "base" else row(0.6456) for name in DEFAULT_RANKERS}, pairs=pairs
    )
    assert not any("…" in line for line in lines)
    for name in pairs:
        expected = ["-0.0134", "[-0.0161,", "-0.0111]", "-2.03%", "0.6456"]
        assert line(lines, name.removesuffix("-base"))[2:] == expected


def test_so_is_one_of_what_is_added_to_an_hour_embedding() -> None:
    table = beside_hour_table(default_results())
    assert table is not None
    lines = printed(table)
    assert [line(lines, name)[0] for name in BESIDE_HOUR] == BESIDE_HOUR
    assert {len(line(lines, name)) for name in BESIDE_HOUR} == {7}  # a name, two differences, two intervals


def test_without_a_baseline_or_a_figure() -> None:
    assert line(shown(rankers={"hour": row(0.6609)}), "hour") == ["hour", "0.6609", "0.6609"]
    lines = shown(rankers={"base": row(None), "hour": row(None)}, pairs={"hour-base": pair(None, None, None)})
    assert line(lines, "hour") == ["hour", "none", "none", "none"]


def test_the_best_reachable_is_told() -> None:
    lines = shown(rankers={"base": BASE}, oracle={"auc": 0.7896})
    assert any("best reachable AUC (the true probability): 0.7896" in line for line in lines)
