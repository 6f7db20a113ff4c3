"""Which clock a saved name stands for: one of ours, or one that the caller allows to be imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from interestclock import defaults
from interestclock.clocks import (
    CLOCKS,
    ClockConfig,
    check_clock_config,
    clock_settings,
    clock_with,
    path_of,
)
from interestclock.errors import ConfigError, InterestClockError, ResultError, check_names
from interestclock.plugins import import_named, is_named, make_named
from interestclock.saved import made_of
from interestclock.sequences import BASELINES

__all__ = ["CLOCKS_OF_OURS", "clock_named", "describe_clock", "described_clock", "is_ours"]

CLOCKS_OF_OURS: dict[str, type[ClockConfig]] = dict(
    zip((*defaults.CLOCKS, *defaults.BASELINES), (*CLOCKS, *BASELINES), strict=True)
)


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
        {'kind': 'naive', 'population_votes': 0.0}
    """
    return {"kind": clock.kind if is_ours(clock) else path_of(clock), **clock_settings(clock)}


def described_clock(
    described: Any,
    *,
    allow: Collection[str] = (),
    where: str = "a description",
    remedy: str = "describe the clock anew",
) -> ClockConfig:
    """The configuration that ``describe_clock`` described.

    One of ours is made as all else that this package saves, checked key by key; what a clock of the user's
    own takes is its own matter.

    Args:
        described: out of a file. allow: ``package.module:Class`` of each clock that may be imported for it.
        where: it stands, for an error. remedy: what to do where it is damaged or of another version.

    Raises:
        ResultError: there is no such clock, it does not take these settings, or it is of a class outside this
            project that is not allowed.
        ConfigError: what stands under an allowed name is no clock's configuration, or does not take these
            settings (named, with the class); ``allow`` is text.

    Example:
        >>> described_clock({"kind": "gaussian", "sigma_hours": 2.0}).kind
        'gaussian'
        >>> described_clock({"kind": "os:system"})
        Traceback (most recent call last):
        interestclock.errors.ResultError: a description: a clock of it is 'os:system', code from outside ...
    """
    check_names("allow", allow)
    settings = dict(described) if isinstance(described, Mapping) else {}
    kind = settings.pop("kind", None)
    if isinstance(kind, str) and kind in CLOCKS_OF_OURS:
        return made_of(CLOCKS_OF_OURS[kind], settings, where=f"{where}, {kind}", remedy=remedy)
    if not (isinstance(kind, str) and is_named(kind)):
        known = ", ".join(CLOCKS_OF_OURS)
        raise ResultError(f"{where}: no clock is called {kind!r}; there are {known}; {remedy}")
    if kind not in allow:
        raise ResultError(
            f"{where}: a clock of it is '{kind}', code from outside this project that loading would run; if "
            f'you trust it, allow it by name: allow=("{kind}",)'
        )
    found = import_named(kind)
    if not isinstance(found, type):
        raise ConfigError(f"{kind} is {found!r}, no class of a clock's configuration")
    try:
        clock = clock_with(found, settings)
    except InterestClockError as error:
        raise ConfigError(
            f"{kind}: {error}; use the version of the class that was described, or describe the clock anew"
        ) from error
    check_clock_config(clock)
    return clock
