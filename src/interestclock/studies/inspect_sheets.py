"""An inspection as plain tables, for a terminal and for a page alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from interestclock.studies.inspection import LogInspection

__all__ = ["Sheet", "columns_sheet", "hours_sheet", "information_sheet", "labels_sheet", "overview_sheet"]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table of text.

    Args:
        heads: over the columns. rows: as many texts each. title: above it, if any. caption: below it, if any.
        words: whether it holds words, and no figures.

    Example:
        >>> Sheet(heads=("log", ""), rows=(("users", "7"),)).title is None
        True
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str | None = None
    caption: str | None = None
    words: bool = False


def columns_sheet(found: LogInspection) -> Sheet:
    """How each column was read."""
    return Sheet(
        title="How each column was read",
        words=True,
        heads=("what", "column", "written as", "read as", "missing"),
        rows=tuple(
            (each.name, each.column, each.written_as, each.read_as, f"{each.missing:.1%}")
            for each in found.columns
        ),
    )


def overview_sheet(found: LogInspection) -> Sheet:
    """What is in the log: rows and what became of them, its span, users and items."""
    rows = [*_rows_of_counts(found), *_rows_of_join(found)]
    rows += [("first event", _utc(found.first_ms)), ("last event", _utc(found.last_ms))]
    rows += [("users", f"{found.users:,}"), ("items", f"{found.items:,}")]
    rows += [
        (f"events per user, {quantile:.0%} quantile", f"{events:,.0f}")
        for quantile, events in found.events_per_user.items()
    ]
    return Sheet(title="What is in the log", heads=("log", ""), rows=tuple(rows))


def _rows_of_counts(found: LogInspection) -> list[tuple[str, str]]:
    counts = found.counts
    rows = [
        ("rows read", f"{counts.read:,}"),
        ("events used", f"{counts.used:,}"),
        ("duplicates", f"{counts.duplicates:,}"),
    ]
    rows += [
        (f"  with other labels, {name}", f"{count:,}")
        for name, count in (("dropped", counts.disagreeing), ("merged", counts.merged))
        if count
    ]
    return [*rows, ("dead letters", f"{counts.dead_letters:,}")]


def _rows_of_join(found: LogInspection) -> list[tuple[str, str]]:
    join, missing = found.counts.join, "{:,} of {:,} ({:.1%})"
    if join is None:
        return []
    return [
        ("items not in the items file", missing.format(join.items_missing, join.items, join.share_of_items)),
        (
            "rows of these, without attributes",
            missing.format(join.rows_missing, join.rows, join.share_of_rows),
        ),
    ]


def labels_sheet(found: LogInspection) -> Sheet:
    """How often each label is 1, and how often it is missing."""
    return Sheet(
        heads=("label", "share of 1", "missing"),
        rows=tuple(
            (name, f"{rate.positive:.2%}", f"{rate.missing:.2%}") for name, rate in found.labels.items()
        ),
    )


def hours_sheet(found: LogInspection) -> Sheet:
    """Events of each local hour."""
    return Sheet(
        heads=("local hour", "events"),
        rows=tuple((f"{hour:02d}", f"{events:,}") for hour, events in enumerate(found.events_by_hour)),
    )


def information_sheet(found: LogInspection) -> Sheet:
    """What the local hour tells about each attribute."""
    rows = []
    for name, bits in found.hour_information.items():
        within = bits.within_users
        interval = "" if math.isnan(within.low) else f" ({within.low:.4f} to {within.high:.4f})"
        rows.append((name, f"{bits.values:,}", f"{bits.overall_bits:.4f}", f"{within.bits:.4f}{interval}"))
    return Sheet(
        title="What the local hour tells about it",
        heads=("attribute", "values", "bits overall", "bits within a user"),
        rows=tuple(rows),
        caption=None if rows else "no attribute named; name one: --attribute NAME=COLUMN",
    )


def _utc(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms / 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
