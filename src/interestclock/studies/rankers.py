"""The rankers of a comparison: each the base model and any sum of parts, under one name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from interestclock.clocks import ClockConfig, GaussianConfig, check_clock_config
from interestclock.defaults import BASE, PARTS
from interestclock.errors import ConfigError, check_names, check_numbers
from interestclock.ranker_names import parts_of
from interestclock.ranking import RMS_LIMIT, RankerConfig, clock_named, describe_clock, is_ours
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS

__all__ = ["NamedRanker", "lineup"]

_NAME = re.compile(r"[^\W_][\w .+-]*")
_LONGEST_NAME = 100  # it becomes the name of files


@dataclass(frozen=True, kw_only=True)
class NamedRanker:
    """A ranker under a name of its own, such as one of several variants.

    Args:
        name: results and files go by it: letters, digits, blanks and ``_ . + -``.
        clocks: its parts; none is the base model alone. rms_limit: as of ``RankerConfig``.

    Raises:
        ConfigError: the name is none, or says other parts; a part is no ``ClockConfig``, or the limit not
            positive.

    Example:
        >>> from interestclock.clocks import TimeEncodingConfig
        >>> sharp = NamedRanker(name="sharp", clocks=(TimeEncodingConfig(), GaussianConfig(sigma_hours=0.5)))
        >>> list(lineup(["hour", sharp, "hour+gaussian"]))
        ['hour', 'sharp', 'hour+gaussian']
    """

    name: str
    clocks: tuple[ClockConfig, ...] = ()
    rms_limit: float | None = RMS_LIMIT

    def __post_init__(self) -> None:
        check_numbers(self)
        if not isinstance(self.name, str):
            raise ConfigError(f"a ranker's name is {self.name!r}; give text")
        if not isinstance(self.clocks, list | tuple):
            raise ConfigError(f"{self.name}: clocks is {self.clocks!r}; give a tuple of them")
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ConfigError(
                f"a ranker is called '{self.name[:_LONGEST_NAME]}', which becomes the name of files; give at "
                f"most {_LONGEST_NAME} letters, digits, blanks and _ . + -, a letter or digit first"
            )
        self.ranker_config()
        kinds = "+".join(clock.kind for clock in self.clocks) or BASE
        if kinds != self.name and all(part in (BASE, *PARTS) for part in self.name.split("+")):
            raise ConfigError(
                f"a ranker is called '{self.name}' and is {kinds}; give it a name that is not of other parts"
            )

    def ranker_config(self) -> RankerConfig:
        """What it is built from."""
        return RankerConfig(clocks=self.clocks, rms_limit=self.rms_limit)


def lineup(
    rankers: Sequence[str | ClockConfig | NamedRanker], *, gaussian: GaussianConfig | None = None
) -> dict[str, RankerConfig]:
    """Rankers' configurations by name, in the order given.

    Args:
        rankers: ``base``, or parts joined by ``+``: clocks and baselines of this project, and
            ``package.module:Class`` of clocks of the user's own, which are imported; a clock's configuration;
            or a ``NamedRanker``. A clock of the user's own goes by its ``kind``.
        gaussian: settings of every Gaussian Clock that is named.

    Raises:
        ConfigError: a name is unknown or given twice; or a clock of the user's own is none, goes by a name
            of this project, or could not be loaded again.

    Example:
        >>> from interestclock.clocks import LongTermConfig
        >>> list(lineup(["base", "hour+gaussian", LongTermConfig(behaviours=50)]))
        ['base', 'hour+gaussian', 'longterm']
        >>> lineup(["gausian"])
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no ranker 'gausian' (did you mean gaussian?); there are base, ...
    """
    check_names("rankers", rankers)
    named = [_named(each, gaussian) for each in rankers]
    _check_different(named)
    return {each.name: each.ranker_config() for each in named}


def _named(ranker: str | ClockConfig | NamedRanker, gaussian: GaussianConfig | None) -> NamedRanker:
    if isinstance(ranker, NamedRanker):
        for clock in ranker.clocks:
            _check_own(clock)
        return ranker
    clocks = _clocks(ranker, gaussian) if isinstance(ranker, str) else (ranker,)
    for clock in clocks:
        check_clock_config(clock)
        _check_own(clock)
    return NamedRanker(name="+".join(clock.kind for clock in clocks) or BASE, clocks=clocks)


def _clocks(name: str, gaussian: GaussianConfig | None) -> tuple[ClockConfig, ...]:
    return tuple(
        gaussian if part == GaussianConfig.kind and gaussian is not None else _clock(part)
        for part in parts_of(name)
    )


def _clock(part: str) -> ClockConfig:
    return CLOCKS_OF_OURS[part]() if part in PARTS else clock_named(part)


def _check_own(clock: ClockConfig) -> None:
    """What could not be saved after hours is refused now."""
    described = describe_clock(clock)
    if clock.kind in (BASE, *PARTS) and not is_ours(clock):
        raise ConfigError(
            f"{described['kind']} calls itself '{clock.kind}', as a ranker of this project is called; "
            "give it another kind"
        )


def _check_different(named: Sequence[NamedRanker]) -> None:
    before: dict[str, NamedRanker] = {}
    for ranker in named:
        if before.get(ranker.name) == ranker:
            names = ", ".join(each.name for each in named)
            raise ConfigError(f"a ranker is named twice in {names}; name each once")
        if ranker.name in before:
            raise ConfigError(
                f"two different rankers call themselves '{ranker.name}', and results go by that name; give "
                "each a name of its own: a table of its own in a line-up file, or in Python "
                f'NamedRanker(name="{ranker.name}-2", clocks=...)'
            )
        before[ranker.name] = ranker
    _check_differences(list(before))


def _check_differences(names: Sequence[str]) -> None:
    """Results call what one ranker is above another A-B; no two of these may be called alike."""
    pairs: dict[str, tuple[str, str]] = {}
    for one, other in itertools.permutations(names, 2):
        pair = f"{one}-{other}"
        first, second = pairs.setdefault(pair, (one, other))
        if first != one:
            raise ConfigError(
                f"results name differences A-B, and '{pair}' would be '{one}' minus '{other}' and '{first}' "
                f"minus '{second}'; give one of these rankers a name without a hyphen"
            )
