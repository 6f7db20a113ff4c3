"""Which clock a saved name stands for: one of ours, or one that the caller allows to be imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from interestclock.clocks import (
    CLOCKS,
    ClockConfig,
    check_clock_config,
    clock_settings,
    clock_with,
    path_of,
)
from interestclock.errors import ConfigError, ResultError
from interestclock.plugins import import_named, is_named, make_named
from interestclock.sequences import BASELINES

__all__ = ["CLOCKS_OF_OURS", "clock_named", "describe_clock", "described_clock", "is_ours"]

CLOCKS_OF_OURS: dict[str, type[ClockConfig]] = {kind().kind: kind for kind in (*CLOCKS, *BASELINES)}


def is_ours(clock: ClockConfig) -> bool:
    """Whether a configuration is of a clock or a baseline of this project.

    Example:
        >>> is_ours(CLOCKS[0]())
        True
    """
    return CLOCKS_OF_OURS.get(clock.kind) is type(clock)


def clock_named(name: str) -> ClockConfig:
    """The configuration that ``package.module:Name`` gives without arguments; the module is imported.

    Raises:
        ConfigError: there is none of that name, or it is no clock's configuration.

    Example:
        >>> clock_named("interestclock.clocks:GaussianConfig").kind
        'gaussian'
    """
    clock: ClockConfig = make_named(name)
    check_clock_config(clock)
    return clock


def describe_clock(clock: ClockConfig) -> dict[str, Any]:
    """What a clock is saved as: ``kind`` (``package.module:Class`` outside this project) and its settings.

    Raises:
        ConfigError: JSON cannot hold its settings, or its class cannot be imported again.

    Example:
        >>> describe_clock(clock_named("interestclock.clocks:NaiveConfig"))
        {'kind': 'naive'}
    """
    return {"kind": clock.kind if is_ours(clock) else path_of(clock), **clock_settings(clock)}


def described_clock(described: Mapping[str, Any], *, allow: Collection[str] = ()) -> ClockConfig:
    """The configuration that ``describe_clock`` described.

    Args:
        described: out of a file. allow: ``package.module:Class`` of each clock that may be imported for it.

    Raises:
        ResultError: it is of a class outside this project that is not allowed.
        ConfigError: no such clock, or it does not take these settings.

    Example:
        >>> described_clock({"kind": "gaussian", "sigma_hours": 2.0}).kind
        'gaussian'
        >>> described_clock({"kind": "os:system"})
        Traceback (most recent call last):
        interestclock.errors.ResultError: a clock of it is 'os:system', code from outside this project ...
    """
    kind = described["kind"]
    settings = {name: value for name, value in described.items() if name != "kind"}
    if kind in CLOCKS_OF_OURS:
        return clock_with(CLOCKS_OF_OURS[kind], settings)
    if not is_named(kind):
        raise ConfigError(f"there is no clock '{kind}'; there are {', '.join(CLOCKS_OF_OURS)}")
    if kind not in allow:
        raise ResultError(
            f"a clock of it is '{kind}', code from outside this project that loading would run; if you "
            f'trust it, allow it by name: allow=("{kind}",)'
        )
    found = import_named(kind)
    if not isinstance(found, type):
        raise ConfigError(f"{kind} is {found!r}, no class of a clock's configuration")
    clock = clock_with(found, settings)
    check_clock_config(clock)
    return clock
