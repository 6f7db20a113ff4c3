"""The argument that says which store is meant, the same for every command about stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interestclock.cli.refusals import check_folder

__all__ = ["Store", "check_store"]

Store = Annotated[
    str,
    typer.Argument(help="What `features follow` was given as --store: a folder.", show_default=False),
]


def check_store(store: str) -> None:
    """Refuse a store that is not there, before anything that takes long to import is.

    Args:
        store: as it was given.

    Raises:
        ResultError: it is not there.

    Example:
        >>> check_store("nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store; name the folder that ... --store was given
    """
    check_folder(
        Path(store), "holds no store; name the folder that `interestclock features follow` --store was given"
    )
