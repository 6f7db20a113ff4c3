"""The options that name rankers: on the command line, or in a line-up file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interestclock.defaults import BASE, DEFAULT_RANKERS, PARTS
from interestclock.errors import ConfigError
from interestclock.plugins import look_in_current_folder
from interestclock.ranker_names import parts_of

if TYPE_CHECKING:
    from interestclock.ranking import RankerConfig
    from interestclock.studies import NamedRanker

__all__ = [
    "PARTS_IN_WORDS",
    "Lineup",
    "RankerName",
    "RankerNames",
    "check_ranker",
    "named_ranker",
    "named_rankers",
]

PARTS_IN_WORDS = (
    f"{BASE}, or parts joined by +, such as hour+gaussian, out of {', '.join(PARTS)} and clocks of your own, "
    "my_module:MyConfig"
)
RankerNames = Annotated[
    str | None,
    typer.Option(help=f"Comma-separated, each {PARTS_IN_WORDS}.", show_default=", ".join(DEFAULT_RANKERS)),
]
RankerName = Annotated[str, typer.Option(help=f"Which is trained: {PARTS_IN_WORDS}; or one of --lineup.")]
Lineup = Annotated[
    Path | None,
    typer.Option(
        help="TOML file of rankers whose parts have settings of their own (docs/compare.md shows one).",
        show_default=False,
    ),
]


def named_rankers(rankers: str | None, lineup: Path | None) -> tuple[str | NamedRanker, ...]:
    """The rankers of a comparison, refused before PyTorch is imported where they stand on the command line.

    Raises:
        ConfigError: both are given, or one of them names what is no ranker.
    """
    if lineup is None:
        names = DEFAULT_RANKERS if rankers is None else _split(rankers)
        look_in_current_folder(*(part for name in names for part in parts_of(name)))
        return names
    if rankers is not None:
        raise ConfigError(f"--rankers and --lineup {lineup} both name rankers; give one of them")
    return _read(lineup)


def check_ranker(name: str, lineup: Path | None) -> None:
    """Refuse what names no ranker before PyTorch is imported; names of a line-up file wait for it.

    Raises:
        ConfigError: it names several, or what is none.
    """
    if lineup is not None:
        return
    if "," in name:
        raise ConfigError(f"'{name}' names several rankers; a live trainer trains one")
    look_in_current_folder(*parts_of(name))


def named_ranker(name: str, lineup: Path | None) -> RankerConfig:
    """The ranker of a live trainer.

    Raises:
        ConfigError: there is none of that name.
    """
    from interestclock.studies.rankers import lineup as lineup_of

    rankers = lineup_of([name] if lineup is None else _read(lineup))
    if name not in rankers and lineup is not None:
        raise ConfigError(f"{lineup} has no ranker '{name}'; give --ranker one of {', '.join(rankers)}")
    (config,) = rankers.values() if lineup is None else (rankers[name],)
    return config


def _read(lineup: Path) -> tuple[NamedRanker, ...]:
    look_in_current_folder("any_module:Clock")  # which ones a file names is told once it is read
    from interestclock.studies.lineup_file import read_lineup

    return read_lineup(lineup)


def _split(rankers: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in rankers.split(",") if name.strip())
