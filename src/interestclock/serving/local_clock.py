"""What the clock on a user's wall says at a request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interestclock.errors import RequestError
from interestclock.serving.rank_request import RankRequest
from interestclock.state import FeatureView
from interestclock.timeofday import DAY_MS, day_of_week, seconds_of_day, zone_offset_minutes

__all__ = ["LocalTime", "local_time_of"]


@dataclass(frozen=True, kw_only=True)
class LocalTime:
    """Local time, and what told it.

    Args:
        second_of_day: 0..86399. day_of_week: 0 is Monday. utc_offset_minutes: minutes added to UTC.
        source: ``zone`` or ``utc_offset_minutes`` of the request, ``user's last zone``,
            ``user's last offset`` or ``default zone``.
    """

    second_of_day: int
    day_of_week: int
    utc_offset_minutes: int
    source: str


def local_time_of(
    request: RankRequest, view: FeatureView, user: int, *, default_zone: str | None
) -> LocalTime:
    """The clock on the wall of a request.

    The request's own zone or offset; else the user's last zone; else the user's last offset, if it is younger
    than a day; else the default.

    Args:
        user: slot of the view. default_zone: of the server; None has none.

    Raises:
        RequestError: nothing tells it.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import FeatureState, StateConfig
        >>> view = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
        >>> request = RankRequest(user="ann", items=["song"], at_ms=0, utc_offset_minutes=-300)
        >>> time = local_time_of(request, view, 0, default_zone=None)
        >>> time.second_of_day, time.day_of_week, time.source
        (68400, 2, 'utc_offset_minutes')
    """
    wall_ms = request.at_ms if request.wall_ms is None else request.wall_ms
    offset, source = _offset(request, view, user, wall_ms, default_zone)
    at, ahead = np.array([wall_ms]), offset
    if request.local_ms is not None:
        at, ahead = np.array([request.local_ms]), 0
    return LocalTime(
        second_of_day=int(seconds_of_day(at, ahead)[0]),
        day_of_week=int(day_of_week(at, ahead)[0]),
        utc_offset_minutes=offset,
        source=source,
    )


def _offset(
    request: RankRequest, view: FeatureView, user: int, wall_ms: int, default_zone: str | None
) -> tuple[int, str]:
    if request.utc_offset_minutes is not None:
        return request.utc_offset_minutes, "utc_offset_minutes"
    if request.zone is not None:
        return _in_zone(wall_ms, request.zone), "zone"
    zone, last = (view.last_zone(user), view.last_offset(user)) if user else (None, None)
    if zone is not None:
        return _in_zone(wall_ms, zone), "user's last zone"
    if last is not None and abs(request.at_ms - last[1]) < DAY_MS:
        return last[0], "user's last offset"
    if default_zone is not None:
        return _in_zone(wall_ms, default_zone), "default zone"
    raise RequestError(
        "nothing tells the user's local time: give zone or utc_offset_minutes with the request, or the "
        "server a default zone; the user has no last zone, and no offset younger than a day"
    )


def _in_zone(at_ms: int, zone: str) -> int:
    return int(zone_offset_minutes(np.array([at_ms]), zone)[0])
