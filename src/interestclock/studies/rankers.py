"""The rankers a comparison knows by name: one for each clock and baseline, and those of several."""

from __future__ import annotations

from collections.abc import Sequence

from interestclock.clocks import ClockConfig, GaussianConfig
from interestclock.defaults import DEFAULT_RANKERS, RANKER_NAMES
from interestclock.errors import ConfigError, check_names
from interestclock.ranker_names import check_ranker_name
from interestclock.ranking import RankerConfig, clock_named, describe_clock, is_ours
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS

__all__ = ["DEFAULT_RANKERS", "RANKERS", "lineup"]


RANKERS: dict[str, tuple[ClockConfig, ...]] = {
    name: tuple(CLOCKS_OF_OURS[kind]() for kind in name.split("+") if kind != "base") for name in RANKER_NAMES
}


def lineup(
    rankers: Sequence[str | ClockConfig], *, gaussian: GaussianConfig | None = None
) -> dict[str, RankerConfig]:
    """Rankers' configurations by name, in the order given.

    Args:
        rankers: names out of ``RANKERS``; ``package.module:Class`` of a clock of the user's own, which is
            imported; or a clock's configuration. The last two go by the clock's ``kind``.
        gaussian: settings of every Gaussian Clock among those named.

    Raises:
        ConfigError: a name is unknown or given twice; or a clock of the user's own is none, goes by a name
            out of ``RANKERS``, or could not be loaded again.

    Example:
        >>> from interestclock.clocks import LongTermConfig
        >>> list(lineup(["base", "gaussian", LongTermConfig(behaviours=50)]))
        ['base', 'gaussian', 'longterm']
        >>> lineup(["gausian"])
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no ranker 'gausian' (did you mean gaussian?); there are base, ...
    """
    check_names("rankers", rankers)
    named = [_named(each, gaussian) for each in rankers]
    _check_different(named)
    return dict(named)


def _check_different(named: Sequence[tuple[str, RankerConfig]]) -> None:
    before: dict[str, RankerConfig] = {}
    for name, config in named:
        if before.get(name) == config:
            names = ", ".join(name for name, _ in named)
            raise ConfigError(f"a ranker is named twice in {names}; name each once")
        if name in before:
            raise ConfigError(
                f"two different rankers call themselves '{name}', and results go by that name; give each "
                f'settings a kind of its own: a class that inherits, with kind: ClassVar[str] = "{name}-2"'
            )
        before[name] = config


def _named(ranker: str | ClockConfig, gaussian: GaussianConfig | None) -> tuple[str, RankerConfig]:
    if not isinstance(ranker, str):
        return _own(ranker)
    if ranker in RANKERS:
        return ranker, RankerConfig(clocks=tuple(_with(gaussian, clock) for clock in RANKERS[ranker]))
    check_ranker_name(ranker)
    return _own(clock_named(ranker))


def _own(clock: ClockConfig) -> tuple[str, RankerConfig]:
    """A clock by its configuration; what could not be saved after hours is refused now."""
    config = RankerConfig(clocks=(clock,))
    described = describe_clock(clock)
    if clock.kind in RANKERS and not is_ours(clock):
        raise ConfigError(
            f"{described['kind']} calls itself '{clock.kind}', as a ranker of this project is called; "
            "give it another kind"
        )
    return clock.kind, config


def _with(gaussian: GaussianConfig | None, clock: ClockConfig) -> ClockConfig:
    return gaussian if gaussian is not None and isinstance(clock, GaussianConfig) else clock
