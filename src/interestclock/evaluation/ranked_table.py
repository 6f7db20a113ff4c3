"""How far up rankers put choices in long lists, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from interestclock.evaluation.palette import colours
from interestclock.evaluation.tables import DASH, Cell, Row, Table, difference_cell, estimate_cell, tone

__all__ = ["ranked_lead", "ranked_table"]

Json = Mapping[str, Any]


def ranked_table(ranked: Json, *, baseline: str) -> Table:
    """One row per ranker: hit@10 with its interval, what it is above others, and that of the validation part.

    A difference is coloured where its interval over all comparisons and seeds excludes 0.

    Args:
        ranked: the part of that name of ``results.json``. baseline: the ranker all are compared with.

    Example:
        >>> nothing = {"places": 10, "rankers": {}, "comparisons": {"base": {}}, "validation": {}}
        >>> ranked_table(nothing, baseline="base").heads
        ('ranker', 'hit@10', 'hit@10 − base', 'validation hit@10')
    """
    hit, compared = f"hit@{ranked['places']}", ranked["comparisons"]
    colour, rows = colours(ranked["rankers"], baseline=baseline), []
    for name, row in ranked["rankers"].items():
        cells = [estimate_cell(row)]
        cells += [_over(row["over"].get(other), compared[other], name) for other in compared]
        cells.append(estimate_cell(ranked["validation"][name]))
        rows.append(Row(name=name, cells=tuple(cells), colour=colour[name]))
    heads = ("ranker", hit, *(f"{hit} − {other}" for other in compared), f"validation {hit}")
    return Table(heads=heads, rows=tuple(rows))


def _over(one: Json | None, compared: Json, name: str) -> Cell:
    if one is None:
        return Cell(figure=DASH)
    return replace(difference_cell(one), tone=tone(compared["gains"][name]["interval"]))


def ranked_lead(ranked: Json) -> str:
    """What stands above the table.

    Args:
        ranked: as of ``ranked_table``.

    Example:
        >>> ranked_lead({"places": 10, "candidates": 199, "choices": {"test": 50, "validation": 40},
        ...     "with_fewer": {"test": 0, "validation": 1}})[:59]
        'How often a choice is among the first 10 of its list: 50 ch'
    """
    choices, places, candidates = ranked["choices"], ranked["places"], ranked["candidates"]
    fewer = sum(ranked["with_fewer"].values())
    return (
        f"How often a choice is among the first {places} of its list: {choices['test']:,} choices of the "
        f"test part ({choices['validation']:,} of the validation part), each among {candidates} candidates "
        "drawn as training's are, as of its moment"
        + (f"; {fewer:,} had fewer, for want of a past" if fewer else "")
        + f". Who guesses has {places / (candidates + 1):.3f}. Coloured: the interval over all comparisons "
        "and seeds excludes 0."
    )
