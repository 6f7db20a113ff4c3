"""How many candidates stand beside each choice, and from where: options of every command that draws them."""

from __future__ import annotations

from typing import Annotated

import typer

from interestclock.defaults import CANDIDATES_BY_POPULARITY, CANDIDATES_FROM_OWN_PAST, OWN_PASTS

__all__ = [
    "BY_POPULARITY",
    "FROM_OWN_PAST",
    "OWN_PAST",
    "ByPopularity",
    "FromOwnPast",
    "OwnPast",
    "RankChoices",
]

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
OwnPast = Annotated[
    str, typer.Option(help=f"How they are drawn from it: {', '.join(OWN_PASTS)} (the newest more often).")
]
RankChoices = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        min=0,
        help="In a log of choices, rank so many (2000, say) of the validation and of the test part among 199 "
        "candidates each, for hit@10; in every run 200 predictions more for each.",
    ),
]
BY_POPULARITY, FROM_OWN_PAST, OWN_PAST = CANDIDATES_BY_POPULARITY, CANDIDATES_FROM_OWN_PAST, OWN_PASTS[0]
