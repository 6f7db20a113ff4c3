"""An inspection as tables and sentences for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from interestclock.studies.inspection import LogInspection

__all__ = ["render"]

_FOR_SCALE = (
    "For scale: a grocery log has 0.006 bits about the department (27 values), and adding the time gained "
    "nothing; check-ins have 0.10 bits about the kind of place (10 values), and it gained about 5% AUC."
)
_WITHIN_A_USER = (
    "Bits within a user are what the hour adds once the user is known. Where they exceed the bits overall, "
    "people differ in what they choose at an hour, and that is what a clock holds of each of them."
)


def render(found: LogInspection) -> Group:
    """The inspection as tables for a terminal, and what it comes to in words.

    Args:
        found: what ``inspect_log`` returned.

    Example:
        >>> from interestclock.events.schema import LogCounts
        >>> found = LogInspection(counts=LogCounts(), first_ms=0, last_ms=0, users=0, items=0,
        ...     events_per_user={}, labels={}, events_by_hour=[0] * 24, hour_information={}, unsplit={})
        >>> len(render(found).renderables)
        4
    """
    tables = (_overview(found), _label_table(found), _hour_table(found), _information_table(found))
    return Group(
        *tables,
        *(Text(sentence) for sentence in (*found.counts.remarks, *_unsplit(found), *_in_words(found))),
    )


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
        table.add_row(name, f"{bits.values:,}", f"{bits.overall_bits:.4f}", f"{bits.within_users_bits:.4f}")
    return table


def _unsplit(found: LogInspection) -> list[str]:
    return [
        f"{name}: no row has several values, and many hold '{separator}'; if it parts values, say so: "
        f'--separator "{separator}"'
        for name, separator in found.unsplit.items()
    ]


def _in_words(found: LogInspection) -> list[str]:
    if not found.hour_information:
        return []
    bits = {name: information.overall_bits for name, information in found.hour_information.items()}
    most = max(bits, key=lambda name: bits[name])
    sentence = f"The hour tells {bits[most]:.4f} bits about {most}"
    if bits[most] <= 0:  # what chance tells is taken off
        sentence = f"The hour tells nothing about {most} that chance does not"
    sentence += ", the most of all attributes." if len(bits) > 1 else "."
    return [f"{sentence} {_FOR_SCALE} Two logs are no law: compare says what yours gains.", _WITHIN_A_USER]


def _utc(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms / 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
