"""The command that takes out of files what still names erased users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interestclock.errors import ConfigError

__all__ = ["erase_app"]

erase_app = typer.Typer(
    no_args_is_help=True,
    help="What is left of erased users. A message erases one: docs/operate.md says how.",
)
_out = Console()


@erase_app.callback()
def _group() -> None:
    """A group, of one command so far."""


@erase_app.command("finish")
def finish_command(
    folders: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of trainers, of stores that are kept current, of embedded logs.", show_default=False
        ),
    ],
) -> None:
    """Take out of files now what names erased users and would age out later.

    Of a trainer's folder and a store's: checkpoints and admitted messages before the newest checkpoint,
    snapshots, predictions and dead letters; the store is written anew. Of an embedded log: messages of erased
    users, and erasures that every follower has. Stop first what runs in them; a trainer or updater that was
    killed is started and stopped once before. It may be ended anywhere and started again.

    Example:

      interestclock erase finish trainer store events
    """
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{folder} is no folder; name that of a trainer, a store or an embedded log")
    from interestclock.erasing import finish

    for folder in folders:
        for line in finish(folder):
            _out.print(f"{folder}: {line}", highlight=False, markup=False, soft_wrap=True)
