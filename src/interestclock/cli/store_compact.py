"""The command that gives a store's free pages back."""

from __future__ import annotations

from rich.console import Console

from interestclock.cli.store_argument import Store, check_store

__all__ = ["compact_command"]

_out = Console()


def compact_command(store: Store) -> None:
    """Write a store anew without the pages that nobody needs any more.

    The file of a store only grows; 'store stats' says how much of it is free
    to be written to again. The updater has to be stopped, and goes on with
    the command that it was started with. It takes as much room beside the
    store as what is in use. Servers that have the store open finish the
    requests they are at; then they are told to open it again.

    Example:

      interestclock store compact store
    """
    check_store(store)
    from interestclock.store.compact import compact
    from interestclock.store.open_store import store_folder

    folder = store_folder(store)
    with _out.status("copying the store"):
        before, after = compact(folder)
    _say(f"{store}: {before:,} bytes before, {after:,} after")
    _say("processes that had it open have to open it again")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
