"""The commands that copy a store while it is kept current, and make a store of a copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.refusals import check_folder
from interestclock.cli.store_argument import Store, check_store
from interestclock.files import check_new

if TYPE_CHECKING:
    from interestclock.updater.backup_manifest import BackupManifest

__all__ = ["backup_command", "restore_command"]

_out = Console()
_ANOTHER = "give another folder"


def backup_command(
    store: Store,
    to: Annotated[Path, typer.Argument(help="Folder to write; must not exist yet.", show_default=False)],
) -> None:
    """Copy a store while it is kept current: all that 'features follow' goes on from.

    It has the features, the newest checkpoint, what was admitted behind it,
    and its settings; as of one moment, as if the updater had been killed
    then. It gets its name once it is whole and on the disk, with a checksum
    of each file. What came behind it is asked of the source again: back up
    more often than the source forgets.

    Example:

      interestclock store backup store store-2026-03-01
    """
    check_store(store)
    check_new(to, remedy=_ANOTHER)
    from interestclock.updater.backup import backup

    with _out.status("copying the store"):
        made = backup(store, to)
    _say_parts(made, to)


def restore_command(
    backup: Annotated[Path, typer.Argument(help="What 'store backup' wrote.", show_default=False)],
    to: Annotated[
        Path, typer.Argument(help="Folder to write; must be empty or not exist.", show_default=False)
    ],
) -> None:
    """Make a store of a backup, every file held against its checksum.

    Servers can read it at once, as of then. The command that the store was
    kept current with goes on in it: it asks the source for what came since,
    and ends where the one that was backed up would have ended, to the bit.

    Example:

      interestclock store restore store-2026-03-01 store
    """
    check_folder(backup, "is no backup of a store; name another")
    from interestclock.updater.restore import restore

    with _out.status("copying the backup"):
        made = restore(backup, to)
    _say_parts(made, to)
    _say(f"go on with: interestclock features follow ... --store {to}")


def _say_parts(made: BackupManifest, folder: Path) -> None:
    for part, size in made.bytes_by_part().items():
        _say(f"{part}: {size:,} bytes")
    total = sum(made.bytes_by_part().values())
    checkpoint = f"its checkpoint at {made.checkpoint:,}" if made.checkpoint else "no checkpoint yet"
    _say(f"{folder}: {total:,} bytes, the store at entry {made.position:,}, {checkpoint}")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
