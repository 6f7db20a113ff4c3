"""What commands that follow a stream make of their options: the source, and how it is admitted."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interestclock.cli.admitted_options import admission_as_there, check_options_as_there
from interestclock.errors import ConfigError

if TYPE_CHECKING:
    from interestclock.admission import AdmissionConfig
    from interestclock.relay import AdmittedSource
    from interestclock.streams import LiveSource, Source

__all__ = [
    "admission_config",
    "default_lateness_minutes",
    "minutes_ms",
    "moment_ms",
    "open_if_admitted",
    "open_source",
    "then_from_ms",
]


def open_source(
    source: str,
    *,
    then: str | None,
    from_ms: int | None,
    mapping: Path | None,
    layout: str | None,
    items: Path | None,
    group: str,
    clock: Path | None,
    speed_up: float | None,
    label_wait_ms: int,
    dead_letters: Path,
) -> LiveSource:
    """A source by its name, and, with ``then``, a stream behind it; as ``open_live`` and ``open_hybrid``.

    Args:
        clock: the file that says what time it is; None: it is the wall's.
    """
    from interestclock.streams import open_hybrid, open_live
    from interestclock.timeofday import read_clock

    opens = open_live if then is None else partial(open_hybrid, stream=then, from_ms=from_ms)
    return opens(
        source,
        mapping=mapping,
        layout=layout,
        items=items,
        group=group,
        clock=None if clock is None else read_clock(clock),
        speed_up=speed_up,
        label_wait_ms=label_wait_ms,
        dead_letters=dead_letters,
    )


def open_if_admitted(source: str, *, group: str, given: Collection[str]) -> AdmittedSource | None:
    """What another process admitted, by its address; None where the source is another.

    Args:
        given: names of the options that are on the command line.
    """
    from interestclock.relay import is_admitted, open_admitted

    if not is_admitted(source):
        return None
    check_options_as_there(source, given)
    return open_admitted(source, group=group)


def admission_config(
    source: Source,
    *,
    lateness_minutes: float | None,
    label_wait_ms: int,
    request_wait_minutes: float,
    ahead_minutes: float,
    archive_first: bool,
    from_ms: int | None,
    given: Collection[str] = (),
) -> AdmissionConfig:
    """How long a source is waited for; a lateness of None is that of its kind.

    Args:
        given: names of the options that are on the command line; of what another process admitted, the
            others are as they are there.
    """
    from interestclock.admission import AdmissionConfig
    from interestclock.relay import AdmittedSource

    if lateness_minutes is None:
        lateness_minutes = default_lateness_minutes(source)
    config = AdmissionConfig(
        lateness_ms=minutes_ms("lateness-minutes", lateness_minutes),
        label_wait_ms=label_wait_ms,
        request_wait_ms=minutes_ms("request-wait-minutes", request_wait_minutes),
        ahead_ms=minutes_ms("ahead-minutes", ahead_minutes),
        archive_first=archive_first,
        then_from_ms=from_ms,
    )
    return admission_as_there(source, config, given) if isinstance(source, AdmittedSource) else config


def default_lateness_minutes(source: Source) -> float:
    """A minute for a stream; none for a log, which is in the order of its events.

    Messages of servers and phones pass each other on their way: without lateness half of them would be late
    (``docs/decisions/0011-watermarks.md`` has the figures).
    """
    return 0.0 if source.clock is None else 1.0


def minutes_ms(option: str, minutes: float) -> int:
    """Milliseconds of an option in minutes.

    Raises:
        ConfigError: it is no number.

    Example:
        >>> minutes_ms("lateness-minutes", 1.5)
        90000
    """
    if not math.isfinite(minutes):
        raise ConfigError(f"--{option} is {minutes}; give a number of minutes")
    return round(minutes * 60_000)


def then_from_ms(text: str | None, *, then: str | None) -> int | None:
    """UTC milliseconds of --then-from, where it is given.

    Raises:
        ConfigError: it stands without --then, or is no date and time.

    Example:
        >>> then_from_ms("1970-01-01T00:01:00Z", then="log://events"), then_from_ms(None, then=None)
        (60000, None)
    """
    if text is None:
        return None
    moment = moment_ms(text)
    if then is None:
        raise ConfigError("--then-from goes with --then; leave it out")
    return moment


def moment_ms(text: str, *, option: str = "then-from") -> int:
    """UTC milliseconds of an option's time; one without its offset could be anyone's.

    Args:
        option: as it is written, without its dashes.

    Raises:
        ConfigError: it is no date and time, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"--{option} is '{text}'; give a date and time with Z or an offset, such as 2026-03-01T00:00:00Z"
        )
    return round(moment.timestamp() * 1_000)
