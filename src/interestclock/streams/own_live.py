"""A stream, or a log to replay, that the user's own code reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from interestclock.errors import ConfigError
from interestclock.events.own_source import LOG_METHODS, OwnSource, check_methods
from interestclock.plugins import make_named
from interestclock.streams.micro_batch import LiveSource
from interestclock.streams.replay import ReplaySource

__all__ = ["open_own_live"]

_LIVE = (
    "schema",
    "name",
    "clock",
    "ended",
    "items",
    "partitions",
    "at_end",
    "start_after",
    "poll",
    "acknowledge",
    "close",
)


def open_own_live(
    name: str, *, speed_up: float | None = None, described: Sequence[object] = ()
) -> LiveSource:
    """The source that ``package.module:Name`` gives, a class or a function without arguments.

    An ``EventSource`` is replayed; anything else must be a ``LiveSource``.

    Args:
        name: the module is imported. speed_up: of a replay.
        described: what else was given to describe it; each has to be None, for it describes itself.

    Raises:
        ConfigError: there is none of that name, it lacks a part of its protocol, which is named, or an option
            does not go with it.

    Example:
        >>> open_own_live("collections:OrderedDict")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: collections:OrderedDict is no live source: it has no 'schema'; ...
    """
    if any(each is not None for each in described):
        raise ConfigError(
            f"{name} is a source of your own, which says itself what its columns mean; leave out --mapping, "
            "--layout and --items"
        )
    source = make_named(name)
    if hasattr(source, "chunks"):
        check_methods(source, LOG_METHODS, name=name, kind="event source")
        return ReplaySource(OwnSource(source, name=name), speed_up=speed_up)
    if speed_up is not None:
        raise ConfigError(f"{name} is no log, and a speed is for logs; leave out --speed-up")
    check_methods(source, _LIVE, name=name, kind="live source")
    return cast(LiveSource, source)
