"""A few requests before the first one that somebody waits for."""

from __future__ import annotations

import logging

from interestclock.serving.rank_request import RankRequest
from interestclock.serving.rankers import Rankers

__all__ = ["warm_up"]

_USERS, _ITEMS = 3, 50
_log = logging.getLogger("interestclock.serving")


def warm_up(rankers: Rankers, *, at_ms: int) -> None:
    """Score users and items that the snapshots know: loops are compiled, tables read, before anyone waits.

    A ranker that cannot score them, such as one whose store is away, is named in a warning.

    Args:
        at_ms: now, UTC milliseconds.

    Example: see ``RankingService``, which does it once when it is entered.
    """
    for name in rankers.names:
        scorer = rankers.scorer(name)
        items = scorer.known("item", most=_ITEMS)
        requests = [
            RankRequest(user=user, items=items, at_ms=at_ms, utc_offset_minutes=0)
            for user in scorer.known("user", most=_USERS)
            if items
        ]
        try:
            scorer.score(requests)
        except Exception:  # whatever it is, those who ask are told; this is only to be quick for them
            _log.warning("ranker %s is not warm, its first answers will be late", name, exc_info=True)
