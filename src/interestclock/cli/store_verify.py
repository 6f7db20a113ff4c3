"""The command that reads all of a store and says what is wrong with it."""

from __future__ import annotations

import typer
from rich.console import Console

from interestclock.cli.record_progress import record_progress
from interestclock.cli.store_argument import Store, check_store

__all__ = ["verify_command"]

_out = Console()
_SHOWN = 20


def verify_command(store: Store) -> None:
    """Read every record of a store, and hold it against what else the store says.

    Each user's behaviours and votes are whole, in order and nobody else's;
    items are found by their ids and have records; values and sets of values
    that are named are there. Says OK, or what is wrong, and ends with status
    1. It may run beside the updater: it reads one snapshot, and the file
    grows by what is written meanwhile. A number that is another than was
    written and could be right is not found: LMDB has no checksums. Backups
    have.

    Example:

      interestclock store verify store
    """
    check_store(store)
    from interestclock.store.open_store import store_folder
    from interestclock.store.verify import verify_store

    folder = store_folder(store)
    with record_progress(_out, "reading the store") as report:
        problems = verify_store(folder, report)
    for problem in problems[:_SHOWN]:
        _say(problem)
    if not problems:
        _say(f"{store}  OK")
        return
    if len(problems) > _SHOWN:
        _say(f"and {len(problems) - _SHOWN:,} more")
    _say(
        f"{store} is damaged: stop whoever writes it, remove {folder / 'features.lmdb'}, and let "
        "`features follow` go on: it writes the store anew from checkpoints/ and admitted/"
    )
    raise typer.Exit(1)


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
