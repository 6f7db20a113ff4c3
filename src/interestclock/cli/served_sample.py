"""The options of the service that keep features of a sample of requests, and what keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interestclock.errors import ConfigError

if TYPE_CHECKING:
    from interestclock.serving import SampledRequests

__all__ = ["SampleRequests", "Served", "check_sample", "sampled_by_ranker"]

SampleRequests = Annotated[
    float,
    typer.Option(
        metavar="<share>",
        min=0,
        max=1,
        help="Keep features of this share of requests, as they were served, in --served: `store skew` holds "
        "them against what was trained on.",
    ),
]
Served = Annotated[
    Path | None,
    typer.Option(
        help="Folder for --sample-requests, of this server alone; each of several rankers has one of its "
        "name in it.",
        show_default=False,
    ),
]


def check_sample(share: float, served: Path | None) -> None:
    """Refuse one of the two options without the other.

    Raises:
        ConfigError: there is a share and no folder, or a folder and no share.
    """
    if share and served is None:
        raise ConfigError(f"--sample-requests {share} has no folder; give --served FOLDER, too")
    if served is not None and not share:
        raise ConfigError(f"--served {served} keeps nothing; give --sample-requests SHARE, too")


def sampled_by_ranker(
    names: Sequence[str], *, share: float, served: Path | None, log: str | None
) -> Mapping[str, SampledRequests]:
    """What keeps each ranker's sample; nothing where none is kept.

    Args:
        names: of rankers. log: address that events are appended to; where an embedded one ends is kept, too.
    """
    if served is None:
        return {}
    from interestclock.serving import SampledRequests
    from interestclock.streams import embedded_log_ends
    from interestclock.streams.event_log import log_folder

    events = None if log is None else log_folder(log)
    ends = None if events is None else partial(embedded_log_ends, events)
    folders = {name: served if len(names) == 1 else served / name for name in names}
    return {name: SampledRequests(folder, share=share, log_ends=ends) for name, folder in folders.items()}
