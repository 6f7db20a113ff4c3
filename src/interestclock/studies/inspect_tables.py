"""An inspection as tables and sentences for a terminal."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from interestclock.studies.gain_forecast import GainEstimate
from interestclock.studies.inspection import LogInspection
from interestclock.studies.log_sample import SampleRow

__all__ = ["render"]

_WITHIN_A_USER = (
    "Bits within a user are what the hour adds once the user is known, with their 95% interval over users. "
    "They tell what is chosen at an hour, not what is liked at it: the verdict below does."
)
_QUESTIONS = {
    "over_no_time": "A gain over a model without any time",
    "over_hour": "A gain of a clock over an hour embedding",
}
_LONGEST_VALUE = 24


def render(found: LogInspection) -> Group:
    """The inspection as tables for a terminal, and what it comes to in words.

    Args:
        found: what ``inspect_log`` returned.

    Example:
        >>> from interestclock.events.schema import LogCounts
        >>> from interestclock.studies.gain_forecast import GainEstimate, GainForecast
        >>> nothing = GainEstimate(nats=0.0, low=0.0, high=0.0, verdict="unlikely", reason="no users")
        >>> found = LogInspection(counts=LogCounts(), first_ms=0, last_ms=0, users=0, items=0,
        ...     events_per_user={}, labels={}, events_by_hour=[0] * 24, hour_information={}, unsplit={},
        ...     sample=(), columns=(), forecast=GainForecast(over_no_time=nothing, over_hour=nothing))
        >>> len(render(found).renderables)
        10
    """
    tables = (_overview(found), _label_table(found), _hour_table(found), _information_table(found))
    guessed = [*found.counts.remarks, *_unsplit(found)]
    return Group(
        *(_sample_row(row) for row in found.sample),
        _column_table(found),
        Text("\nWhat was guessed, left out or is missing:" if guessed else ""),
        *(Text(f"- {sentence}") for sentence in guessed),
        *tables,
        Text(_WITHIN_A_USER if found.hour_information else ""),
        Text("\nWhat the time of day would gain:"),
        *(
            Text(f"- {question}: {_verdict(getattr(found.forecast, name))}")
            for name, question in _QUESTIONS.items()
        ),
    )


def _sample_row(row: SampleRow) -> Text:
    """A row in a line or a few: as wide as the terminal, not as the log has columns."""
    parts = [f"user {_value(row.user)}", f"item {_value(row.item)}", row.local_time]
    for values in (row.labels, row.attributes, row.context):
        parts += [f"{name}={_value(value)}" for name, value in values.items()]
    return Text(f"row {row.log_row:,}: {'  '.join(parts)}")


def _value(value: object) -> str:
    if value is None or value == []:
        return "missing"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _column_table(found: LogInspection) -> Table:
    table = Table(title="How each column was read")
    for heading in ("what", "column", "written as", "read as", "missing"):
        table.add_column(heading, overflow="fold")
    for each in found.columns:
        table.add_row(each.name, each.column, each.written_as, each.read_as, f"{each.missing:.1%}")
    return table


def _overview(found: LogInspection) -> Table:
    table = Table("log", "", title="What is in the log")
    counts = found.counts
    table.add_row("rows read", f"{counts.read:,}")
    table.add_row("events used", f"{counts.used:,}")
    table.add_row("duplicates", f"{counts.duplicates:,}")
    for name, count in (("dropped", counts.disagreeing), ("merged", counts.merged)):
        if count:
            table.add_row(f"  with other labels, {name}", f"{count:,}")
    table.add_row("dead letters", f"{counts.dead_letters:,}")
    if counts.join is not None:
        missing, join = "{:,} of {:,} ({:.1%})", counts.join
        table.add_row(
            "items not in the items file",
            missing.format(join.items_missing, join.items, join.share_of_items),
        )
        table.add_row(
            "rows of these, without attributes",
            missing.format(join.rows_missing, join.rows, join.share_of_rows),
        )
    table.add_row("first event", _utc(found.first_ms))
    table.add_row("last event", _utc(found.last_ms))
    table.add_row("users", f"{found.users:,}")
    table.add_row("items", f"{found.items:,}")
    for quantile, events in found.events_per_user.items():
        table.add_row(f"events per user, {quantile:.0%} quantile", f"{events:,.0f}")
    return table


def _label_table(found: LogInspection) -> Table:
    table = Table("label", "share of 1", "missing")
    for name, rate in found.labels.items():
        table.add_row(name, f"{rate.positive:.2%}", f"{rate.missing:.2%}")
    return table


def _hour_table(found: LogInspection) -> Table:
    table = Table("local hour", "events", "")
    most = max([*found.events_by_hour, 1])
    for hour, events in enumerate(found.events_by_hour):
        table.add_row(f"{hour:02d}", f"{events:,}", "█" * round(30 * events / most))
    return table


def _information_table(found: LogInspection) -> Table:
    table = Table(
        "attribute",
        "values",
        "bits overall",
        "bits within a user",
        title="What the local hour tells about it",
        caption=None if found.hour_information else "no attribute named; name one: --attribute NAME=COLUMN",
    )
    for name, bits in found.hour_information.items():
        within = bits.within_users
        interval = "" if math.isnan(within.low) else f" ({within.low:.4f} to {within.high:.4f})"
        table.add_row(name, f"{bits.values:,}", f"{bits.overall_bits:.4f}", f"{within.bits:.4f}{interval}")
    return table


def _unsplit(found: LogInspection) -> list[str]:
    return [
        f"{name}: no row has several values, and many hold '{separator}'; if it parts values, say so: "
        f'--separator "{separator}"'
        for name, separator in found.unsplit.items()
    ]


def _verdict(estimate: GainEstimate) -> str:
    if math.isnan(estimate.low):
        return "cannot tell: there are fewer than two sittings to estimate from."
    reason = estimate.reason[:1].upper() + estimate.reason[1:]
    return (
        f"{estimate.verdict}. {reason}. Counts that know the time tell the label better by "
        f"{estimate.nats:.4f} nats an exposure ({estimate.low:+.4f} to {estimate.high:+.4f})."
    )


def _utc(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms / 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
