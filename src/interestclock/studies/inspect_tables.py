"""An inspection as tables and sentences for a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from interestclock.studies.inspect_sheets import (
    Sheet,
    columns_sheet,
    hours_sheet,
    information_sheet,
    labels_sheet,
    overview_sheet,
)
from interestclock.studies.inspect_words import WITHIN_A_USER, guessed, sample_row, verdicts
from interestclock.studies.inspection import LogInspection

__all__ = ["render"]


def render(found: LogInspection) -> Group:
    """The inspection as tables for a terminal, and what it comes to in words.

    Args:
        found: what ``inspect_log`` returned.

    Example:
        >>> from interestclock.events.schema import LogCounts
        >>> from interestclock.studies.gain_estimate import GainEstimate, GainForecast
        >>> nothing = GainEstimate(nats=0.0, low=0.0, high=0.0, verdict="unlikely", reason="no users")
        >>> found = LogInspection(counts=LogCounts(), first_ms=0, last_ms=0, users=0, items=0,
        ...     events_per_user={}, labels={}, events_by_hour=[0] * 24, hour_information={}, unsplit={},
        ...     sample=(), columns=(),
        ...     forecast=GainForecast(over_no_time=nothing, over_hour=nothing, own_past=nothing))
        >>> len(render(found).renderables)
        12
    """
    remarks = guessed(found)
    return Group(
        *(Text(sample_row(row)) for row in found.sample),
        _folded(columns_sheet(found)),
        Text("\nWhat was guessed, left out or is missing:" if remarks else ""),
        *(Text(f"- {sentence}") for sentence in remarks),
        _table(overview_sheet(found)),
        _table(labels_sheet(found)),
        _table(_with_bars(found)),
        _table(information_sheet(found)),
        Text(WITHIN_A_USER if found.hour_information else ""),
        Text("\nWhat the time of day would gain, and users' own past:"),
        *(Text(f"- {sentence}") for sentence in verdicts(found)),
    )


def _table(sheet: Sheet) -> Table:
    table = Table(*sheet.heads, title=sheet.title, caption=sheet.caption)
    for row in sheet.rows:
        table.add_row(*row)
    return table


def _folded(sheet: Sheet) -> Table:
    table = _table(sheet)
    for column in table.columns:
        column.overflow = "fold"
    return table


def _with_bars(found: LogInspection) -> Sheet:
    hours, most = hours_sheet(found), max([*found.events_by_hour, 1])
    bars = ["█" * round(30 * events / most) for events in found.events_by_hour]
    rows = tuple((*row, bar) for row, bar in zip(hours.rows, bars, strict=True))
    return Sheet(heads=(*hours.heads, ""), rows=rows)
