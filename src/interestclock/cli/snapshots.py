"""Commands about snapshots: what is there, whether it is whole, what changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interestclock.cli.refusals import check_folder
from interestclock.errors import ResultError

__all__ = ["snapshots_app"]

snapshots_app = typer.Typer(
    no_args_is_help=True,
    help="The snapshots that train leaves for a server: whole ones, and deltas that carry what changed.",
)
_out = Console(width=None if sys.stdout.isatty() else 120)  # a table in a file is not cut to a terminal
Folder = Annotated[
    Path, typer.Argument(help="The folder of snapshots: TRAINER/snapshots.", show_default=False)
]


_NONE = "holds no snapshots; name the folder snapshots/ of a trainer"


@snapshots_app.command("list")
def list_command(folder: Folder) -> None:
    """List snapshots, oldest first: a delta goes on from the one named beside it.

    "learned up to" is event time: no event after it had been learned. "rows written" are those the file
    carries, of all its tables.

    Example:

      interestclock snapshots list trainer/snapshots
    """
    check_folder(folder, _NONE)
    import numpy as np

    from interestclock.snapshots import list_manifests

    table = Table("snapshot", "goes on from", "learned up to (UTC)", "steps", "rows written", "bytes")
    manifests = list_manifests(folder)
    if not manifests:
        raise ResultError(f"{folder} {_NONE}")
    for manifest in manifests:
        rows = sum(each.touched for each in manifest.tables.values())
        learned = str(np.datetime64(manifest.watermark_ms, "ms").astype("datetime64[s]"))  # ISO, of any year
        table.add_row(
            manifest.name,
            manifest.parent or "",
            learned,
            f"{manifest.step:,}",
            f"{rows:,}",
            f"{manifest.bytes:,}",
        )
    _out.print(table)


@snapshots_app.command("verify")
def verify_command(folder: Folder) -> None:
    """Read every snapshot as a server would: checksums, shapes, and that deltas go on from what is there.

    Says OK or what is wrong, snapshot by snapshot, then whether CURRENT names one of them. A delta behind a
    damaged snapshot is lost with it; the next whole one is not. Ends with status 1 if anything is wrong.

    Example:

      interestclock snapshots verify trainer/snapshots
    """
    check_folder(folder, _NONE)
    from interestclock.snapshots.reader import checked

    found = list(checked(folder))
    if not found:
        raise ResultError(f"{folder} {_NONE}")
    for name, problem in found:
        _out.print(f"{name}  {problem or 'OK'}", highlight=False, markup=False, soft_wrap=True)
    if any(problem for _, problem in found):
        raise typer.Exit(1)


@snapshots_app.command("diff")
def diff_command(
    folder: Folder,
    first: Annotated[str, typer.Argument(help="A snapshot's name, as list shows it.", show_default=False)],
    second: Annotated[str, typer.Argument(help="A later one's.", show_default=False)],
) -> None:
    """Say what changed from one snapshot to another, array by array.

    Rows that came, went, or changed in any bit, and the largest change of a number in them; no figure where
    the shape or the type is another. Arrays in which nothing changed are left out.

    Example:

      interestclock snapshots diff trainer/snapshots 00000001-full 00000007-delta
    """
    check_folder(folder, _NONE)
    from interestclock.snapshots import diff

    changes = diff(folder, first, second)
    if not changes:
        _out.print(f"nothing changed from {first} to {second}", highlight=False, soft_wrap=True)
        return
    table = Table("array", "rows", "came", "went", "changed", "largest change")
    for each in changes:
        largest = "" if each.largest is None else f"{each.largest:.3g}"
        counts = (f"{count:,}" for count in (each.rows, each.added, each.removed, each.changed))
        table.add_row(escape(each.name), *counts, largest)
    _out.print(table)


@snapshots_app.command("pin")
def pin_command(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="A snapshot's name, as list shows it.", show_default=False)],
) -> None:
    """Have servers answer with one snapshot, whatever the trainer writes, until 'release'.

    Servers take it the next time they look, also where their bounds of quality would refuse it. It is read
    first; the trainer keeps it, and those it goes on from.

    Example:

      interestclock snapshots pin trainer/snapshots 00000007-delta
    """
    check_folder(folder, _NONE)
    from interestclock.snapshots import pin

    pin(folder, name)
    _say_pinned(folder, name)


@snapshots_app.command("rollback")
def rollback_command(folder: Folder) -> None:
    """Pin the snapshot before the one that answers now; again for the one before that.

    Example:

      interestclock snapshots rollback trainer/snapshots
    """
    check_folder(folder, _NONE)
    from interestclock.snapshots import rollback

    name = rollback(folder)
    _say_pinned(folder, name)


@snapshots_app.command("release")
def release_command(folder: Folder) -> None:
    """Let the newest snapshot answer again.

    Example:

      interestclock snapshots release trainer/snapshots
    """
    check_folder(folder, _NONE)
    from interestclock.snapshots import release

    _say("the newest snapshot answers" if release(folder) else "none was pinned: the newest snapshot answers")


def _say_pinned(folder: Path, name: str) -> None:
    _say(f"{name} is pinned; 'interestclock snapshots release {folder}' lets the newest answer again")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
