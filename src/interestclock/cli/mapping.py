"""The command that makes a mapping to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interestclock.cli.refusals import check_logs

__all__ = ["mapping_app"]

mapping_app = typer.Typer(no_args_is_help=True, help="What the columns of a log mean.")


@mapping_app.callback()
def _mapping() -> None:
    """What the columns of a log mean."""


@mapping_app.command("guess")
def guess_command(
    log: Annotated[
        list[Path],
        typer.Argument(
            help="A Parquet, Feather, CSV or TSV file, several, or a folder of them.", show_default=False
        ),
    ],
) -> None:
    """Show what a log's columns look like, and a mapping file to start from.

    What could not be told stands in its comments; a zone is never guessed. Write it to a file and complete
    it: interestclock mapping guess plays.csv > plays.toml
    """
    check_logs(log)
    from interestclock.events import guess_mapping

    typer.echo(guess_mapping(log).toml, nl=False)
