"""How many candidates stand beside each choice: options of every command that draws them."""

from __future__ import annotations

from typing import Annotated

import typer

from interestclock.defaults import CANDIDATES_BY_POPULARITY, CANDIDATES_FROM_OWN_PAST

__all__ = ["BY_POPULARITY", "FROM_OWN_PAST", "ByPopularity", "FromOwnPast"]

ByPopularity = Annotated[
    int,
    typer.Option(
        metavar="<int>", min=0, max=1_000, help="Candidates by popularity so far, beside each choice."
    ),
]
FromOwnPast = Annotated[
    int,
    typer.Option(metavar="<int>", min=0, max=1_000, help="Candidates from the user's own past, likewise."),
]
BY_POPULARITY, FROM_OWN_PAST = CANDIDATES_BY_POPULARITY, CANDIDATES_FROM_OWN_PAST
