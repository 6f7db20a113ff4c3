"""The command that appends messages to an embedded log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interestclock.errors import ConfigError, LogError

__all__ = ["append_command"]

_out = Console()
_SCHEME = "log://"


def append_command(
    log: Annotated[
        str, typer.Argument(help="log://DIR: an embedded log, made if needed.", show_default=False)
    ],
    file: Annotated[
        Path | None,
        typer.Argument(help="Messages, a line of JSON each (default: standard input).", show_default=False),
    ] = None,
) -> None:
    """Append messages to an embedded log, a line of JSON each, as they come; docs/live.md says of what form.

    What it has counted at its end is on the disk. It stops at the first line that is no message. A service
    that appends to a log holds it: one process does at a time.

    Examples:

      interestclock append log://events messages.jsonl

      tail -f messages.jsonl | interestclock append log://events
    """
    if not log.startswith(_SCHEME) or not log.removeprefix(_SCHEME).strip("/"):
        raise ConfigError(f"'{log}' is no embedded log; give log://DIR")
    if file is not None and not file.is_file():
        raise LogError(f"{file}: no such file; give a file with a message to a line")
    from interestclock.streams import EmbeddedLogWriter
    from interestclock.streams.append_lines import append_lines

    with EmbeddedLogWriter(Path(log.removeprefix(_SCHEME))) as writer:
        if file is None:
            count = append_lines(writer, sys.stdin.buffer, name="standard input")
        else:
            with file.open("rb") as lines:
                count = append_lines(writer, lines, name=str(file))
        until = writer.position
    offsets = f", offsets {until - count + 1:,} to {until:,}" if count else ""
    appended = f"{log}: {count:,} message{'s' * (count != 1)} appended{offsets}"
    _out.print(appended, highlight=False, markup=False, soft_wrap=True)
