"""The command that converts a store of an older version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interestclock.cli.refusals import check_folder

__all__ = ["migrate_store_command"]

_out = Console()


def migrate_store_command(
    store: Annotated[
        Path, typer.Argument(help="What `features follow` was given as --store.", show_default=False)
    ],
) -> None:
    """Convert a store that an older version wrote, where it is, to go on in with the same command.

    Its updater must be stopped, and servers of the version that wrote it cannot read it any more. It is
    converted in one transaction: if that is stopped, the store is as it was.

    Example:

      interestclock store migrate store
    """
    check_folder(
        store, "holds no store; name the folder that `interestclock features follow` --store was given"
    )
    from interestclock.store.migrate import migrate_store
    from interestclock.store.records import FORMAT

    with _out.status("converting the store"):
        found = migrate_store(store)
    done = f"was of format {found}, and is of {FORMAT}" if found < FORMAT else f"is of format {found} already"
    _out.print(f"{store} {done}", highlight=False, markup=False, soft_wrap=True)
