"""Commands about snapshots: what is there, whether it is whole, what changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from interestclock.errors import ResultError
from interestclock.snapshots import SnapshotNote, diff, list_notes, verify

__all__ = ["snapshots_app"]

snapshots_app = typer.Typer(
    no_args_is_help=True,
    help="The snapshots that train leaves for a server: whole ones, and deltas that carry what changed.",
)
_out = Console()
Folder = Annotated[
    Path, typer.Argument(help="The folder of snapshots: TRAINER/snapshots.", show_default=False)
]


@snapshots_app.command("list")
def list_command(folder: Folder) -> None:
    """List snapshots, oldest first.

    Example:

      interestclock snapshots list trainer/snapshots
    """
    table = Table("snapshot", "goes on from", "learned up to (UTC)", "steps", "rows written", "bytes")
    for note in _notes(folder):
        rows = sum(each["touched"] for each in note.tables.values())
        learned = datetime.fromtimestamp(note.watermark_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(note.name, note.parent or "", learned, f"{note.step:,}", f"{rows:,}", f"{note.bytes:,}")
    _out.print(table)


@snapshots_app.command("verify")
def verify_command(folder: Folder) -> None:
    """Compare every snapshot with its checksums, and see that deltas go on from what is there.

    Ends with status 1 if one is damaged.

    Example:

      interestclock snapshots verify trainer/snapshots
    """
    names = [note.name for note in _notes(folder)] if not (problems := verify(folder)) else []
    for problem in problems:
        _out.print(problem, highlight=False, markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    _out.print(f"{len(names)} snapshots, all whole", highlight=False)


@snapshots_app.command("diff")
def diff_command(
    folder: Folder,
    first: Annotated[str, typer.Argument(help="A snapshot's name.", show_default=False)],
    second: Annotated[str, typer.Argument(help="A later one's.", show_default=False)],
) -> None:
    """Say what changed from one snapshot to another, array by array.

    Example:

      interestclock snapshots diff trainer/snapshots 00000001-full 00000007-delta
    """
    table = Table("array", "rows", "came", "changed", "largest change")
    for each in diff(folder, first, second):
        largest = "" if each.largest is None else f"{each.largest:.3g}"
        table.add_row(each.name, f"{each.rows:,}", f"{each.added:,}", f"{each.changed:,}", largest)
    _out.print(table)


def _notes(folder: Path) -> list[SnapshotNote]:
    notes = list_notes(folder)
    if not notes:
        raise ResultError(f"{folder} holds no snapshots; name the folder snapshots/ of a trainer")
    return notes
