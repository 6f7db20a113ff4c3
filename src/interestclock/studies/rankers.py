"""The rankers a comparison knows by name: their clocks and peers, each with its own defaults."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import get_args

from interestclock.defaults import DEFAULT_RANKERS, RANKER_NAMES
from interestclock.errors import ConfigError
from interestclock.ranking import ClockConfig, GaussianConfig, RankerConfig

__all__ = ["DEFAULT_RANKERS", "RANKERS", "lineup"]

_BASE = "base"  # no clock at all

_CLOCKS = {clock.kind: clock for clock in get_args(ClockConfig)}

RANKERS: dict[str, tuple[ClockConfig, ...]] = {
    name: tuple(_CLOCKS[kind]() for kind in name.split("+") if kind != _BASE) for name in RANKER_NAMES
}


def lineup(names: Sequence[str], *, gaussian: GaussianConfig | None = None) -> dict[str, RankerConfig]:
    """The named rankers' configurations, in the order given.

    Args:
        names: out of ``RANKERS``. gaussian: settings of every Gaussian Clock among them.

    Raises:
        ConfigError: a name is unknown or given twice.

    Example:
        >>> list(lineup(["base", "gaussian"]))
        ['base', 'gaussian']
        >>> lineup(["gausian"])
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no ranker 'gausian' (did you mean gaussian?); there are base, ...
    """
    for name in names:
        if name not in RANKERS:
            close = difflib.get_close_matches(name, RANKERS, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise ConfigError(f"no ranker '{name}'{hint}; there are {', '.join(RANKERS)}")
    if len(set(names)) < len(names):
        raise ConfigError(f"a ranker is named twice in {', '.join(names)}; name each once")
    return {name: RankerConfig(clocks=tuple(_with(gaussian, c) for c in RANKERS[name])) for name in names}


def _with(gaussian: GaussianConfig | None, clock: ClockConfig) -> ClockConfig:
    return gaussian if gaussian is not None and isinstance(clock, GaussianConfig) else clock
