"""The commands about stores."""

from __future__ import annotations

import typer

from interestclock.cli.store_migrate import migrate_store_command

__all__ = ["store_app"]

store_app = typer.Typer(no_args_is_help=True, help="A store of features that 'features follow' keeps.")


@store_app.callback()
def _of_several() -> None:
    """A group, however few commands it has."""


store_app.command("migrate")(migrate_store_command)
