"""Options of a command that reads what another process admitted: what is said there holds here."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import typer

from interestclock.errors import ConfigError

if TYPE_CHECKING:
    from interestclock.admission import AdmissionConfig
    from interestclock.relay import AdmittedSource

__all__ = ["admission_as_there", "check_options_as_there", "options_given"]

_OF_WHO_ADMITS = ("mapping", "layout", "items", "then", "then_from", "clock", "speed_up", "idle_seconds")
_SETTINGS = {
    "lateness_minutes": "lateness_ms",
    "label_wait_minutes": "label_wait_ms",
    "request_wait_minutes": "request_wait_ms",
    "ahead_minutes": "ahead_ms",
}


def options_given(context: typer.Context) -> frozenset[str]:
    """Names of the options that stand on the command line, whatever their values."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(
        name for name, source in sources.items() if source is not None and source.name != "DEFAULT"
    )


def check_options_as_there(source: str, given: Collection[str]) -> None:
    """Refuse options that are for whoever admitted to say.

    Args:
        source: the address, for the error. given: names of options on the command line.

    Raises:
        ConfigError: there is one.

    Example:
        >>> check_options_as_there("admitted://store", ["mapping", "seed"])
        Traceback (most recent call last):
        interestclock.errors.ConfigError: admitted://store: what was admitted says itself what ... --mapping
    """
    if refused := [name for name in _OF_WHO_ADMITS if name in given]:
        raise ConfigError(
            f"{source}: what was admitted says itself what it is, and for whom it was waited; leave out "
            + ", ".join(f"--{name.replace('_', '-')}" for name in refused)
        )


def admission_as_there(
    source: AdmittedSource, admission: AdmissionConfig, given: Collection[str]
) -> AdmissionConfig:
    """How a source was admitted, but for what is on the command line, which a trainer refuses if it differs.

    Args:
        admission: of all options. given: names of those that are on the command line.
    """
    from dataclasses import replace

    settings: dict[str, Any] = {
        setting: getattr(admission, setting) for name, setting in _SETTINGS.items() if name in given
    }
    return replace(source.admission, **settings)
