"""A scorer that goes on without histories where its store goes away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.service.reopened_store import ReopenedStore
from interestclock.serving import QualityGate, RankRequest, Scored, Scorer

__all__ = ["SteadyScorer"]


class SteadyScorer(Scorer):
    """A ``Scorer`` on a ``ReopenedStore``: what fails with the store is scored again without it.

    Args:
        store: that may go away. snapshots, allow, default_zone, gate: as ``Scorer`` has them.

    Raises:
        ResultError: as ``Scorer``.

    Example: see ``RankingService``.
    """

    def __init__(
        self,
        store: ReopenedStore,
        snapshots: str | Path,
        *,
        allow: Collection[str] = (),
        default_zone: str | None = None,
        gate: QualityGate | None = None,
    ) -> None:
        super().__init__(store, snapshots, allow=allow, default_zone=default_zone, gate=gate)
        self._reopened = store

    def score(self, requests: Sequence[RankRequest]) -> list[Scored]:
        """As ``Scorer`` has it; while the store is away, users are scored as unknown."""
        try:
            return super().score(requests)
        except ResultError:
            if self._reopened.away is None:
                raise
            return super().score(requests)
