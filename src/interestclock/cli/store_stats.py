"""The command that says what is in a store, how large it is, and how far behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interestclock.cli.store_argument import Store, check_store

if TYPE_CHECKING:
    from interestclock.events.schema import LogSchema
    from interestclock.store.store_stats import StoreStats
    from interestclock.store.usage import Usage

__all__ = ["stats_command"]

_out = Console(width=None if sys.stdout.isatty() else 120)  # a table in a file is not cut to a terminal
_KINDS = {
    "history": "behaviours",
    "votes": "votes of Eq. 3",
    "user_of_id": "users",
    "item": "items",
    "item_of_id": "item ids",
    "item_lists": "lists of items",
    "item_feed": "changes of items",
    "values": "values of attributes",
    "sets": "sets of values",
    "everyone": "counts of all users",
    "meta": "where it stands",
}
Json = Annotated[bool, typer.Option("--json", help="For machines: one JSON object.")]


def stats_command(store: Store, *, as_json: Json = False) -> None:
    """Say what is in a store, how large it is, and how far behind.

    The position counts entries of the admitted log, and the offsets are its
    source's: both were committed with what is in the store. Nothing before
    the watermark is awaited any more; features can be read as of moments
    from "complete from" on. The lag is since the newest event in it. Free
    bytes are written to before the file grows; 'store compact' gives them
    back. A reader that keeps a snapshot open keeps pages from being free.

    Example:

      interestclock store stats store
    """
    check_store(store)
    from interestclock.store.open_store import store_folder
    from interestclock.store.store_stats import store_stats

    stats = store_stats(store_folder(store))
    if as_json:
        typer.echo(json.dumps(_as_json(stats)))
        return
    _out.print(_facts(stats))
    _out.print(_bytes(stats.usage))


def _as_json(stats: StoreStats) -> dict[str, Any]:
    """As it is declared, and the lag."""
    from interestclock.store.meta import described

    names = ("users", "items", "behaviours", "votes", "newest_ms", "now_ms", "lag_seconds")
    plain = {name: getattr(stats, name) for name in names}
    where = stats.where
    plain |= {name: getattr(where, name) for name in where.__struct_fields__}
    return {**plain, **described(stats.schema, stats.config), "usage": asdict(stats.usage)}


def _facts(stats: StoreStats) -> Table:
    from interestclock.operations.in_words import duration

    where, table = stats.where, Table(show_header=False)
    lag = "" if stats.lag_seconds is None else f", {duration(stats.lag_seconds)} ago"
    rows = {
        "users": f"{stats.users:,}{_type(where.id_types, 'user')}",
        "items": f"{stats.items:,}{_type(where.id_types, 'item')}",
        "behaviours, votes": f"{stats.behaviours:,}, {stats.votes:,}",
        "position": f"{where.position:,}",
        "offsets": ", ".join(f"{name}: {offset}" for name, offset in sorted(where.offsets.items())) or "none",
        "newest event": _minute(stats.newest_ms) + lag,
        "watermark": _minute(where.watermark_ms),
        "complete from": _minute(where.complete_from_ms),
        "format, generation": f"{where.format}, {where.generation}",
        "read now": f"{stats.usage.snapshots:,} open snapshots of {stats.usage.readers:,} other processes",
        **dict(_schema(stats.schema)),
        "kept": _kept(stats),
    }
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _type(types: dict[str, str], kind: str) -> str:
    return f" (ids are {'text' if types[kind] == 'string' else types[kind]})" if kind in types else ""


def _schema(schema: LogSchema) -> Iterator[tuple[str, str]]:
    yield "labels", ", ".join(schema.labels) + " (a log of choices only)" * schema.positive_only
    yield "a behaviour is", f"an exposure with a 1 in {' or '.join(schema.engaged)}"
    yield "attributes", ", ".join(schema.attributes) or "none"
    terms = ", ".join(f"{term} = {label}" for term, label in schema.eq3_labels.items())
    clocks = ", ".join(schema.clock_attributes)
    yield "hourly profile", f"of {clocks}, by {terms}" if clocks else "none: no attribute feeds it"


def _kept(stats: StoreStats) -> str:
    config = stats.config
    longest = "all" if config.longest is None else f"the newest {config.longest:,}"
    parts = [f"{longest} behaviours of a user", f"votes of {config.clocks.window_days} days"]
    if config.forget_after_days is not None:
        parts.append(f"users for {config.forget_after_days:g} days after they were seen last")
    return "; ".join(parts)


def _bytes(usage: Usage) -> Table:
    table = Table("on the disk", "entries", "bytes", "share")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, size in usage.used_bytes.items():
        words = _KINDS.get(name, name)
        table.add_row(words, f"{usage.entries[name]:,}", f"{size:,}", f"{size / usage.file_bytes:.0%}")
    table.add_row("free", "", f"{usage.free_bytes:,}", f"{usage.free_bytes / usage.file_bytes:.0%}")
    table.add_row("the file", "", f"{usage.file_bytes:,}", "")
    table.add_row("its map", "", f"{usage.map_bytes:,}", "")
    return table


def _minute(timestamp_ms: int | None) -> str:
    from interestclock.operations.in_words import minute
    from interestclock.timeofday import BEFORE_ALL_MS

    if timestamp_ms is None or timestamp_ms <= BEFORE_ALL_MS:
        return "none yet"
    return f"{minute(timestamp_ms)} UTC"
