"""The command that appends messages, or a table of items, to a log."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.refusals import check_logs
from interestclock.errors import ConfigError, LogError

if TYPE_CHECKING:
    import pyarrow as pa

    from interestclock.streams import EventLog

__all__ = ["append_command"]

_out = Console()
_SCHEMES = ("log://", "redis://", "kafka://")


def append_command(
    log: Annotated[
        str,
        typer.Argument(
            help="log://DIR: an embedded log, made if needed; redis://HOST:PORT/STREAM; "
            "kafka://HOST:PORT/TOPIC.",
            show_default=False,
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(help="Messages, a line of JSON each (default: standard input).", show_default=False),
    ] = None,
    *,
    items: Annotated[
        Path | None,
        typer.Option(
            help="Instead of messages a table of items, Parquet, Feather, CSV or TSV: a message for "
            "each row.",
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="With --items: TOML file that says which columns mean what (items_key, [item_attributes]).",
            show_default=False,
        ),
    ] = None,
    from_column: Annotated[
        str | None,
        typer.Option(
            help="With --items: the column with the moment from which on each item is so (default: now, of "
            "all).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Append messages to a log, a line of JSON each, as they come; docs/live.md says of what form.

    What it has counted at its end is on the disk of an embedded log, or with the broker. It stops at the
    first line that is no message. A service that appends to an embedded log holds it: one
    process does at a time.

    With --items it loads a catalogue: all of the table is read and checked, as --items of other commands is,
    before the first item is appended. The same table once more changes nothing.

    Examples:

      interestclock append log://events messages.jsonl

      tail -f messages.jsonl | interestclock append log://events

      interestclock append log://events --items items.parquet --mapping plays.toml

      interestclock append redis://127.0.0.1:6379/plays messages.jsonl
    """
    if not log.startswith(_SCHEMES) or not log.partition("://")[2].strip("/"):
        raise ConfigError(
            f"'{log}' is no log to append to; give log://DIR, redis://HOST:PORT/STREAM or "
            "kafka://HOST:PORT/TOPIC"
        )
    table = _table(items, file=file, mapping=mapping, from_column=from_column)
    if file is not None and not file.is_file():
        raise LogError(f"{file}: no such file; give a file with a message to a line")
    from interestclock.streams import EmbeddedLogWriter, open_event_log
    from interestclock.streams.addresses import without_login

    opened = open_event_log(log)
    with closing(opened):
        count = _append_lines(opened, file) if table is None else _append_items(opened, table)
        until = opened.position if isinstance(opened, EmbeddedLogWriter) else None
    offsets = f", offsets {until - count + 1:,} to {until:,}" if count and until else ""
    what = "message" if table is None else "item"
    _say(f"{without_login(log)}: {count:,} {what}{'s' * (count != 1)} appended{offsets}")


def _table(
    items: Path | None, *, file: Path | None, mapping: Path | None, from_column: str | None
) -> pa.Table | None:
    """The table of items, if one is to be appended; with ids as text, as those of messages are."""
    if items is None:
        if mapping is not None or from_column is not None:
            raise ConfigError("--mapping and --from-column go with --items; leave them out, or give it")
        return None
    if file is not None:
        raise ConfigError(f"{file} and --items {items}: give messages or a table of items, not both")
    if mapping is None:
        raise ConfigError(
            f"{items}: nothing says what its columns mean; give a mapping file (--mapping FILE.toml) with "
            "items_key and [item_attributes]"
        )
    check_logs([items])
    import pyarrow as pa

    from interestclock.events import ColumnMapping
    from interestclock.events.item_messages import check_whole_items
    from interestclock.events.items import read_items

    columns = ColumnMapping.from_toml(mapping)
    check_whole_items(columns, called=str(items))
    return read_items(items, columns, pa.string(), since=from_column)


def _append_lines(log: EventLog, file: Path | None) -> int:
    from interestclock.streams.append_lines import append_lines

    if file is None:
        return append_lines(log, sys.stdin.buffer, name="standard input")
    with file.open("rb") as lines:
        return append_lines(log, lines, name=str(file))


def _append_items(log: EventLog, table: pa.Table) -> int:
    from interestclock.operations.renewed_line import RenewedLine
    from interestclock.streams.append_items import append_items
    from interestclock.timeofday import TimeSource

    now_ms = TimeSource().now_ms()
    with RenewedLine(_out) as line:

        def show(count: int) -> None:
            line.show(lambda: f"{count:,} of {table.num_rows:,} items")

        return append_items(log, table, from_ms=now_ms, report=show)


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
