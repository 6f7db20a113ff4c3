"""What a store knows of a user, as answers."""

from __future__ import annotations

from interestclock.client import PastBehaviour, UserClock, UserHistory
from interestclock.client.fields import ID_BYTES
from interestclock.service.problems import ProblemError
from interestclock.service.ranking_service import RankingService
from interestclock.store import StoreView
from interestclock.store.user_page import UnknownUserError, UserPage, user_page

__all__ = ["clock_of", "history_of", "page_of"]


def page_of(service: RankingService, user: str, *, last: int) -> UserPage:
    """Look a user up, as of now.

    Args:
        user: id as text. last: behaviours, at most.

    Raises:
        ProblemError: the user is not known (404), or the store is away (503).
    """
    if len(user.encode()) > ID_BYTES:
        raise ProblemError(404, f"user ids have at most {ID_BYTES} bytes; ask for another")
    with service.store.snapshot() as view:
        if not isinstance(view, StoreView):
            raise ProblemError(
                503,
                f"the store is away: {service.store.was_away}",
                retry_seconds=service.config.retry_seconds,
            )
        at_ms = max(service.time.now_ms(), view.complete_from_ms)
        try:
            return user_page(view, user, at_ms=at_ms, last=last)
        except UnknownUserError as error:
            raise ProblemError(404, str(error)) from error


def clock_of(page: UserPage) -> UserClock:
    """The hours of a user's day."""
    return UserClock(
        user=page.user,
        at_ms=page.at_ms,
        seen_ms=page.seen_ms,
        utc_offset_minutes=page.utc_offset_minutes,
        zone=page.zone,
        by_hour=list(page.by_hour),
        profile={name: [list(each) for each in best_H] for name, best_H in page.profile.items()},
    )


def history_of(page: UserPage) -> UserHistory:
    """A user's newest behaviours."""
    behaviours = [
        PastBehaviour(
            timestamp_ms=each.timestamp_ms,
            utc_offset_minutes=each.utc_offset_minutes,
            item=each.item,
            values=each.values,
        )
        for each in page.last
    ]
    return UserHistory(
        user=page.user, at_ms=page.at_ms, known=page.known, kept=page.kept, behaviours=behaviours
    )
