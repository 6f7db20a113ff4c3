"""How the service, its store, the trainer and the updater are doing."""

from __future__ import annotations

from collections.abc import Mapping

from interestclock.client import Status, StoreStatus
from interestclock.errors import ResultError
from interestclock.operations import read_metrics
from interestclock.service.ranking_service import RankingService
from interestclock.store import StoreView

__all__ = ["status_page"]


def status_page(service: RankingService, metrics: Mapping[str, str]) -> Status:
    """Gather it; who does not answer is named.

    Args:
        metrics: addresses of metrics of ``trainer`` and ``updater``, as far as they are known.
    """
    at_ms = service.time.now_ms()
    scorers = {name: service.rankers.scorer(name) for name in service.rankers.names}
    pages: dict[str, dict[str, float]] = {}
    away: dict[str, str] = {}
    for who, url in metrics.items():
        try:
            pages[who] = read_metrics(url)
        except ResultError as error:
            away[who] = str(error)
    return Status(
        at_ms=at_ms,
        in_flight=service.in_flight.count,
        waiting_candidates=service.queue.waiting_candidates,
        versions={name: each.version for name, each in scorers.items()},
        refused={name: each.refused for name, each in scorers.items() if each.refused},
        behind_seconds={name: (at_ms - each.manifest.watermark_ms) / 1_000 for name, each in scorers.items()},
        store=_of_store(service, at_ms=at_ms),
        trainer=pages.get("trainer"),
        updater=pages.get("updater"),
        away=away,
    )


def _of_store(service: RankingService, *, at_ms: int) -> StoreStatus:
    try:
        with service.store.snapshot() as view:
            if isinstance(view, StoreView):
                return StoreStatus(
                    position=view.position,
                    watermark_ms=view.watermark_ms,
                    behind_seconds=(at_ms - view.watermark_ms) / 1_000,
                )
    except ResultError as error:
        return StoreStatus(away=str(error))
    return StoreStatus(away=service.store.was_away)
