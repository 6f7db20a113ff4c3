"""An answer as a ``served`` message of the log."""

from __future__ import annotations

import msgspec

from interestclock.client import Rank, Ranked
from interestclock.events.message_models import Served, ServedItem

__all__ = ["served_message_of"]

_DIGITS = 8  # of a score, which is made of float32: seven


def served_message_of(call: Rank, answer: Ranked) -> bytes:
    """What exposures of an answer refer to.

    Its local time is told by the zone that the request gave, or by the offset that was given or found. Where
    the request moved the clock on the wall, that is not in it: exposures happen at their own time. Of an item
    that stands in it twice, the first place counts.

    Args:
        call: what was answered.

    Raises:
        ValueError: no message can say it; with the reason that a reader would give.

    Example:
        >>> from interestclock.client import RankedItem, WallClock
        >>> clock = WallClock(second_of_day=3_600, day_of_week=3, utc_offset_minutes=60, source="zone")
        >>> answer = Ranked(request_id="r1", at_ms=0, ranker="small", version="00000001-full",
        ...     local_time=clock, weights={"finish": 1.0}, known_behaviours=0,
        ...     items=[RankedItem(item="a", score=0.123456789, probabilities={"finish": 0.123456789})])
        >>> message = served_message_of(Rank(user="ann", candidates=["a"], zone="Europe/Berlin"), answer)
        >>> print(message.decode())
        {"served":"r1","user_id":"ann","timestamp_ms":0,"zone":"Europe/Berlin","ranker":"small",...}
    """
    of_zone = answer.local_time.source == "zone"
    first_places = {str(each.item): each for each in reversed(answer.items)}
    return msgspec.json.encode(
        Served(
            served=answer.request_id,
            user_id=call.user,
            timestamp_ms=answer.at_ms,
            zone=call.zone if of_zone else None,
            utc_offset_minutes=None if of_zone else answer.local_time.utc_offset_minutes,
            arm=answer.arm,
            ranker=answer.ranker,
            version=answer.version,
            admitted_offset=answer.admitted_offset,
            items=[
                ServedItem(
                    item_id=each.item, score=float(f"{each.score:.{_DIGITS}g}"), propensity=each.propensity
                )
                for each in reversed(first_places.values())
            ],
        )
    )
